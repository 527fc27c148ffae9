"""Dialogs that show what would happen and do it when the operator agrees, and one that only tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import Static

from quarterdeck.core.text import clean
from quarterdeck.tui.rows.cell import Cell
from quarterdeck.tui.rows.detail import DIFF_ROLES
from quarterdeck.tui.rows.session_row import Kind, kind_of, name_of
from quarterdeck.tui.screens.dialog import Dialog
from quarterdeck.tui.screens.message import names
from quarterdeck.tui.widgets.field import Field
from quarterdeck.tui.widgets.line import ScrollingLines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.widget import Widget

    from quarterdeck.core.session import Session
    from quarterdeck.errors import QuarterdeckError
    from quarterdeck.operations.long_operations import LongOperation
    from quarterdeck.operations.setup_offers import Offer
    from quarterdeck.tui.backend import OpenFleet
    from quarterdeck.tui.screen_context import ScreenContext

MOST_CHANGED, MOST_LOST = 16, 12
"""Lines that are shown at once of a change, and at all of what would be lost."""
LEAST_CHANGE_WIDTH = 20
"""Cells of a line of a change."""
NOTHING_LOST = "Nothing would be lost that we know of."


class YesOrNo(Dialog[bool]):
    """`y` does it; anything else is No."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "agree", "yes"), Binding("n,enter,q", "leave", "no")]

    def action_agree(self) -> None:
        """Do it."""
        self.dismiss(True)


class OfferScreen(YesOrNo):
    """What turning something on would change."""

    AUTO_FOCUS = "#lines"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("d", "whole", "every line")]

    def __init__(self, context: ScreenContext, offer: Offer) -> None:
        super().__init__(context)
        self.heading = offer.question
        self._offer = offer
        self._shown = offer.change
        whole = (("d", "every line"),) if offer.whole else ()
        self.keys = (("y", "do it"), *whole, ("j k", "scroll"), ("Enter Esc", "no"))
        self.lines = ScrollingLines(context.colours)

    def body(self) -> Iterable[Widget]:
        """Why, then the change."""
        yield Static(self.style(clean(self._offer.why), "muted"), id="why")
        self.lines.styles.height = 1
        yield self.lines

    def on_resize(self) -> None:
        """Lines are broken where the box ends."""
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        """Show every letter of it."""
        room = max(LEAST_CHANGE_WIDTH, self.lines.size.width - 1)
        shown = [
            (Cell(part, DIFF_ROLES.get(line[:1], "text")),)
            for line in map(clean, self._shown)
            for part in [line[start : start + room] for start in range(0, len(line), room)] or [""]
        ]
        self.lines.styles.height = min(len(shown), MOST_CHANGED)
        self.lines.show(shown)

    def action_whole(self) -> None:
        """Between the change in short and every line of it."""
        if self._offer.whole:
            self._shown = self._offer.whole if self._shown == self._offer.change else self._offer.change
            self._show()


class StopScreen(YesOrNo):
    """Whether to stop what is under way on a row."""

    def __init__(self, context: ScreenContext, session: Session, under_way: LongOperation) -> None:
        super().__init__(context)
        self._can_stop = under_way.can_stop
        self.heading = f"Stop {under_way.what} {name_of(session)}?"
        self.keys = (("y", "stop it"), ("Enter Esc", "no")) if self._can_stop else (("Esc", "back"),)

    def body(self) -> Iterable[Widget]:
        """What stopping does."""
        too_late = "It has gone too far to be stopped, and will be done in a moment."
        yield Static(self.style("What was done so far is taken back." if self._can_stop else too_late))

    def action_agree(self) -> None:
        """Stop it."""
        if self._can_stop:
            self.dismiss(True)


class EndScreen(YesOrNo):
    """Answers whether to end sessions, or else to forget them: one with a key, several with their number, typed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("d", "forget", "forget")]

    def __init__(self, context: ScreenContext, sessions: Sequence[Session]) -> None:
        super().__init__(context)
        self._sessions = sessions
        self._is_known = False
        """Whether what would be lost stands there; before that nobody can agree to it."""
        self._is_wanted = False
        self._told = Static(self.style("Looking at what would be lost …", "muted"))
        self._number = Field(css_id="number", on_enter=self._typed)
        self._number.restrict = "[0-9]*"
        self._is_many = len(sessions) > 1
        self.heading = f"End {names(sessions)}?"
        one = (("y", "end it"), ("d", "forget it, leave tmux alone"), ("Enter Esc", "no"))
        self.keys = ((f"{len(sessions)} Enter", "end them"), ("Esc", "no")) if self._is_many else one

    def body(self) -> Iterable[Widget]:
        """What would be lost, and for several the number to type."""
        yield self._told
        if self._is_many:
            yield Static(self.style(f"\nTo end all {len(self._sessions)} of them, type {len(self._sessions)}:"))
            yield self._number

    def on_mount(self) -> None:
        """Look: git may take its time."""
        self.run_worker(self.context.when_open(self._look, self._failed), group="look")

    def _failed(self, error: QuarterdeckError) -> None:
        self._told.update(self.style(clean(f"What would be lost is not known: {error.message}"), "failed"))

    async def _look(self, opened: OpenFleet) -> None:
        losses = await opened.reader.losses([session.session_id for session in self._sessions])
        lines: list[tuple[str, str]] = []
        for session in self._sessions:
            lost = losses.get(session.session_id, ())
            if lost and self._is_many:
                lines.append((name_of(session), "text bold"))
            lines += [(f"  {sentence}" if self._is_many else sentence, "failed") for sentence in lost]
        if len(lines) > MOST_LOST:
            lines = [*lines[:MOST_LOST], (f"… and {len(lines) - MOST_LOST} more lines", "muted")]
        is_over = all(kind_of(session) is Kind.ENDED for session in self._sessions)
        nothing = "It is over already: u brings it back, d dismisses it." if is_over else NOTHING_LOST
        said = [self.style(clean(text), role) for text, role in lines or [(nothing, "muted")]]
        self._told.update(Text("\n").join(said))
        self._is_known = True
        if self._is_wanted and not lines:
            self.dismiss(True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Several are not ended, or forgotten, by one letter."""
        return not (self._is_many and action in {"agree", "forget"})

    def action_agree(self) -> None:
        """End it, once it stands there what that means; where nothing is lost, an earlier yes counts too."""
        self._is_wanted = True
        if self._is_known:
            self.dismiss(True)

    def action_forget(self) -> None:
        """Forget it and leave tmux alone."""
        self.dismiss(False)

    def _typed(self) -> None:
        is_agreed = self._number.value == str(len(self._sessions))
        if self._is_known or not is_agreed:
            self.dismiss(True if is_agreed else None)


class TellScreen(Dialog[None]):
    """What, why, and the command to type."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,q", "leave", "back")]
    keys = (("Enter Esc", "back"),)

    def __init__(self, context: ScreenContext, heading: str, why: str, command: str) -> None:
        super().__init__(context)
        self.heading = heading
        self._why = why
        self._command = command

    def body(self) -> Iterable[Widget]:
        """The reason, then the command on a line of its own so that it can be copied."""
        yield Static(self.style(clean(self._why)))
        yield Static(self.style("\n  " + clean(self._command), "accent bold"))
