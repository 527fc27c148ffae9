"""Answers that take more than one key: choices that are ticked or marked, seen to be so, and then handed in."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from quarterdeck.core.answer_choice import SUBMIT
from quarterdeck.errors import QuarterdeckError, Refused, UsageError
from quarterdeck.operations.question import CHANGED, EVERY, GRACE, READ_WITHIN, press, question_in, see_it_taken

if TYPE_CHECKING:
    from collections.abc import Collection

    from quarterdeck.operations.pane_view import TargetPane
    from quarterdeck.operations.question import AskedQuestion
    from quarterdeck.operations.session_context import SessionContext
    from quarterdeck.ports.agent import AgentDialog

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
