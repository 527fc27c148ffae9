"""A message to one session or to several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.widgets import Static

from quarterdeck.core.text import clean, listed
from quarterdeck.tui.rows.mark import Kind, kind_of
from quarterdeck.tui.rows.session_row import name_of
from quarterdeck.tui.screens.dialog import Dialog
from quarterdeck.tui.widgets.text_box import TextBox

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.widget import Widget

    from quarterdeck.core.session import Session
    from quarterdeck.tui.screen_context import ScreenContext

NAMES_SHOWN = 4


def names(sessions: Sequence[Session]) -> str:
    """`a`, `a, b and c`, or the first few and how many more."""
    return first_of([name_of(session) for session in sessions])


def first_of(said: Sequence[str]) -> str:
    """The same of names that are known already."""
    if len(said) > NAMES_SHOWN:
        return f"{', '.join(said[: NAMES_SHOWN - 1])} and {len(said) - NAMES_SHOWN + 1} more"
    return listed(said)


class MessageScreen(Dialog[str]):
    """Answers the text, or None."""

    AUTO_FOCUS = "#writing"
    keys = (("Enter", "send"), ("Ctrl+J", "new line"), ("Esc", "back"))

    def __init__(self, context: ScreenContext, sessions: Sequence[Session]) -> None:
        super().__init__(context)
        self._sessions = sessions
        self.heading = f"Message to {names(sessions) if len(sessions) <= NAMES_SHOWN else f'{len(sessions)} sessions'}"
        if len(sessions) > 1:
            self.keys = (("Enter", f"send to all {len(sessions)}"), *self.keys[1:])

    def body(self) -> Iterable[Widget]:
        """What to know before, then the text."""
        busy = [session for session in self._sessions if kind_of(session) is Kind.WORKS]
        waiting = sum(session.held_messages for session in self._sessions)
        asking = [session for session in self._sessions if kind_of(session) is Kind.ASKS]
        if len(self._sessions) > NAMES_SHOWN:
            yield Static(self.style(clean(", ".join(map(name_of, self._sessions)))), id="recipients")
        if waiting:
            verb = "waits" if waiting == 1 else "wait"
            yield Static(self.style(f"{waiting} earlier {verb} still: M shows what, and lets you change it.", "muted"))
        if busy:
            verb = "works" if len(busy) == 1 else "work"
            yield Static(self.style(f"{names(busy)} {verb}: the message waits until the turn is over.", "muted"))
        if asking:
            verb = "asks" if len(asking) == 1 else "ask"
            said = f"{names(asking)} {verb}: the message waits until that is answered (y)."
            yield Static(self.style(said, "asks"))
        yield TextBox(css_id="writing")

    @on(TextBox.Submitted)
    def _submitted(self, event: TextBox.Submitted) -> None:
        if event.text.strip():
            self.dismiss(event.text)
