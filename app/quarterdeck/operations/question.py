"""What a session asks at this moment, and keys that reach that question alone."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.answer_choice import SUBMIT, is_same_question, landmarks, names_several
from quarterdeck.core.row_name import row_name
from quarterdeck.core.session import ASKING, Need, Source
from quarterdeck.errors import QuarterdeckError, Refused, UsageError
from quarterdeck.ports.agent_spec import Press
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

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
MOST_CHOICES = 40
MOST_KEYED_CHOICES = 9
"""Choices that have a key of their own."""
UP_DOWN = ("Up", "Down")
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
    scrolls: bool = False
    """Whether there may be more choices than are shown; "" stands for one above those."""

    def agrees(self, other: AskedQuestion) -> bool:
        """Whether the choices that both show are the same."""
        if self.scrolls or other.scrolls:
            both = zip(self.choices, other.choices, strict=False)
            return all(one == two for one, two in both if one and two)
        return self.choices == other.choices


def require_one(choices: Sequence[str], word: str) -> None:
    """Raise Refused, before anything is pressed, where several choices are named and one is the answer."""
    if names_several(choices, word):
        raise Refused("That question takes one choice.", hint="Name one of them, or answer in other words.")


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
    if view.pane is not None and view.agent is None and session.asks is not None:
        said = f'What runs in "{row_name(session)}" is no agent we know how to answer.'
        raise Refused(said, hint=f"Go there: quarterdeck attach {row_name(session)}")
    raise Refused(f'"{row_name(session)}" asks nothing now.')


def question_in(view: PaneView) -> AskedQuestion | None:
    """The open dialog that a look shows."""
    for claim in view.claims:
        if claim.source is Source.SCREEN and claim.needs is not None and claim.needs in ASKING:
            text = claim.question or claim.detail
            choices, ticks, marked = claim.choices, claim.ticks, claim.marked
            return AskedQuestion(
                kind=claim.needs, text=text, choices=choices, ticks=ticks, marked=marked, scrolls=claim.scrolls
            )
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
            and now.agrees(question)
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
        done = self._several_done(dialog)
        if not done:
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
            await self._tick(dialog, position, is_ticked=position in wanted)
        await self.press(done)
        await self.see_it_taken()
        review = question_in(await self.target.glance())
        if review is not None and review.choices and review.choices[0].startswith(SUBMIT):
            # It shows nothing but what was just ticked.
            await asyncio.sleep(GRACE)
            opened = OpenDialog(self.context, self.target, review)
            is_marked = review.choices == (SUBMIT,) or dialog.takes_arrows(review.text)
            await opened.press(["Enter" if is_marked else "1"])
            await opened.see_it_taken()

    def _several_done(self, dialog: AgentDialog) -> list[str]:
        """The keys that hand several choices in; none where that is not known."""
        if not dialog.several_done_choice:
            return list(dialog.several_done)
        found = (at for at, each in enumerate(self.question.choices) if re.search(dialog.several_done_choice, each))
        position = next(found, MOST_KEYED_CHOICES)
        return [str(position + 1)] if position < MOST_KEYED_CHOICES else []

    async def see_all_choices(self) -> None:
        """Go once round a list that is longer than its place with the arrow, and end where it began."""
        known: dict[int, tuple[str, bool | None]] = {}
        start = position = self.question.marked
        while self.question.scrolls and len(known) <= MOST_CHOICES:
            now = question_in(await self.target.glance())
            if now is None or position is None:
                raise Refused(CHANGED)
            ticks = now.ticks or (None,) * len(now.choices)
            known |= {at: each for at, each in enumerate(zip(now.choices, ticks, strict=True)) if each[0]}
            await self.press(["Down"])
            position = await self._moved_on(position)
            if position == start:
                break
        if known:
            shown = [known.get(at, ("", None)) for at in range(max(known) + 1)]
            ticks = tuple(tick for _, tick in shown) if self.question.ticks else ()
            self.question = replace(self.question, choices=tuple(choice for choice, _ in shown), ticks=ticks)

    async def _moved_on(self, before: int) -> int | None:
        await self._see(lambda now: now.marked not in {None, before}, "The choices do not move.")
        seen = question_in(await self.target.glance())
        return seen.marked if seen is not None else None

    async def _tick(self, dialog: AgentDialog, position: int, *, is_ticked: bool) -> None:
        def is_so(now: AskedQuestion) -> bool:
            return position < len(now.ticks) and now.ticks[position] is is_ticked

        if dialog.press is Press.DOWN_ENTER:
            now = question_in(await self.target.glance())
            await self._mark(now.marked if now else None, position, UP_DOWN)
        else:
            await self.press([str(position + 1)])
        if dialog.tick:
            await self._see(lambda now: now.marked == position, f"Choice {position + 1} could not be marked.")
            await self.press(list(dialog.tick))
        await self._see(is_so, f"Choice {position + 1} could not be ticked.")

    async def take_marked(self, position: int, arrows: tuple[str, str]) -> None:
        """Move the mark to a choice with the arrows (back, on), see it there, and take it."""
        await self._mark(self.question.marked, position, arrows)
        await self.press(["Enter"])

    async def _mark(self, marked: int | None, position: int, arrows: tuple[str, str]) -> None:
        if marked is None:
            raise Refused(CHANGED)
        steps = position - marked
        await self.press([arrows[steps > 0]] * abs(steps))
        await self._see(lambda now: now.marked == position, f"Choice {position + 1} could not be marked.")

    async def _see(self, is_so: Callable[[AskedQuestion], bool], complaint: str) -> None:
        deadline = self.context.clock.monotonic() + READ_WITHIN
        while (now := question_in(await self.target.glance())) is None or not is_so(now):
            if self.context.clock.monotonic() > deadline:
                raise QuarterdeckError(complaint, hint=GO_THERE)
            await asyncio.sleep(DIALOG_EVERY_SECONDS)
