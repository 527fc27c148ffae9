"""Tells the operator when a session begins to need them: once for each need, and not while they look at it."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import sys
from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Protocol, TextIO

from msgspec import Struct

from quarterdeck.core import notice
from quarterdeck.core.events import CreatedReason, Health, SessionChanged, SessionCreated, SessionDeleted
from quarterdeck.core.session import ExitReason, Need
from quarterdeck.errors import ProgramError, ProgramFailed, QuarterdeckError
from quarterdeck.process import run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from quarterdeck.config.settings import Notify
    from quarterdeck.core.events import Event
    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.notice import Notice
    from quarterdeck.core.pane import Snapshot, TmuxSessionId
    from quarterdeck.core.session import Session, SessionId
    from quarterdeck.ports.clock import Clock

logger = logging.getLogger(__name__)

NOTICES_WORKER = "notices"
NEEDED_AGAIN_AFTER_SECONDS = 5.0
"""A need that goes away and comes back within so many seconds was the same one, redrawn."""

_OLD_NEWS = frozenset({CreatedReason.STARTUP_DISCOVERY, CreatedReason.RESTORED})


class _Told(Struct):
    """A need that was told, or was there before we were."""

    key: tuple[Need, str]
    gone_at: float | None = None
    """When it was last seen to be over."""


class Notifications(Struct, kw_only=True, dict=True, eq=False):
    """Hears of needs, and passes them on a moment later, several as one message."""

    fleet: Callable[[], Fleet]
    snapshot: Callable[[], Snapshot | None]
    clock: Clock
    rules: notice.NoticeRules
    report: Callable[[str, Health, str], None]
    is_writer: Callable[[], bool]

    def __post_init__(self) -> None:
        self.channels: dict[notice.Channel, Notifier] = {}
        """Those there are here; what is set and not there is passed over."""
        self._told: dict[SessionId, _Told] = {}
        self._begun: dict[SessionId, tuple[Need, str]] = {}
        self._ended: defaultdict[TmuxSessionId | None, list[Session]] = defaultdict(list)
        """The rows that ended by themselves, by the tmux session they shared with others."""
        self._wake = asyncio.Event()

    def note(self, event: Event) -> None:
        """Hear of what may be a need."""
        match event:
            case SessionCreated(session=session, reason=reason):
                key = notice.need_key(session)
                if key is not None and reason in _OLD_NEWS:
                    # It was told, or seen, before we were started.
                    self._told[session.session_id] = _Told(key)
                else:
                    self._needs(session)
            case SessionChanged(after=after):
                self._needs(after)
            case SessionDeleted(session=session, reason=reason):
                self._begun.pop(session.session_id, None)
                self._told.pop(session.session_id, None)
                if session.rows_in_session > 1 and reason is ExitReason.PROCESS_EXIT:
                    self._ended[session.tmux_id].append(session)
                    self._wake.set()
            case _:
                return

    def _needs(self, session: Session) -> None:
        session_id, key, now = session.session_id, notice.need_key(session), self.clock.monotonic()
        told = self._told.get(session_id)
        if key is None:
            self._begun.pop(session_id, None)
            if told is not None and told.gone_at is None:
                told.gone_at = now
            return
        if session.is_stale:
            return
        if told is not None and told.key == key:
            if told.gone_at is None or now - told.gone_at < NEEDED_AGAIN_AFTER_SECONDS:
                told.gone_at = None
                return
            del self._told[session_id]
        if self._begun.get(session_id) != key:
            self._begun[session_id] = key
            self._wake.set()

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await asyncio.sleep(self.rules.together)
            await self.tell_now()

    async def tell_now(self) -> None:
        """Pass on what has begun and still is so."""
        begun, self._begun = self._begun, {}
        fleet = self.fleet()
        snapshot = self.snapshot()
        looked_at = {client.pane_id for client in snapshot.clients} if snapshot else set()
        quiet = notice.is_quiet(self.rules.quiet_hours, self.clock.now().astimezone().time())
        wanted: dict[notice.Channel, list[Notice]] = defaultdict(list)
        for session_id, key in begun.items():
            session = fleet.sessions.get(session_id)
            if session is None or notice.need_key(session) != key:
                continue
            self._told[session_id] = _Told(key)
            if session.pane_id in looked_at:
                continue
            for channel in notice.channels_for(self.rules, key[0], quiet=quiet):
                wanted[channel].append(notice.notice_of(session, key[0]))
        messages = [(channel, notice.message_of(notices)) for channel, notices in wanted.items()]
        messages += [(notice.Channel.TOAST, message) for message in self._ends(fleet)]
        faults: list[str] = []
        for channel, message in messages:
            notifier = self.channels.get(channel)
            if notifier is None or (notifier.is_shared and not self.is_writer()):
                continue
            try:
                await notifier.tell(message)
            except QuarterdeckError as error:
                faults.append(error.message)
            except Exception as error:  # a boundary: a channel that breaks must not silence the others
                logger.exception("telling through %s failed", channel)
                faults.append(f"{type(error).__name__}: {error}")
        if messages:
            self.report(NOTICES_WORKER, Health.DEGRADED if faults else Health.HEALTHY, "; ".join(faults))

    def _ends(self, fleet: Fleet) -> list[notice.Message]:
        """One message for each tmux session that has ended with several rows."""
        ended, self._ended = self._ended, defaultdict(list)
        alive = {session.tmux_id for session in fleet.sessions.values() if not session.is_stale}
        return [notice.end_message(rows) for key, rows in ended.items() if key not in alive and len(rows) > 1]


TELL_SECONDS = 10.0
APPLE_SCRIPT = ("on run argv", "display notification (item 1 of argv) with title (item 2 of argv)", "end run")
"""The words are arguments, so that nothing in them is ever run."""


class Notifier(Protocol):
    """One way to tell the operator something."""

    is_shared: bool
    """Whether one message is enough for every console and `watch` together."""

    async def tell(self, message: notice.Message) -> None:
        """Tell it; raises QuarterdeckError when that cannot be done, and never takes long."""


class Told(NamedTuple):
    """Something the operator is told although they did not ask: words, a ring, or what the terminal is to do."""

    title: str
    body: str = ""
    rings: bool = False
    sequence: str = ""
    """A control sequence of our own making, to be written to the terminal as it is."""


def notice_rules(notify: Notify) -> notice.NoticeRules:
    """What the operator set, as the middle goes by it."""
    kinds = zip(Need, (notify.permission, notify.question, notify.finished, notify.error), strict=True)
    return notice.NoticeRules(
        channels={need: tuple(map(notice.Channel, names)) for need, names in kinds},
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

    async def tell(self, message: notice.Message) -> None:
        """Show it outside the terminal, or have the terminal show it."""
        # There may be a program and no desktop it could reach; then the terminal is asked.
        with suppress(ProgramError):
            if (argv := self._argv(message)) is not None and (await run(argv, timeout=TELL_SECONDS)).ok:
                return
        if self.write is None:
            raise ProgramFailed(
                "There is no desktop to notify.", hint="Needed is notify-send or osascript, or a console that is open."
            )
        in_tmux = bool(self._environ.get("TMUX"))
        is_iterm = "iTerm" in self._environ.get("LC_TERMINAL", self._environ.get("TERM_PROGRAM", ""))
        self.write(notice.terminal_sequence(message, in_tmux=in_tmux, is_iterm=is_iterm))

    def _argv(self, message: notice.Message) -> Sequence[str] | None:
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

    async def tell(self, message: notice.Message) -> None:
        """Run it."""
        if not self._argv:
            raise ProgramFailed("notify.command is empty.", hint="Set it in the settings (,).")
        environment = {
            "QUARTERDECK_NOTICE_SESSIONS": " ".join(each.session_id for each in message.notices),
            "QUARTERDECK_NOTICE_NEEDS": " ".join(each.need for each in message.notices),
        }
        result = await run(
            self._argv,
            timeout=TELL_SECONDS,
            input=f"{message.title}\n{message.body}\n",
            env=environment,
            limit_bytes=65_536,
        )
        if not result.ok:
            raise ProgramFailed(f"{self._argv[0]} ended with code {result.code}.")


class ConsoleChannel:
    """A channel that the console itself is: it shows, or rings."""

    is_shared = False

    def __init__(self, show: Callable[[notice.Message], None]) -> None:
        self._show = show

    async def tell(self, message: notice.Message) -> None:
        """Show it."""
        self._show(message)


def in_console(channels: dict[notice.Channel, Notifier], listener: Callable[[Told], None]) -> None:
    """Have a console show and ring, and its terminal stand in for a desktop."""
    channels[notice.Channel.TOAST] = ConsoleChannel(lambda message: listener(Told(message.title, message.body)))
    channels[notice.Channel.BELL] = ConsoleChannel(lambda message: listener(Told(message.title, rings=True)))
    channels[notice.Channel.DESKTOP] = DesktopChannel(lambda sequence: listener(Told("", sequence=sequence)))


def in_terminal(channels: dict[notice.Channel, Notifier], stream: TextIO) -> None:
    """Have a terminal that no console draws on ring, and stand in for a desktop."""

    def write(text: str) -> None:
        stream.write(text)
        stream.flush()

    channels[notice.Channel.BELL] = ConsoleChannel(lambda _: write("\a"))
    channels[notice.Channel.DESKTOP] = DesktopChannel(write)
