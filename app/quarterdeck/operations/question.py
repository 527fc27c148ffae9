"""What a session asks at this moment, and keys that reach that question alone."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.answer_choice import SUBMIT, is_same_question, landmarks
from quarterdeck.core.row_name import row_name
from quarterdeck.core.session import ASKING, Need, Source
from quarterdeck.errors import QuarterdeckError, Refused, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from quarterdeck.core.session import Session
    from quarterdeck.operations.contexts import SessionContext
    from quarterdeck.operations.pane_view import PaneView, TargetPane
    from quarterdeck.ports.agent_spec import AgentDialog

READ_WITHIN = 2.0
TAKEN_WITHIN = 5.0
CONFIRMED_WITHIN = 0.6
"""In which a dialog comes up that has the answer confirmed, where there is one."""
DIALOG_EVERY_SECONDS = 0.04
GRACE = 0.3
"""Seconds in which a dialog that has just come up drops keys (seen with Claude Code 2.1)."""
GO_THERE = "Go there and answer it."
MOST_KEYED_CHOICES = 9
"""Choices that have a key of their own."""
CHANGED = "The question has changed or is gone; no key was pressed."


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
        await asyncio.sleep(DIALOG_EVERY_SECONDS)
    if view.question is not None:
        said = f'What "{row_name(session)}" asks cannot be read from its screen.'
        raise Refused(said, hint=f"quarterdeck attach {row_name(session)}")
    raise Refused(f'"{row_name(session)}" asks nothing now.')


def question_in(view: PaneView) -> AskedQuestion | None:
    """The open dialog that a look shows."""
    for claim in view.claims:
        if claim.source is Source.SCREEN and claim.needs is not None and claim.needs in ASKING:
            text = claim.question or claim.detail
            choices, ticks, marked = claim.choices, claim.ticks, claim.marked
            return AskedQuestion(kind=claim.needs, text=text, choices=choices, ticks=ticks, marked=marked)
    return None


class OpenDialog(Struct):
    """A question that is open in a pane, and keys that reach it alone. What cannot be done as meant raises."""

    context: SessionContext
    target: TargetPane
    question: AskedQuestion

    async def press(self, keys: list[str]) -> None:
        """Press keys; raises Refused, with none pressed, when the question is not there any more."""
        if not await self.presses(keys):
            raise Refused(CHANGED)

    async def presses(self, keys: list[str]) -> bool:
        """Press keys if the question is still there; the look is the last thing before them."""
        if not await self.is_open():
            return False
        # And once more in tmux itself, so that no time at all is left for another question to come up.
        marks = landmarks(self.question.text)
        return not keys or await self.context.mux.send_keys_if(self.target.pane_id, keys, marks)

    async def is_open(self) -> bool:
        """Whether the screen shows this question now, whatever is ticked in it."""
        now, question = question_in(await self.target.glance()), self.question
        return (
            now is not None
            and now.kind is question.kind
            and now.choices == question.choices
            and is_same_question(now.text, question.text)
        )

    async def see_it_taken(self) -> None:
        """Wait until the question is gone."""
        deadline = self.context.clock.monotonic() + TAKEN_WITHIN
        while await self.is_open():
            if self.context.clock.monotonic() > deadline:
                said = "The key was pressed, but the question is still there."
                raise QuarterdeckError(said, hint="Go there and look.")
            await asyncio.sleep(DIALOG_EVERY_SECONDS)

    async def confirm(self, dialog: AgentDialog) -> None:
        """Take the first choice of the dialog in which the agent has the answer confirmed, if it comes."""
        deadline = self.context.clock.monotonic() + CONFIRMED_WITHIN
        while (step := question_in(await self.target.glance())) is None:
            if self.context.clock.monotonic() > deadline:
                return
            await asyncio.sleep(DIALOG_EVERY_SECONDS)
        if re.search(dialog.confirmation, step.text):
            opened = OpenDialog(self.context, self.target, step)
            await opened.press(["Enter"])
            await opened.see_it_taken()

    async def take_several(self, dialog: AgentDialog, wanted: Collection[int]) -> None:
        """Tick exactly these choices and hand them in. Raises before the first key where it cannot be done."""
        choices, ticks = self.question.choices, self.question.ticks
        if not dialog.several_done:
            raise Refused("How this program takes several choices is not known.", hint=GO_THERE)
        changes = [
            position
            for position, is_ticked in enumerate(ticks)
            if is_ticked is not None and is_ticked is not (position in wanted)
        ]
        if any(ticks[position] is None for position in wanted):
            raise UsageError("That is none of the choices that can be ticked.", hint=GO_THERE)
        if any(re.search(dialog.own_words, choices[position]) for position in changes if dialog.own_words):
            raise UsageError("Words of your own can be added to several choices in the dialog alone.", hint=GO_THERE)
        if any(position >= MOST_KEYED_CHOICES for position in changes):
            raise Refused("Only the first nine choices have a key of their own.", hint=GO_THERE)
        for position in changes:
            await self._tick(position, is_ticked=position in wanted)
        await self.press(list(dialog.several_done))
        await self.see_it_taken()
        review = question_in(await self.target.glance())
        if review is not None and review.choices and review.choices[0].startswith(SUBMIT):
            # It shows nothing but what was just ticked.
            await asyncio.sleep(GRACE)
            opened = OpenDialog(self.context, self.target, review)
            await opened.press(["Enter" if review.choices == (SUBMIT,) else "1"])
            await opened.see_it_taken()

    async def _tick(self, position: int, *, is_ticked: bool) -> None:
        def is_so(now: AskedQuestion) -> bool:
            return position < len(now.ticks) and now.ticks[position] is is_ticked

        await self.press([str(position + 1)])
        await self._see(is_so, f"Choice {position + 1} could not be ticked.")

    async def take_marked(self, position: int, arrows: tuple[str, str]) -> None:
        """Move the mark to a choice with the arrows (back, on), see it there, and take it."""
        assert self.question.marked is not None
        steps = position - self.question.marked
        await self.press([arrows[steps > 0]] * abs(steps))
        await self._see(lambda now: now.marked == position, f"Choice {position + 1} could not be marked.")
        await self.press(["Enter"])

    async def _see(self, is_so: Callable[[AskedQuestion], bool], complaint: str) -> None:
        deadline = self.context.clock.monotonic() + READ_WITHIN
        while (now := question_in(await self.target.glance())) is None or not is_so(now):
            if self.context.clock.monotonic() > deadline:
                raise QuarterdeckError(complaint, hint=GO_THERE)
            await asyncio.sleep(DIALOG_EVERY_SECONDS)
