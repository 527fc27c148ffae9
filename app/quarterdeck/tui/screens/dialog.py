"""What every dialog looks like: a box with a title, a body, and a line of keys; or a page to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.renderables.background_screen import BackgroundScreen
from textual.screen import ModalScreen
from textual.widgets import Static

from quarterdeck.core.text import cell_width, clean
from quarterdeck.tui.widgets.line import ScrollingLines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType
    from textual.app import ComposeResult
    from textual.color import Color
    from textual.widget import Widget

    from quarterdeck.tui.screen_context import ScreenContext

Answer = TypeVar("Answer")
Keys = tuple[tuple[str, str], ...]
"""Keys and what they do, as the line at the foot has them."""
TALL_DIALOG = 24
WIDE_DIALOG = 100
"""Below this width a page has the whole screen: what is left beside it says nothing."""
MOST_LINES, LEAST_LINES = 24, 3
"""Of a list."""
HEIGHT = 0.94
"""Of the screen, which a dialog has at most; the style sheet has the same."""
_FAINT = Style(dim=True, bold=False, reverse=False)


class Faint(BackgroundScreen):
    """What stands behind a dialog where no colour can be mixed: the terminal's own are only names."""

    @classmethod
    def process_segments(cls, segments: Iterable[Segment], color: Color) -> Iterable[Segment]:
        """Each piece of it, dimmed."""
        for text, style, control in super().process_segments(segments, color):
            yield Segment(text, style if control else (style or Style.null()) + _FAINT, control)


def field(label: str, *widgets: Widget) -> Vertical:
    """A field of a form: its label at the left, and what it is filled in with."""
    return Vertical(Static(label, classes="label", markup=False), *widgets, classes="field")


def fitting(keys: Sequence[tuple[str, str]], width: int) -> list[tuple[str, str]]:
    """The keys there is room for, the first ones first; what leads out is always among them."""
    costs = [cell_width(f"{key} {label}  ") for key, label in keys]
    room = width + 2 - sum(cost for cost, (key, _) in zip(costs, keys, strict=True) if "Esc" in key)
    shown = []
    for cost, (key, label) in zip(costs, keys, strict=True):
        if "Esc" not in key:
            room -= cost
            if room < 0:
                continue
        shown.append((key, label))
    return shown


class Dialog(ModalScreen[Answer]):
    """A dialog of the console. Esc leaves it; nothing has happened then."""

    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "back")]
    heading = ""
    """What it is about; foreign text is cleaned."""
    keys: Keys = (("Esc", "back"),)
    """The line at its foot."""

    def __init__(self, context: ScreenContext) -> None:
        super().__init__()
        self.context = context
        self._room = 0
        """Cells for the line of keys; 0 until it is known."""

    def compose(self) -> ComposeResult:
        """The box and what stands in it."""
        with VerticalScroll(id="box", can_focus=False):
            yield Static(Text(clean(self.heading)), id="heading")
            with Vertical(id="inside"):
                yield from self.body()
            yield Static(self._key_line(), id="keys")

    def render(self) -> RenderableType:
        """What stands behind it."""
        behind = super().render()
        if isinstance(behind, BackgroundScreen) and self.context.colours.terminal:
            return Faint(behind.screen, behind.color)
        return behind

    def on_resize(self) -> None:
        """A low screen has no lines to give away, and a narrow one no columns."""
        self.set_class(self.app.size.height < TALL_DIALOG, "-short")
        self.set_class(self.app.size.width < WIDE_DIALOG, "-narrow")
        self.call_after_refresh(self._fit_keys)

    def _fit_keys(self) -> None:
        foot = self.query_one("#keys", Static)
        if foot.size.width != self._room:
            self._room = foot.size.width
            self.show_keys()

    def body(self) -> Iterable[Widget]:
        """What stands between heading and keys."""
        return ()

    def show_keys(self, keys: Keys | None = None) -> None:
        """Paint the line of keys anew, with others where there are others."""
        self.keys = self.keys if keys is None else keys
        self.query_one("#keys", Static).update(self._key_line())

    def _key_line(self) -> Text:
        style = self.context.colours.style
        line = Text(no_wrap=True, overflow="ellipsis")
        for key, label in fitting(self.keys, self._room or self.app.size.width):
            line.append(key, style("accent bold", "surface"))
            line.append(f" {label}  ", style("muted", "surface"))
        return line

    def style(self, text: str, role: str = "text") -> Text:
        """A piece of text of the dialog in a role of the theme."""
        return Text(text, style=self.context.colours.style(role, "surface"))

    def lines_for_list(self, beside: int) -> int:
        """The lines a list may take on this screen where so many are the rest of the dialog's."""
        return max(LEAST_LINES, min(MOST_LINES, int(self.app.size.height * HEIGHT) - beside))

    def action_leave(self) -> None:
        """Back, with nothing done."""
        self.dismiss(None)


class Page(Dialog[None]):
    """A page to read, as large as the screen allows."""

    DEFAULT_CLASSES = "-page"
    AUTO_FOCUS = "#lines"
    keys: Keys = (("j k", "scroll"), ("Esc", "back"))

    def __init__(self, context: ScreenContext) -> None:
        super().__init__(context)
        self.lines = ScrollingLines(context.colours)

    def body(self) -> Iterable[Widget]:
        """The lines."""
        yield self.lines
