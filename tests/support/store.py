"""Ready-made sightings, sessions and a store for tests."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from quarterdeck.config.settings import Events
from quarterdeck.core.pane import TmuxSessionId
from quarterdeck.core.place_match import SeenPlace
from quarterdeck.core.session import Session, SessionId, ThoughtSource
from quarterdeck.core.thought import ThoughtSnapshot, ThoughtUpdate
from quarterdeck.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

SERVER = "/tmp/tmux-0/default"
RUN = "100:1700000000"
NEXT_RUN = "200:1700009999"
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class HandClock:
    """A clock that only moves when it is told to."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@contextlib.asynccontextmanager
async def open_store(
    path: Path, clock: HandClock | None = None, *, busy_timeout: float = 0.3
) -> AsyncIterator[SqliteStore]:
    """A store that does not wait long for anybody unless told, at a noon that never passes."""
    async with SqliteStore(
        path, clock=clock or HandClock(), busy_timeout=busy_timeout, retry_every=0.05, keep_days=Events().keep_days
    ) as store:
        yield store


def audit_trail(path: Path, session_id: str) -> list[dict[str, Any]]:
    """The trail of a session's own reports, oldest first, read past the store."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        query = "SELECT body FROM report_audit WHERE session_id = ? ORDER BY id"
        return [json.loads(body) for (body,) in database.execute(query, (session_id,))]


def seen_session(number: int, name: str | None = None) -> SeenPlace:
    return SeenPlace(TmuxSessionId(f"${number}"), f"name-{number}" if name is None else name, 1_700_000_000 + number)


def session(number: int, name: str | None = None, *, incarnation: str = RUN, session_id: str | None = None) -> Session:
    seen = seen_session(number, name)
    return Session(
        session_id=SessionId(session_id or f"sess_{number}"),
        tmux_name=seen.name,
        tmux_server=SERVER,
        tmux_id=seen.tmux_id,
        incarnation=incarnation,
        last_activity_at=NOON,
    )


def thought(key: str, text: str | None, seq: int = 0, stream: str | None = None, minute: int = 0) -> ThoughtUpdate:
    return ThoughtUpdate(
        session_id=key,
        snapshot=ThoughtSnapshot(
            thought=text,
            thought_source=ThoughtSource.LLM,
            updated_at=NOON + timedelta(minutes=minute),
            stream_instance_id=stream,
            emission_seq=seq,
        ),
    )


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process in the middle of a write that takes long."""
    other = sqlite3.connect(path, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
    finally:
        other.close()
