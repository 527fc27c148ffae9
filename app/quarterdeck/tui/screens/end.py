"""Ends sessions, after saying which and what would be lost."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import Static

from quarterdeck.core.text import clean
from quarterdeck.tui.rows.mark import Kind, kind_of
from quarterdeck.tui.rows.session_row import name_of
from quarterdeck.tui.screens.dialog import Dialog
from quarterdeck.tui.screens.message import names
from quarterdeck.tui.widgets.field import Field

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from textual.widget import Widget

    from quarterdeck.core.session import Session, SessionId
    from quarterdeck.errors import QuarterdeckError
    from quarterdeck.tui.backend import OpenFleet
    from quarterdeck.tui.screen_context import ScreenContext

MOST_LINES = 12
NOTHING_LOST = "Nothing would be lost that we know of."


class Ending(StrEnum):
    """What the operator decided."""

    KILL = "kill"
    DETACH = "detach"


class EndScreen(Dialog[Ending]):
    """One session: `y`. Several: their number, typed. Anything else is No."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "end", "end"),
        Binding("d", "detach", "forget"),
        Binding("n,enter,q", "leave", "no"),
    ]

    def __init__(self, context: ScreenContext, sessions: Sequence[Session]) -> None:
        super().__init__(context)
        self._sessions = sessions
        self._losses: Mapping[SessionId, tuple[str, ...]] = {}
        self._is_known = False
        """Whether what would be lost stands there; before that nobody can agree to it."""
        self._is_wanted = False
        self._told = Static(self.style("Looking at what would be lost …", "muted"))
        self._number = Field(css_id="number", restrict="[0-9]*", on_enter=self._typed)
        self._is_many = len(sessions) > 1
        self.heading = f"End {names(sessions)}?"
        one = (("y", "end it"), ("d", "forget it, leave tmux alone"), ("Enter Esc", "no"))
        self.keys = ((f"{len(sessions)} Enter", "end them"), ("Esc", "no")) if self._is_many else one

    def body(self) -> Iterable[Widget]:
        """What would be lost, and for several the number to type."""
        yield self._told
        if self._is_many:
            yield Static(self.style(f"\nThey are {len(self._sessions)}. To end them all, type that number:"))
            yield self._number

    def on_mount(self) -> None:
        """Look: git may take its time."""
        self.run_worker(self.context.when_open(self._look, self._failed), group="look")

    def _failed(self, error: QuarterdeckError) -> None:
        self._told.update(self.style(clean(f"What would be lost is not known: {error.message}"), "failed"))

    async def _look(self, opened: OpenFleet) -> None:
        self._losses = await opened.reader.losses([session.session_id for session in self._sessions])
        lines = [line for session in self._sessions for line in self._loss(session)]
        if len(lines) > MOST_LINES:
            lines = [*lines[:MOST_LINES], (f"… and {len(lines) - MOST_LINES} more lines", "muted")]
        is_over = all(kind_of(session) is Kind.ENDED for session in self._sessions)
        nothing = "It is over already: u brings it back, d dismisses it." if is_over else NOTHING_LOST
        said = [self.style(clean(text), role) for text, role in lines or [(nothing, "muted")]]
        self._told.update(Text("\n").join(said))
        self._is_known = True
        if self._is_wanted and not lines:
            self.dismiss(Ending.KILL)

    def _loss(self, session: Session) -> list[tuple[str, str]]:
        lines: list[tuple[str, str]] = []
        sentences = self._losses.get(session.session_id, ())
        if sentences and self._is_many:
            lines.append((name_of(session), "text bold"))
        lines += [(f"  {sentence}" if self._is_many else sentence, "failed") for sentence in sentences]
        return lines

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Several are not ended, or forgotten, by one letter."""
        return not (self._is_many and action in {"end", "detach"})

    def action_end(self) -> None:
        """End it, once it stands there what that means; where nothing is lost, an earlier yes counts too."""
        self._is_wanted = True
        if self._is_known:
            self.dismiss(Ending.KILL)

    def action_detach(self) -> None:
        """Forget it and leave tmux alone."""
        self.dismiss(Ending.DETACH)

    def _typed(self) -> None:
        is_agreed = self._number.value == str(len(self._sessions))
        if self._is_known or not is_agreed:
            self.dismiss(Ending.KILL if is_agreed else None)
