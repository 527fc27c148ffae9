"""Taking the terminal, giving it back, and letting go of one that is gone."""

from __future__ import annotations

import asyncio
import os
import signal
import termios
from contextlib import suppress
from typing import TYPE_CHECKING

from textual.drivers.linux_driver import LinuxDriver

from quarterdeck.tui.textual_internals import paint_on_terminal

if TYPE_CHECKING:
    from textual.app import App


GIVEN_BACK = (
    b"\x18"  # whatever sequence was cut off is none
    b"\x1b[?2026l\x1b[?2004l\x1b[?7h\x1b[?2048l\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l"
    b"\x1b[<u\x1b[0m\x1b[?1049l\x1b[?25h\x1b[?1004l"
)
"""What `stop_application_mode` writes, and what it need not, since it never stops in the middle of a frame."""


class EndingDriver(LinuxDriver):
    """Textual's own driver, which ends also when its terminal was closed.

    With the terminal gone nothing can be written: the thread that writes has ended, and whoever hands it more waits for
    ever; and the thread that reads is told to end only after such a write, so it reads nothing as fast as it can
    (Textual 8.2.8).
    """

    def __init__(
        self, app: App[object], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        paint_on_terminal(self)
        self.app = app
        self.holds_terminal = False
        """Whether the terminal is in our modes."""
        self._is_stopped = False
        """Whether we are to take the terminal when we go on."""
        signal.signal(signal.SIGTSTP, self._stop)
        signal.signal(signal.SIGCONT, self._go_on)

    def start_application_mode(self) -> None:
        """Take the terminal; in the background that does nothing, and we are told to go on once more."""
        self.holds_terminal = True
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self.holds_terminal = self.attrs_before is not None or not os.isatty(self.fileno)

    def stop_application_mode(self) -> None:
        """Give it back."""
        super().stop_application_mode()
        self.holds_terminal = False
        self.attrs_before = None

    def give_back(self) -> None:
        """Give it back although the loop, or the thread that writes, may never go on."""
        if not self.holds_terminal:
            return
        self.holds_terminal = False
        if self.attrs_before is not None:
            with suppress(termios.error):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)
        with suppress(OSError):
            os.write(self.fileno, GIVEN_BACK)

    def write(self, data: str) -> None:
        """Write to the terminal, as long as there is one."""
        if os.isatty(self.fileno):
            super().write(data)

    def _stop(self, *_: object) -> None:
        """Stop, as soon as the terminal is given back."""
        # Not from within a signal: it may have come while the writer's queue was locked, or in the middle of going on.
        asyncio.get_running_loop().call_soon_threadsafe(self._stop_now)

    def _stop_now(self) -> None:
        if self.holds_terminal:
            self.suspend_application_mode()
            self._is_stopped = True
        os.kill(os.getpid(), signal.SIGSTOP)

    def _go_on(self, *_: object) -> None:
        """Go on after a stop.

        The kernel says SIGCONT also when it hangs a terminal up, and tmux to a pane that something has stopped. Textual
        would start the threads that read and write once more: two would share the keys, and one would never end.
        """
        if os.isatty(self.fileno):
            # As above.
            asyncio.get_running_loop().call_soon_threadsafe(self._enter_again)

    def _enter_again(self) -> None:
        """Set the terminal's modes anew, for who stopped us may have changed them."""
        if self.holds_terminal:
            self.suspend_application_mode()
        elif not self._is_stopped:
            return
        self.resume_application_mode()
        self._is_stopped = not self.holds_terminal
        # The terminal comes back blank, and at the same size nothing would be painted but what changes.
        self.app.refresh(layout=True)

    def disable_input(self) -> None:
        """Read no more keys."""
        super().disable_input()
        if not os.isatty(self.fileno):
            self.exit_event.set()

    def close(self) -> None:
        """Let go of the terminal."""
        if os.isatty(self.fileno):
            super().close()
