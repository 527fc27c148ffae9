"""Which subagents and background commands have begun and not ended, as the rows of a transcript tell it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from quarterdeck.agents.gist import SHELL_TOOLS, command_of
from quarterdeck.core.foreign_json import text_at
from quarterdeck.core.pane import PaneId
from quarterdeck.core.redact import redact
from quarterdeck.core.subagent import MOST_SUBAGENTS, Subagent
from quarterdeck.core.text import clean
from quarterdeck.values import replace

if TYPE_CHECKING:
    from datetime import datetime

    from quarterdeck.core.foreign_json import Json

SUBAGENT_NAME_LENGTH = 40
SUBAGENT_THOUGHT_LENGTH = 160
READ_LENGTH = 2_000
"""Characters looked at; a secret that the cut would halve is masked before."""
SHELL_NAME = "shell"
NAMELESS = "agent"
CALLS_KEPT = 200
"""Tool calls that may yet turn out to go on in the background."""
TASK_TOOLS = frozenset({"Agent", "Task", "task", "spawn_agent"})
"""Tools that start a subagent, and have no result while it works unless they say that it goes on."""
_NAME_KEYS = ("name", "task_name", "subagent_type", "agent_type")
_THOUGHT_KEYS = ("description", "message", "prompt")
_PANE = re.compile(r"%\d{1,9}")


def short(text: str, length: int) -> str:
    """Foreign text on one short line, without secrets."""
    return clean(redact(text[:READ_LENGTH]), length)


def pane_id(told: str) -> PaneId | None:
    """A pane's id, where that is what was told."""
    return PaneId(told) if _PANE.fullmatch(told) else None


class SubagentBook:
    """Mutable while a transcript is read; `view` is what others get. What nobody told to begin cannot end."""

    def __init__(self) -> None:
        self._calls: dict[str, tuple[Subagent, bool]] = {}
        """Tool calls without a result; of a subagent that is waited for, true."""
        self._began: dict[str, Subagent] = {}
        """What goes on, whatever becomes of the call that began it."""

    def called(self, call_id: str, tool: str, arguments: Json, at: datetime | None) -> None:
        """Enter a tool call that may begin something."""
        if tool in TASK_TOOLS:
            name = _first(arguments, _NAME_KEYS) or NAMELESS
            call = subagent(call_id, name, _first(arguments, _THOUGHT_KEYS), at)
        elif SHELL_TOOLS.fullmatch(tool):
            call = subagent(call_id, SHELL_NAME, command_of(arguments), at)
        else:
            return
        self._calls[call_id] = (call, tool in TASK_TOOLS)
        _forget_oldest(self._calls)

    def answered(self, call_id: str) -> None:
        """Enter that a call has its result: what does not go on is over."""
        self._calls.pop(call_id, None)

    def goes_on(
        self, call_id: str, key: str, *, name: str = "", thought: str = "", pane: str = "", team: str = "",
        at: datetime | None = None,
    ) -> None:  # fmt: skip
        """Enter that what a call began goes on, under an id of its own; what is known of it already stays."""
        call = self._calls.pop(call_id, None)
        if not key:
            return
        known = self._began.get(key) or (call[0] if call else subagent(key, NAMELESS, "", at))
        self._began[key] = replace(
            known,
            key=key,
            name=short(name, SUBAGENT_NAME_LENGTH) or known.name,
            thought=known.thought or short(thought, SUBAGENT_THOUGHT_LENGTH) or None,
            pane_id=pane_id(pane),
            team=team,
        )
        _forget_oldest(self._began)

    def ended(self, key: str) -> None:
        """Enter that something is over, under its own id or that of the call that began it."""
        self._began.pop(key, None)

    def turn_over(self, at: datetime | None) -> None:
        """Enter that nobody waits any more for the calls that were made before."""
        self._calls = {
            key: call for key, call in self._calls.items() if at is not None and call[0].since and call[0].since > at
        }

    def view(self) -> tuple[Subagent, ...]:
        """Those that run now, in the order in which they began."""
        waited_for = (call for call, is_shown in self._calls.values() if is_shown)
        return (*self._began.values(), *waited_for)[-MOST_SUBAGENTS:]


def subagent(key: str, name: str, thought: str, at: datetime | None = None) -> Subagent:
    """One that has begun, in foreign words."""
    return Subagent(
        key=key,
        name=short(name, SUBAGENT_NAME_LENGTH) or NAMELESS,
        thought=short(thought, SUBAGENT_THOUGHT_LENGTH) or None,
        since=at,
    )


def with_thought(one: Subagent, *said: str) -> Subagent:
    """The subagent with what it does, in foreign words: the newest first."""
    return replace(one, thought=short(" · ".join(filter(None, said)), SUBAGENT_THOUGHT_LENGTH) or None)


def _first(arguments: Json, keys: tuple[str, ...]) -> str:
    return next((text for key in keys if (text := text_at(arguments, key))), "")


def _forget_oldest(held: dict[str, Subagent] | dict[str, tuple[Subagent, bool]]) -> None:
    while len(held) > CALLS_KEPT:
        del held[next(iter(held))]
