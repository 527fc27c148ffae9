"""What is done or dead, as a list to review: nothing in it ends before the operator has seen it and said so."""

from __future__ import annotations

import asyncio
from textwrap import wrap
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from quarterdeck.core.text import cell_width, clean, cut
from quarterdeck.errors import QuarterdeckError
from quarterdeck.operations.cleanup import Clearing
from quarterdeck.tui.rows.cell import quiet
from quarterdeck.tui.screens.dialog import Dialog
from quarterdeck.tui.widgets.choices import ChoiceList

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from textual.widget import Widget
    from textual.worker import Worker

    from quarterdeck.operations.cleanup import CleanupCandidate, Cleared
    from quarterdeck.tui.backend import OpenFleet
    from quarterdeck.tui.screen_context import ScreenContext

TICKED, UNTICKED, STAYS = "[x]", "[ ]", " - "
MARKS = {Clearing.GOING: "...", Clearing.ENDED: " ok", Clearing.LEFT: STAYS, Clearing.FAILED: " ! "}
CLEARING_ROLES = {Clearing.GOING: "works", Clearing.ENDED: "done", Clearing.LEFT: "muted", Clearing.FAILED: "failed"}
NOTHING_TO_CLEAN = (
    "Nothing to clean up: there is no worker whose agent is gone, whose issue is done, or whose pull request is closed."
    "\nx ends any other session; d removes ended rows from the table."
)
REVIEW = (("Space", "tick"), ("a", "all or none"), ("y", "end the ticked"), ("Esc", "back, nothing ends"))
GOING = (("Esc", "stop after this one"),)


def state_of(one: CleanupCandidate) -> str:
    """What becomes of it, and of its worktree."""
    if one.protected:
        return f"stays: {one.protected}"
    return f"holds {one.would_lose}; kept as a commit first" if one.would_lose else "nothing would be lost"


def summary(ticked: list[CleanupCandidate]) -> str:
    """What `y` would do."""
    if not ticked:
        return "Nothing is ticked, so nothing ends."
    what = "1 session ends, with its agent and worktree; its branch stays."
    if len(ticked) > 1:
        what = f"{len(ticked)} sessions end, with their agents and worktrees; branches stay."
    holding = sum(bool(one.would_lose) for one in ticked)
    kept = f" Unsaved work of {holding} is kept as a commit first." if holding else ""
    return f"{what}{kept}"


class CleanupScreen(Dialog[None]):
    """Space ticks, `y` ends what is ticked; what holds unsaved work is ticked only by hand."""

    AUTO_FOCUS = "#options"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,enter", "tick", "tick"),
        Binding("a", "tick_all", "all or none"),
        Binding("y", "end", "end the ticked"),
    ]
    heading = "Clean up what is done or dead"

    def __init__(self, context: ScreenContext) -> None:
        super().__init__(context)
        self.add_class("-page")
        self._found: list[CleanupCandidate] = []
        self._names: dict[str, str] = {}
        """What those are called that have a name beside their id."""
        self._ticked: set[str] = set()
        self._outcomes: dict[str, Cleared] = {}
        self._work: Worker[None] | None = None
        self._options = ChoiceList()
        self._options.display = False
        looking = "Looking at every spawned session, its worktree and its issue …"
        self._said = Static(self.style(looking, "muted"), id="said")

    def body(self) -> Iterable[Widget]:
        """The list, and what would be done."""
        yield self._options
        yield self._said

    def on_mount(self) -> None:
        """Look: nothing is changed by that."""
        self.run_worker(self.context.when_open(self._look, self._failed), group="look")

    def _failed(self, error: QuarterdeckError) -> None:
        self._say(f"What could be ended is not known: {error.message} {error.hint}", "failed")

    async def _look(self, opened: OpenFleet) -> None:
        self._found = await opened.reader.clearable()
        rows = opened.reader.fleet()
        known = {**rows.exited, **rows.sessions}
        self._names = {key: row.work.display_name or "" for key, row in known.items() if row.work is not None}
        if not self._found:
            self._say(NOTHING_TO_CLEAN, "muted")
            return
        self._ticked = self._easy()
        self._offer()
        self._review()

    def _easy(self) -> set[str]:
        """Those that may go without losing work."""
        return {one.session_id for one in self._found if not (one.would_lose or one.protected)}

    def on_resize(self) -> None:
        """Ages stand at the right edge."""
        self.call_after_refresh(self._offer)

    @property
    def _is_review(self) -> bool:
        return bool(self._found) and self._work is None

    def _offer(self) -> None:
        here = self._options.highlighted or 0
        width = self._options.scrollable_content_region.width or 70
        now = self.context.clock.now()
        self._options.display = bool(self._found)
        self.set_class(not self._found, "-nothing")
        self._options.offer([Option(self._lines(one, width, now), id=one.session_id) for one in self._found], here)

    def _lines(self, one: CleanupCandidate, width: int, now: datetime) -> Text:
        mark, role, below = self._standing(one)
        ink = self.context.colours.ink
        age = f"last active {quiet(one.idle_since, now)}" if one.idle_since else ""
        right = f"{cut(clean(one.branch or ''), width // 2 - len(age) - 2)}  {age}".strip()
        room = width - cell_width(mark) - cell_width(right) - 4
        name = "  ".join(filter(None, (one.session_id, clean(self._names.get(one.session_id, "")))))
        name = cut(name, room)
        space = " " * max(2, room - cell_width(name) + 2)
        indent = " " * (cell_width(mark) + 1)
        why = wrap(f"{clean(one.reason)}; {clean(below)}", width - 8, max_lines=3, placeholder=" …")
        below_it = [part for line in why for part in (f"\n{indent}", (line, ink(role)))]
        first = (mark, ink(role)), " ", name, space, (right, ink("muted"))
        return Text.assemble(*first, *below_it, no_wrap=True, overflow="ellipsis")

    def _standing(self, one: CleanupCandidate) -> tuple[str, str, str]:
        """Mark, colour and words of a line."""
        done = self._outcomes.get(one.session_id)
        if done is not None:
            words = ", ".join(part for part in (done.outcome.value, done.detail) if part)
            said = "is being ended" if done.outcome is Clearing.GOING else words
            return MARKS[done.outcome], CLEARING_ROLES[done.outcome], said
        if one.protected:
            return STAYS, "muted", state_of(one)
        mark = TICKED if one.session_id in self._ticked else UNTICKED
        return mark, "asks" if one.would_lose else "text", state_of(one)

    def _say(self, text: str, role: str = "text") -> None:
        self._said.update(self.style(clean(text), role))

    def _chosen(self) -> list[CleanupCandidate]:
        return [one for one in self._found if one.session_id in self._ticked]

    def _review(self) -> None:
        self._say(summary(self._chosen()))
        self.show_keys(REVIEW)

    @on(OptionList.OptionSelected)
    def action_tick(self) -> None:
        """Tick or untick the session under the cursor."""
        place = self._options.highlighted
        if not self._is_review or place is None:
            return
        one = self._found[place]
        if one.protected:
            self.app.notify(f"It stays: {clean(one.protected)}.", markup=False, timeout=3)
            return
        self._ticked ^= {one.session_id}
        self._offer()
        self._review()

    def action_tick_all(self) -> None:
        """Tick all that may go without losing work; when they are, none."""
        if self._is_review:
            self._ticked = set() if self._ticked else self._easy()
            self._offer()
            self._review()

    def action_end(self) -> None:
        """End what is ticked."""
        if self._is_review and self._ticked:
            self.show_keys(GOING)
            self._work = self.run_worker(self._end(self._chosen()), group="end")

    async def _end(self, chosen: list[CleanupCandidate]) -> None:
        ids = [one.session_id for one in chosen]
        keeping = [one.session_id for one in chosen if one.would_lose]
        self._say("Ending them, one after the other …")
        try:
            await self.context.when_open(lambda opened: opened.actions.clear(ids, keeping=keeping, told=self._told))
            said = "Done."
        except asyncio.CancelledError:
            said = "Stopped. What is not marked was not touched."
        except QuarterdeckError as error:
            said = f"{error.message} {error.hint}"
        self._ticked.clear()
        self._say(f"{said} {self._tally()}")
        self.show_keys(Dialog.keys)

    def _tally(self) -> str:
        outcomes = [done.outcome for done in self._outcomes.values()]
        counted = ((kind, outcomes.count(kind)) for kind in (Clearing.ENDED, Clearing.LEFT, Clearing.FAILED))
        said = ", ".join(f"{count} {kind.value}" for kind, count in counted if count)
        return f"{said}." if said else ""

    def _told(self, done: Cleared) -> None:
        self._outcomes[done.session_id] = done
        if self.is_attached:
            self._offer()

    def action_leave(self) -> None:
        """Back; while it is at work, stop after the session it is at."""
        if self._work is not None and self._work.is_running:
            self._work.cancel()
        else:
            self.dismiss(None)
