"""What every dialog looks like: a box with a title, a body, and a line of keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from quarterdeck.core.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.app import ComposeResult
    from textual.widget import Widget

    from quarterdeck.tui.app import ConsoleApp

Answer = TypeVar("Answer")
TALL = 24


class Dialog(ModalScreen[Answer]):
    """A dialog of the console. Esc leaves it; nothing has happened then."""

    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "back")]
    heading = ""
    """What it is about; foreign text is cleaned."""
    keys: Sequence[tuple[str, str]] = (("Esc", "back"),)
    """The line at its foot."""

    def __init__(self, console: ConsoleApp) -> None:
        super().__init__()
        self.console_app = console

    def compose(self) -> ComposeResult:
        """The box and what stands in it."""
        with Vertical(id="box"):
            yield Static(Text(clean(self.heading)), id="heading")
            with VerticalScroll(id="inside", can_focus=False):
                yield from self.body()
            yield Static(self._key_line(), id="keys")

    def on_resize(self) -> None:
        """A low screen has no lines to give away."""
        self.set_class(self.app.size.height < TALL, "-short")

    def body(self) -> Iterable[Widget]:
        """What stands between heading and keys."""
        return ()

    def _key_line(self) -> Text:
        style = self.console_app.colours.style
        line = Text(no_wrap=True, overflow="ellipsis")
        for key, label in self.keys:
            line.append(key, style("accent bold", "surface"))
            line.append(f" {label}  ", style("muted", "surface"))
        return line

    def style(self, text: str, role: str = "text") -> Text:
        """A piece of text of the dialog in a role of the theme."""
        return Text(text, style=self.console_app.colours.style(role, "surface"))

    def action_leave(self) -> None:
        """Back, with nothing done."""
        self.dismiss(None)
