"""Tells the operator when a session begins to need them: once for each need, and not while they look at it."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.events import CreatedReason, Health, SessionChanged, SessionCreated, SessionDeleted
from quarterdeck.core.notice import channels_for, is_quiet, message_of, need_key, notice_of
from quarterdeck.errors import QuarterdeckError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from quarterdeck.core.events import Event
    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.notice import Channel, Message, Notice, NoticeRules
    from quarterdeck.core.pane import Snapshot
    from quarterdeck.core.session import Need, Session, SessionId
    from quarterdeck.ports.clock import Clock
    from quarterdeck.supervisor.notice_channels import Notifier

logger = logging.getLogger(__name__)

NAME = "notices"
AGAIN_AFTER = 5.0
"""A need that goes away and comes back within so many seconds was the same one, redrawn."""

_OLD_NEWS = frozenset({CreatedReason.STARTUP_DISCOVERY, CreatedReason.RESTORED})


class _Told(Struct):
    """A need that was told, or was there before we were."""

    key: tuple[Need, str]
    gone_at: float | None = None
    """When it was last seen to be over."""


class Notifications:
    """Hears of needs, and passes them on a moment later, several as one message."""

    def __init__(
        self,
        *,
        fleet: Callable[[], Fleet],
        snapshot: Callable[[], Snapshot | None],
        clock: Clock,
        rules: NoticeRules,
        report: Callable[[str, Health, str], None],
        is_writer: Callable[[], bool],
    ) -> None:
        self.channels: dict[Channel, Notifier] = {}
        """Those there are here; what is set and not there is passed over."""
        self._fleet = fleet
        self._snapshot = snapshot
        self._clock = clock
        self._rules = rules
        self._report = report
        self._is_writer = is_writer
        self._told: dict[SessionId, _Told] = {}
        self._begun: dict[SessionId, tuple[Need, str]] = {}
        self._wake = asyncio.Event()

    def use(self, rules: NoticeRules) -> None:
        """Go by other rules from now on."""
        self._rules = rules

    def note(self, event: Event) -> None:
        """Hear of what may be a need."""
        match event:
            case SessionCreated(session=session, reason=reason):
                key = need_key(session)
                if key is not None and reason in _OLD_NEWS:
                    # It was told, or seen, before we were started.
                    self._told[session.session_id] = _Told(key)
                else:
                    self._needs(session)
            case SessionChanged(after=after):
                self._needs(after)
            case SessionDeleted(session=session):
                self._begun.pop(session.session_id, None)
                self._told.pop(session.session_id, None)
            case _:
                return

    def _needs(self, session: Session) -> None:
        session_id, key, now = session.session_id, need_key(session), self._clock.monotonic()
        told = self._told.get(session_id)
        if key is None:
            self._begun.pop(session_id, None)
            if told is not None and told.gone_at is None:
                told.gone_at = now
            return
        if session.is_stale:
            return
        if told is not None and told.key == key:
            if told.gone_at is None or now - told.gone_at < AGAIN_AFTER:
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
            await asyncio.sleep(self._rules.together)
            await self.tell_now()

    async def tell_now(self) -> None:
        """Pass on what has begun and still is so."""
        begun, self._begun = self._begun, {}
        fleet = self._fleet()
        snapshot = self._snapshot()
        looked_at = {client.pane_id for client in snapshot.clients} if snapshot else set()
        quiet = is_quiet(self._rules.quiet_hours, self._clock.now().astimezone().time())
        wanted: dict[Channel, list[Notice]] = defaultdict(list)
        for session_id, key in begun.items():
            session = fleet.sessions.get(session_id)
            if session is None or need_key(session) != key:
                continue
            self._told[session_id] = _Told(key)
            if session.pane_id in looked_at:
                continue
            for channel in channels_for(self._rules, key[0], quiet=quiet):
                wanted[channel].append(notice_of(session, key[0]))
        await self._deliver({channel: message_of(notices) for channel, notices in wanted.items()})

    async def _deliver(self, messages: Mapping[Channel, Message]) -> None:
        faults: list[str] = []
        for channel, message in messages.items():
            notifier = self.channels.get(channel)
            if notifier is None or (notifier.is_shared and not self._is_writer()):
                continue
            try:
                await notifier.tell(message)
            except QuarterdeckError as error:
                faults.append(error.message)
            except Exception as error:  # a boundary: a channel that breaks must not silence the others
                logger.exception("telling through %s failed", channel)
                faults.append(f"{type(error).__name__}: {error}")
        if messages:
            self._report(NAME, Health.DEGRADED if faults else Health.HEALTHY, "; ".join(faults))
