"""The ways there are on this machine to tell the operator something."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING, NamedTuple, Protocol, TextIO

from quarterdeck.core.notice import Channel, Message, NoticeRules, terminal_sequence
from quarterdeck.core.session import Need
from quarterdeck.errors import ProgramError, ProgramFailed
from quarterdeck.process import run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from quarterdeck.config.settings import Notify

TIMEOUT = 10.0
APPLE_SCRIPT = ("on run argv", "display notification (item 1 of argv) with title (item 2 of argv)", "end run")
"""The words are arguments, so that nothing in them is ever run."""


class Notifier(Protocol):
    """One way to tell the operator something."""

    is_shared: bool
    """Whether one message is enough for every console and `watch` together."""

    async def tell(self, message: Message) -> None:
        """Tell it; raises QuarterdeckError when that cannot be done, and never takes long."""


class Told(NamedTuple):
    """Something the operator is told although they did not ask: words, a ring, or what the terminal is to do."""

    title: str
    body: str = ""
    rings: bool = False
    sequence: str = ""
    """A control sequence of our own making, to be written to the terminal as it is."""


def notice_rules(notify: Notify) -> NoticeRules:
    """What the operator set, as the middle goes by it."""
    kinds = {
        Need.PERMISSION: notify.permission,
        Need.QUESTION: notify.question,
        Need.FINISHED: notify.finished,
        Need.ERROR: notify.error,
    }
    return NoticeRules(
        channels={need: tuple(map(Channel, names)) for need, names in kinds.items()},
        quiet_hours=notify.quiet_hours,
        together=notify.together_seconds,
    )


class DesktopChannel:
    """The desktop's own notifications; where there is no desktop, the terminal's."""

    is_shared = True

    def __init__(self, write: Callable[[str], None] | None = None, environ: Mapping[str, str] = os.environ) -> None:
        self.write = write
        """Writes a control sequence to the terminal we run in."""
        self._environ = environ

    async def tell(self, message: Message) -> None:
        """Show it outside the terminal, or have the terminal show it."""
        argv = self._argv(message)
        if argv is not None:
            try:
                if (await run(argv, timeout=TIMEOUT)).ok:
                    return
            except ProgramError:
                # There may be a program and no desktop it could reach; then the terminal is asked.
                pass
        if self.write is None:
            raise ProgramFailed(
                "There is no desktop to notify.", hint="Needed is notify-send or osascript, or a console that is open."
            )
        in_tmux = bool(self._environ.get("TMUX"))
        is_iterm = "iTerm" in self._environ.get("LC_TERMINAL", self._environ.get("TERM_PROGRAM", ""))
        self.write(terminal_sequence(message, in_tmux=in_tmux, is_iterm=is_iterm))

    def _argv(self, message: Message) -> Sequence[str] | None:
        if sys.platform == "darwin":
            script = [part for line in APPLE_SCRIPT for part in ("-e", line)]
            return ["osascript", *script, "--", message.body, message.title]
        if shutil.which("notify-send", path=self._environ.get("PATH")) is None:
            return None
        import html

        # Desktops read markup in the body.
        return ["notify-send", "--app-name=quarterdeck", "--", message.title, html.escape(message.body, quote=False)]


class CommandChannel:
    """Any program: title and words on its standard input, what it is about in its environment."""

    is_shared = True

    def __init__(self, argv: Sequence[str]) -> None:
        self._argv = argv

    async def tell(self, message: Message) -> None:
        """Run it."""
        if not self._argv:
            raise ProgramFailed("notify.command is empty.", hint="Set it in the settings (,).")
        environment = {
            "QUARTERDECK_NOTICE_SESSIONS": " ".join(each.session_id for each in message.notices),
            "QUARTERDECK_NOTICE_NEEDS": " ".join(each.need for each in message.notices),
        }
        result = await run(
            self._argv, timeout=TIMEOUT, input=f"{message.title}\n{message.body}\n", env=environment, limit_bytes=65_536
        )
        if not result.ok:
            raise ProgramFailed(f"{self._argv[0]} ended with code {result.code}.")


class ConsoleChannel:
    """A channel that the console itself is: it shows, or rings."""

    is_shared = False

    def __init__(self, show: Callable[[Message], None]) -> None:
        self._show = show

    async def tell(self, message: Message) -> None:
        """Show it."""
        self._show(message)


def in_console(channels: dict[Channel, Notifier], listener: Callable[[Told], None]) -> None:
    """Have a console show and ring, and its terminal stand in for a desktop."""
    channels[Channel.TOAST] = ConsoleChannel(lambda message: listener(Told(message.title, message.body)))
    channels[Channel.BELL] = ConsoleChannel(lambda message: listener(Told(message.title, rings=True)))
    channels[Channel.DESKTOP] = DesktopChannel(lambda sequence: listener(Told("", sequence=sequence)))


def in_terminal(channels: dict[Channel, Notifier], stream: TextIO) -> None:
    """Have a terminal that no console draws on ring, and stand in for a desktop."""

    def write(text: str) -> None:
        stream.write(text)
        stream.flush()

    channels[Channel.BELL] = ConsoleChannel(lambda _: write("\a"))
    channels[Channel.DESKTOP] = DesktopChannel(write)
