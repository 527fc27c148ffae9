"""The console: a Textual app around one main screen, with the supervisor as its one long-lived worker."""

from __future__ import annotations

import asyncio
import gc
import locale
import logging
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.filter import ANSIToTruecolor
from textual.worker import WorkerFailed

from quarterdeck.core.text import cell_width, clean, clean_lines
from quarterdeck.errors import QuarterdeckError, SettingsError
from quarterdeck.ports.clock import Clock, SystemClock
from quarterdeck.shutdown import BY_SIGNAL, Shutdown
from quarterdeck.tui import actions, theme
from quarterdeck.tui.action_handlers import COMMANDS
from quarterdeck.tui.keys_in_turn import KeysInTurn
from quarterdeck.tui.screen_context import ScreenContext
from quarterdeck.tui.screens.main import MainScreen
from quarterdeck.tui.terminal_driver import EndingDriver
from quarterdeck.tui.textual_internals import OpenApp
from quarterdeck.tui.theme import ThemeWatch
from quarterdeck.tui.widgets.line import AsciiOnly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from rich.console import RenderableType
    from textual.driver import Driver
    from textual.filter import LineFilter
    from textual.geometry import Size
    from textual.notifications import Notification, Notify

    from quarterdeck.supervisor.notifications import Told
    from quarterdeck.tui.backend import Backend

logger = logging.getLogger(__name__)
TOASTS_SHARE = 0.3
"""Of the lines above the foot line, toasts have so much; the style sheet has the same."""
BESIDE_TOAST = 4
"""Cells of a line of a toast that are not the words'."""
OVER = float("-inf")
"""The seconds a toast is shown for that is to go at once."""
LEAST_FRAME_SECONDS = 1 / 15
"""Between two looks at a fleet that never rests; an eye sees no difference, and a busy machine does."""


class ConsoleApp(KeysInTurn, OpenApp):
    """The operator console."""

    TITLE = "quarterdeck"
    CSS_PATH = "screens/main.tcss"
    """Here, because Textual does not load the style sheet of a default screen."""
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, backend: Backend, clock: Clock | None = None, shutdown: Shutdown | None = None) -> None:
        preferences = backend.preferences
        wants_no_colour = bool(os.environ.get("NO_COLOR"))
        super().__init__(ansi_color=True if wants_no_colour else None)
        self.animation_level = "none"
        self._backend = backend
        self.shutdown = shutdown or Shutdown()
        self._complaints: list[QuarterdeckError] = []
        self._toasts: list[Notification] = []
        has_few_colours = self.console.color_system == "standard"
        named = theme.TERMINAL_THEME if wants_no_colour or has_few_colours else preferences.theme
        self.context = ScreenContext(
            app=self,
            backend=backend,
            clock=clock or SystemClock(),
            preferences=preferences,
            keys=self._resolve_keys(preferences.keys),
            ascii_only=preferences.ascii_only or "UTF" not in locale.getpreferredencoding(False).upper(),
            colours=self._take_up(self._load_theme(named)),
            trouble=backend.trouble(),
            use_theme=self.use_theme,
            look_again=self.look_again,
        )
        self.main = MainScreen(self.context, COMMANDS)
        self.theme_watch = ThemeWatch(self, backend.themes_folder, self.use_theme, self.context.tell)
        self.repaint = Repaint(self, self.main.sync)
        self._unsubscribe: Callable[[], None] = lambda: None

    def _take_up(self, chosen: theme.Theme) -> theme.Theme:
        """Give the theme to Textual, as this terminal can show it."""
        if self.console.color_system == "256":
            chosen = chosen.of_256()
        # Unwatched, for each of them would have all styles worked out anew.
        self.set_reactive(App.ansi_theme_dark if chosen.dark else App.ansi_theme_light, chosen.for_terminal())
        self.register_theme(chosen.for_textual())
        self.set_reactive(App.theme, chosen.name)
        self.stylesheet.set_variables(self.get_css_variables())
        self._truecolour = ANSIToTruecolor(self.ansi_theme)
        return chosen

    def _resolve_keys(self, wanted: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        try:
            return actions.resolve(wanted)
        except SettingsError as error:
            self._complaints.append(error)
            return actions.resolve({})

    def _load_theme(self, name: str) -> theme.Theme:
        """The theme of this name; the usual one where there is none, with a complaint for later."""
        try:
            return theme.load(name, self._backend.themes_folder)
        except SettingsError as error:
            self._complaints.append(error)
            return theme.load_packaged(theme.DEFAULT_THEME)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What every line goes through on its way to the terminal."""
        filters = [each for each in super().get_line_filters() if not isinstance(each, ANSIToTruecolor)]
        if not self.native_ansi_color:
            # Textual's own still goes by the theme it began with.
            filters.insert(0, self._truecolour)
        if self.context.ascii_only:
            filters.append(AsciiOnly())
        return filters

    def get_default_screen(self) -> MainScreen:
        """The one screen that is always there."""
        return self.main

    def get_driver_class(self) -> type[Driver]:
        """Textual's choice, mended where it is the one for a terminal."""
        chosen = super().get_driver_class()
        return EndingDriver if chosen is LinuxDriver else chosen

    def on_mount(self) -> None:
        """Start supervising once the first frame is on its way."""
        self._unsubscribe = self._backend.subscribe(self.repaint.ask)
        self._backend.on_notice(self.tell)
        if not self.is_headless:
            self.listen()
        self.call_after_refresh(self._start)

    def _start(self) -> None:
        # Whoever starts us may hold the collector back until now. What was made so far stays, and is not searched.
        gc.freeze()
        gc.enable()
        self.main.furnish()
        self.theme_watch.follow(self.context.colours.name)
        for error in self._complaints:
            self.context.tell(error)
        if self.context.trouble is None:
            self.run_worker(self._supervise(), name="supervisor", exit_on_error=True)

    async def _supervise(self) -> None:
        try:
            await self._backend.run()
        except QuarterdeckError as error:
            logger.warning("supervising stopped: %s", error.message)
            self.context.trouble = error
            self.main.sync()

    def on_notify(self, event: Notify) -> None:
        """Make room for a toast."""
        self._toasts = make_room(self._toasts, event.notification, self.size)

    def on_app_focus(self) -> None:
        """The operator is back, perhaps from setting something up."""
        self.main.card.look_again()

    def listen(self) -> None:
        """End when a signal says so."""
        self.shutdown.give_back = self._give_back
        self.shutdown.listen(lambda number: self.exit(BY_SIGNAL + number))

    def _give_back(self) -> None:
        if isinstance(self.driver, EndingDriver):
            self.driver.give_back()

    def exit(self, result: int | None = None, return_code: int = 0, message: RenderableType | None = None) -> None:
        """End, and soon, whatever goes on."""
        if not self.is_headless:
            self.shutdown.begin(result or return_code)
        super().exit(result, return_code, message)

    def on_unmount(self) -> None:
        """Let go of the fleet."""
        self._unsubscribe()

    def tell(self, told: Told) -> None:
        """Show, or sound, what the operator did not ask for."""
        if told.sequence:
            if self.driver is not None:
                self.driver.write(told.sequence)
        elif told.rings:
            self.bell()
        else:
            self.notify(clean_lines(told.body), title=clean(told.title), markup=False)

    def look_again(self) -> None:
        """Look at tmux now; after trouble, start over."""
        if self.context.trouble is not None:
            self.context.trouble = self._backend.trouble()
            self._complaints = []
            self.main.sync()
            self._start()
        else:
            self.context.do(lambda opened: opened.actions.look_now())

    def use_theme(self, chosen: theme.Theme) -> None:
        """Paint everything in another theme."""
        self.context.colours = self._take_up(chosen)
        # Also when it goes by the same name: its file may have changed.
        self.mutate_reactive(App.theme)
        self.main.use(self.context.colours)
        self.theme_watch.follow(chosen.name)

    @contextmanager
    def batch_update(self) -> Iterator[None]:
        """Hold updates back, and ask for them afterwards, which Textual does not while it starts (8.2.8)."""
        try:
            with super().batch_update():
                yield
        finally:
            self.screen.check_idle()

    def crashed(self, error: BaseException | None) -> None:
        """Leave with one sentence; the traceback, without local variables, goes to the log."""
        if isinstance(error, WorkerFailed):
            error = error.error
        logger.critical("the console stopped", exc_info=error)
        name = type(error).__name__ if error is not None else "an unknown error"
        self.bell()
        said = f"The console stopped on an internal error ({name}). The log has the details; your sessions go on."
        self.panic(Text(said))


class Repaint:
    """Shows what changed: at once after a rest, and in a stream of changes only so often."""

    def __init__(self, app: App[int], show: Callable[[], None]) -> None:
        self._app = app
        self._show = show
        self._shown_at = -LEAST_FRAME_SECONDS
        self.is_due = False
        """Whether changes wait to be shown."""

    def ask(self) -> None:
        """Something is different; a burst of these is one repaint."""
        if not self.is_due:
            self.is_due = True
            self._app.call_later(self._when_rested)

    def _when_rested(self) -> None:
        wait = LEAST_FRAME_SECONDS - (asyncio.get_running_loop().time() - self._shown_at)
        if wait > 0:
            self._app.set_timer(wait, self._repaint)
        else:
            self._repaint()

    def _repaint(self) -> None:
        self.is_due = False
        self._shown_at = asyncio.get_running_loop().time()
        self._show()


def make_room(known: Iterable[Notification], coming: Notification, screen: Size) -> list[Notification]:
    """End what says the same as the toast that comes, then the oldest until the rest has room, failures last.

    Answers those that stay, with the new one. Textual takes away what is over before it shows the one that comes.
    """
    said = (coming.title, coming.message, coming.severity)
    shown = [toast for toast in known if not toast.has_expired]
    others = [toast for toast in shown if (toast.title, toast.message, toast.severity) != said]
    room = int((screen.height - 1) * TOASTS_SHARE) - _lines(coming, screen.width)
    kept = sorted(others, key=lambda toast: toast.severity == "error")
    while kept and sum(_lines(toast, screen.width) for toast in kept) > room:
        kept.pop(0)
    for toast in shown:
        if toast not in kept:
            toast.timeout = OVER
    return [*(toast for toast in others if toast in kept), coming]


def _lines(toast: Notification, width: int) -> int:
    words = max(1, width - BESIDE_TOAST)
    return bool(toast.title) + sum(max(1, -(-cell_width(line) // words)) for line in toast.message.split("\n"))
