"""Whether a pane may be typed into now, and what is in the way when it may not."""

from __future__ import annotations

import asyncio
import re
from enum import StrEnum
from typing import TYPE_CHECKING

from quarterdeck.core.screen_rules import is_prompt, last_line
from quarterdeck.ports.agent import BoxState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quarterdeck.operations.pane_view import PaneView, TargetPane
    from quarterdeck.ports.clock import Clock

TYPED_WITHIN = 4.0
"""Seconds after a human's last key in which nothing is typed between their letters; tmux counts whole seconds."""
YOUNG = 60.0
"""Seconds after its start in which an agent that is not there yet may still be coming."""
STARTING_PATIENCE = 20.0
GAP = 0.06
"""Seconds between two looks that must agree."""
GAP_AT_START = 0.4
NEWBORN = 12.0
"""Seconds after its start in which an agent's screen must stand still before it is believed."""
_SHELL_DRAFT = re.compile(r"^(?P<prompt>\S.{0,200}?[$#%❯➜λ»]) +\S")


class Hurdle(StrEnum):
    """What is in the way."""

    GONE = "gone"
    ELSEWHERE = "elsewhere"
    """The agent this is for does not run in the pane."""
    COVERED = "covered"
    ASKS = "asks"
    DRAFT = "draft"
    TYPING = "typing"


PATIENCE: Mapping[Hurdle, float] = {Hurdle.COVERED: 3.0, Hurdle.ELSEWHERE: 1.0}
"""Seconds it may take to go away by itself; nothing is waited for that depends on a human."""

WORDS: Mapping[Hurdle, str] = {
    Hurdle.GONE: "its pane is gone",
    Hurdle.ELSEWHERE: "no agent runs there now",
    Hurdle.COVERED: "its input line is not visible",
    Hurdle.ASKS: "it asks something",
    Hurdle.DRAFT: "something else has been typed there and not submitted",
    Hurdle.TYPING: "somebody types there",
}


def hurdle(view: PaneView, *, wants_agent: bool, now: float) -> Hurdle | None:
    """What keeps a message from being typed now; None = nothing."""
    if view.pane is None:
        return Hurdle.GONE
    if view.agent is None:
        if wants_agent:
            return Hurdle.ELSEWHERE
        if view.pane.alternate:
            return Hurdle.COVERED
    if view.question is not None:
        return Hurdle.ASKS
    if view.box.state is BoxState.COVERED:
        return Hurdle.COVERED
    if view.box.text or (view.agent is None and shell_draft(view.screen)):
        return Hurdle.DRAFT
    return Hurdle.TYPING if now - view.typed_at < TYPED_WITHIN else None


def shell_draft(screen: str) -> bool:
    """Whether a command stands at a shell's prompt and has not been run, as far as prompts can be told."""
    line = last_line(screen)
    found = _SHELL_DRAFT.match(line)
    return bool(found) and not is_prompt(line) and is_prompt(found["prompt"]) if found else False


async def until_ready(
    target: TargetPane, clock: Clock, *, wants_agent: bool, age: float
) -> tuple[PaneView, Hurdle | None]:
    """Look until two looks agree; what is only starting, or covered for a moment, is waited for."""
    began = clock.monotonic()
    is_young = age < YOUNG
    before: tuple[object, ...] | None = None
    while True:
        view = await target.look()
        found = hurdle(view, wants_agent=wants_agent, now=clock.now().timestamp())
        waited = clock.monotonic() - began
        is_newborn = age + waited < NEWBORN and not view.works
        seen = (found, view.box, view.screen if view.box.state is BoxState.UNKNOWN or is_newborn else "")
        patience = STARTING_PATIENCE if is_young else PATIENCE.get(found, 0.0) if found else 0.0
        can_pass = found in PATIENCE and waited < patience
        # A screen that never stands still must not be waited for without end.
        if (seen == before or waited > max(patience, PATIENCE[Hurdle.COVERED])) and not can_pass:
            return view, found
        before = seen
        await asyncio.sleep(GAP_AT_START if is_newborn else GAP)
