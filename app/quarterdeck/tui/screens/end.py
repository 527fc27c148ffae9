"""The dialog that ends sessions or forgets them, once it is seen what would be lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import Static

from quarterdeck.core.text import clean
from quarterdeck.tui.rows.session_row import Kind, kind_of, name_of
from quarterdeck.tui.screens.message import names
from quarterdeck.tui.screens.yes_or_no import YesOrNo
from quarterdeck.tui.widgets.field import Field

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.widget import Widget

    from quarterdeck.core.session import Session
    from quarterdeck.errors import QuarterdeckError
    from quarterdeck.tui.backend import OpenFleet
    from quarterdeck.tui.screen_context import ScreenContext

MOST_LOST = 12
"""Lines that are shown of what would be lost."""
NOTHING_LOST = "Nothing would be lost that we know of."


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
