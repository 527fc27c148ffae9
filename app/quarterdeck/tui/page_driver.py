"""Writing to a page of a browser, and letting go of it when nobody serves it any more."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from textual.drivers.web_driver import WebDriver
from textual.events import Resize
from textual.geometry import Size
from textual.messages import ExitApp

if TYPE_CHECKING:
    from textual.app import App
    from textual.theme import Theme

NO_MOUSE = "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l"


class PageDriver(WebDriver):
    """Textual's own driver for a page, mended (Textual 8.2.8)."""

    def __init__(
        self, app: App[object], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self.app = app
        self.has_mouse = mouse

    def start_application_mode(self) -> None:
        """Begin, with the mouse only where it is wanted, and the page's edge in the ground of the theme."""
        super().start_application_mode()
        if not self.has_mouse:
            self.write(NO_MOUSE)
        self.app.theme_changed_signal.subscribe(self.app, self._take_ground, immediate=True)
        self._take_ground(self.app.current_theme)

    def _take_ground(self, theme: Theme) -> None:
        """Let what lies beside the characters, which nobody paints, look like what lies behind them."""
        ground = theme.background or ""
        self.write(f"\x1b]11;{ground}\x1b\\" if ground.startswith("#") else "\x1b]111\x1b\\")

    def on_meta(self, packet_type: str, payload: dict[str, object]) -> None:
        """Tell of a size once more after the one we began with, which Textual's own may overtake and so lose."""
        super().on_meta(packet_type, payload)
        match packet_type, payload:
            case "resize", {"width": int(width), "height": int(height)}:
                size = Size(width, height)
                self.send_message(Resize(size, size))

    def run_input_thread(self) -> None:
        """Read what the page says; with its end, whoever served it is gone, and so shall we be."""
        super().run_input_thread()
        if not self.exit_event.is_set():
            self.app.post_message(ExitApp())

    def write(self, data: str) -> None:
        """Write to the page, as long as somebody hands it on."""
        with suppress(BrokenPipeError):
            super().write(data)

    def write_meta(self, data: dict[str, object]) -> None:
        """Say something about the page, as long as somebody listens."""
        with suppress(BrokenPipeError):
            super().write_meta(data)
