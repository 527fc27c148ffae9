"""What a session asks at this moment, and keys that reach that question alone."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.answer_choice import SUBMIT, is_same_question, landmarks
from quarterdeck.core.session import ASKING, Need, Source
from quarterdeck.errors import QuarterdeckError, Refused, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection

    from quarterdeck.core.session import Session
    from quarterdeck.operations.pane_view import PaneView, TargetPane
    from quarterdeck.operations.session_context import SessionContext
    from quarterdeck.ports.agent import AgentDialog

READ_WITHIN = 2.0
TAKEN_WITHIN = 5.0
EVERY = 0.04
GRACE = 0.3
"""Seconds in which a dialog that has just come up drops keys (seen with Claude Code 2.1)."""
CHANGED = "It asks something else by now, or nothing; no key was pressed."


class AskedQuestion(Struct, frozen=True, kw_only=True):
    """An open dialog, as the screen shows it."""

    kind: Need
    text: str
    choices: tuple[str, ...] = ()
    ticks: tuple[bool | None, ...] = ()
    """Which choices are ticked, where several may be; none = one choice is the answer."""
    marked: int | None = None
    """Position of the choice under the agent's cursor."""


async def read_question(
    context: SessionContext, target: TargetPane, session: Session
) -> tuple[PaneView, AskedQuestion]:
    """What is asked now; raises Refused when it is nothing that can be read."""
    deadline = context.clock.monotonic() + READ_WITHIN
    while True:
        view = await target.look()
        question = question_in(view)
        if question is not None:
            return view, question
        # The agent may say that it asks a moment before its screen shows what.
        if view.question is None or context.clock.monotonic() > deadline:
            break
        await asyncio.sleep(EVERY)
    if view.question is not None:
        raise Refused(
            f'What "{session.tmux_name}" asks cannot be read from its screen.',
            hint=f"quarterdeck attach {session.tmux_name}",
        )
    raise Refused(f'"{session.tmux_name}" asks nothing now.')


def question_in(view: PaneView) -> AskedQuestion | None:
    """The open dialog that a look shows."""
    for claim in view.claims:
        if claim.source is Source.SCREEN and claim.needs is not None and claim.needs in ASKING:
            text = claim.question or claim.detail
            return AskedQuestion(
                kind=claim.needs, text=text, choices=claim.choices, ticks=claim.ticks, marked=claim.marked
            )
    return None


async def press(context: SessionContext, target: TargetPane, question: AskedQuestion, keys: list[str]) -> bool:
    """Press keys if the question is still there; the look is the last thing before them."""
    if not await is_open(target, question):
        return False
    # And once more in tmux itself, so that no time at all is left for another question to come up.
    return not keys or await context.mux.send_keys_if(target.pane_id, keys, landmarks(question.text))


async def is_open(target: TargetPane, question: AskedQuestion) -> bool:
    """Whether the screen shows this question now, whatever is ticked in it."""
    now = question_in(await target.glance())
    return (
        now is not None
        and now.kind is question.kind
        and now.choices == question.choices
        and is_same_question(now.text, question.text)
    )


async def see_it_taken(context: SessionContext, target: TargetPane, question: AskedQuestion) -> None:
    """Wait until the question is gone; raises QuarterdeckError when it stays."""
    deadline = context.clock.monotonic() + TAKEN_WITHIN
    while await is_open(target, question):
        if context.clock.monotonic() > deadline:
            raise QuarterdeckError("The key was pressed, but the question is still there.", hint="Go there and look.")
        await asyncio.sleep(EVERY)


GO_THERE = "Go there and answer it."
MOST = 9
"""Choices that have a key of their own."""


async def take_several(
    context: SessionContext, target: TargetPane, dialog: AgentDialog, question: AskedQuestion, wanted: Collection[int]
) -> None:
    """Tick exactly these choices and hand them in. Raises before the first key where it cannot be done."""
    if not dialog.several_done:
        raise Refused("How this program takes several choices is not known.", hint=GO_THERE)
    changes = [
        position
        for position, is_ticked in enumerate(question.ticks)
        if is_ticked is not None and is_ticked is not (position in wanted)
    ]
    if any(question.ticks[position] is None for position in wanted):
        raise UsageError("That is none of the choices that can be ticked.", hint=GO_THERE)
    if any(re.search(dialog.own_words, question.choices[position]) for position in changes if dialog.own_words):
        raise UsageError("Words of your own can be added to several choices in the dialog alone.", hint=GO_THERE)
    if any(position >= MOST for position in changes):
        raise Refused("Only the first nine choices have a key of their own.", hint=GO_THERE)
    for position in changes:
        if not await press(context, target, question, [str(position + 1)]):
            raise Refused(CHANGED)
        await _see_it_ticked(context, target, position, is_ticked=position in wanted)
    if not await press(context, target, question, list(dialog.several_done)):
        raise Refused(CHANGED)
    await see_it_taken(context, target, question)
    review = question_in(await target.glance())
    if review is not None and review.choices and review.choices[0].startswith(SUBMIT):
        # It shows nothing but what was just ticked.
        await asyncio.sleep(GRACE)
        if not await press(context, target, review, ["Enter" if review.choices == (SUBMIT,) else "1"]):
            raise Refused(CHANGED)
        await see_it_taken(context, target, review)


async def take_marked(
    context: SessionContext, target: TargetPane, question: AskedQuestion, position: int, arrows: tuple[str, str]
) -> None:
    """Move the mark to a choice with the arrows (back, on), see it there, and take it."""
    assert question.marked is not None
    steps = position - question.marked
    if not await press(context, target, question, [arrows[steps > 0]] * abs(steps)):
        raise Refused(CHANGED)
    deadline = context.clock.monotonic() + READ_WITHIN
    while (now := question_in(await target.glance())) is None or now.marked != position:
        if context.clock.monotonic() > deadline:
            raise QuarterdeckError(f"Choice {position + 1} could not be marked.", hint=GO_THERE)
        await asyncio.sleep(EVERY)
    if not await press(context, target, question, ["Enter"]):
        raise Refused(CHANGED)


async def _see_it_ticked(context: SessionContext, target: TargetPane, position: int, *, is_ticked: bool) -> None:
    deadline = context.clock.monotonic() + READ_WITHIN
    while True:
        now = question_in(await target.glance())
        if now is not None and position < len(now.ticks) and now.ticks[position] is is_ticked:
            return
        if context.clock.monotonic() > deadline:
            raise QuarterdeckError(f"Choice {position + 1} could not be ticked.", hint=GO_THERE)
        await asyncio.sleep(EVERY)
