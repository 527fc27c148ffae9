"""A list of choices that is longer than its place is gone round once, and several of it are taken."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from quarterdeck.core.reading import Reading
from quarterdeck.core.session import Confidence, Need, SessionState, Source
from quarterdeck.operations.question import OpenDialog, question_in
from quarterdeck.ports.agent_spec import AgentDialog, Press
from support.store import NOON

if TYPE_CHECKING:
    from collections.abc import Sequence

PLACE = 3
DONE = "Done"


class ScrolledList:
    """Shows three of its choices, as Gemini CLI does: arrows go round, and a number ticks, or hands in the last."""

    pane_id = "%1"

    def __init__(self, *labels: str) -> None:
        self.labels, self.ticked, self.marked, self.top = [*labels, DONE], set[int](), 0, 0
        self.answer: list[str] | None = None
        self.keys: list[str] = []

    def monotonic(self) -> float:
        return time.monotonic()

    async def send_keys_if(self, _pane: str, keys: Sequence[str], _marks: object) -> bool:
        for key in keys:
            self.keys.append(key)
            if key == "Down":
                self.marked = (self.marked + 1) % len(self.labels)
            elif int(key) == len(self.labels):
                self.answer = [self.labels[at] for at in sorted(self.ticked)]
            else:
                self.marked = int(key) - 1
                self.ticked ^= {self.marked}
            self.top = min(max(self.top, self.marked - PLACE + 1), self.marked)
        return True

    async def glance(self) -> Any:
        shown = range(self.top, self.top + PLACE)
        reading = Reading(
            source=Source.SCREEN,
            state=SessionState.ATTENTION,
            cause="screen_question",
            confidence=Confidence.HIGH,
            at=NOON,
            needs=Need.QUESTION,
            question="Which sizes?",
            choices=("",) * self.top + tuple(self.labels[at] for at in shown),
            ticks=(None,) * self.top + tuple(None if self.labels[at] == DONE else at in self.ticked for at in shown),
            marked=self.marked,
            scrolls=True,
        )
        return SimpleNamespace(claims=[] if self.answer is not None else [reading])


async def opened(shown: ScrolledList) -> OpenDialog:
    """The dialog as it is found."""
    question = question_in(await shown.glance())
    assert question is not None
    context: Any = SimpleNamespace(mux=shown, clock=shown)
    target: Any = shown
    return OpenDialog(context, target, question)


async def test_all_choices_are_known_once_it_was_gone_round_and_the_mark_is_where_it_was() -> None:
    shown = ScrolledList("Small", "Middle", "Large", "Huge", "Giant")
    dialog = await opened(shown)

    await dialog.see_all_choices()

    assert dialog.question.choices == ("Small", "Middle", "Large", "Huge", "Giant", DONE)
    assert dialog.question.ticks == (False, False, False, False, False, None)
    assert (shown.marked, set(shown.keys)) == (0, {"Down"})


async def test_several_are_ticked_wherever_they_stand_and_handed_in_by_the_last_choice() -> None:
    shown = ScrolledList("Small", "Middle", "Large", "Huge", "Giant")
    dialog = await opened(shown)
    await dialog.see_all_choices()

    await dialog.take_several(AgentDialog(press=Press.NUMBER, several_done_choice=r"^Done$"), {1, 4})

    assert shown.answer == ["Middle", "Giant"]
