"""The store: every call of the port as one transaction on the database."""

from __future__ import annotations

import itertools
import json
import logging
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar

from quarterdeck.paths import private_folder
from quarterdeck.ports.clock import SystemClock
from quarterdeck.ports.store import Claim, StoreHealth
from quarterdeck.store import activity_log, identity, session_ids, sessions, tails, thoughts
from quarterdeck.store.database import BUSY_TIMEOUT, RETRY_EVERY, Database
from quarterdeck.store.engine import Later, Run, Write
from quarterdeck.store.glances import own_session_key, trouble_key
from quarterdeck.store.kept_rows import set_aside

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from quarterdeck.core.place_match import SeenPlace
    from quarterdeck.core.session import ExitReason, Session, SessionId
    from quarterdeck.core.thought import ThoughtSnapshot, ThoughtUpdate
    from quarterdeck.paths import Places
    from quarterdeck.ports.clock import Clock
    from quarterdeck.ports.store import Activity, ActivityQuery, Identity
    from quarterdeck.store.kept_rows import Known

logger = logging.getLogger(__name__)

T = TypeVar("T")

PRUNE_EVERY = 3600.0
PRUNED_AT = "store.pruned_at"


class SqliteStore:
    """Implements `ports.store.Store` on one SQLite file that any number of processes share."""

    def __init__(
        self,
        path: Path,
        *,
        clock: Clock | None = None,
        busy_timeout: float = BUSY_TIMEOUT,
        retry_every: float = RETRY_EVERY,
        keep_days: int | None = None,
    ) -> None:
        self.path = path
        self.database = Database(path, busy_timeout=busy_timeout, retry_every=retry_every)
        self._clock = clock or SystemClock()
        self._saved: dict[SessionId, Session] = {}
        self._saved_in = 0
        self._known_sessions: Known[Session] = {}
        self._known_thoughts: Known[ThoughtSnapshot] = {}
        self._numbers = itertools.count()
        self._pruned_at: float | None = None
        self._keep_days = keep_days
        """How long events are kept; None leaves it to others to remove what is old."""
        self._dropped = 0
        self._next_number = 0
        self._bad_rows = 0
        self._promised: dict[tuple[object, ...], SessionId] = {}
        """Identities given in memory, by the write that is to keep them."""

    async def __aenter__(self) -> Self:
        """Open the database; raises StoreTooNew."""
        await self.database.read(lambda connection: None)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def claim(self, server: str, incarnation: str, places: Sequence[SeenPlace]) -> dict[str, Identity]:
        """Give each seen place its identity, by its key."""
        now = self._now()
        asked = partial(identity.claim, server=server, incarnation=incarnation, now=now)

        def later(answer: dict[str, Identity]) -> Iterable[Later]:
            promised = {key: found.session_id for key, found in answer.items()}
            for one in places:
                if one.key in answer and answer[one.key].claim is Claim.NEW:
                    self._promised["claim", server, one.key] = promised[one.key]
                run = self._numbering(partial(asked, places=[one], given=promised))
                yield Later(("claim", server, one.key), run)

        run = self._numbering(partial(asked, places=places))
        meanwhile = self._numbering(partial(asked, places=places, is_provisional=True))
        answer = await self.database.write(Write(run, later=later, meanwhile=meanwhile, is_durable=True))
        self._seen(found.session_id for found in answer.values())
        return answer

    async def move(self, rows: Iterable[Session]) -> None:
        """Note where live rows are by now, and which have a pane of their own."""
        for row in rows:
            await self._write(("move", row.session_id), partial(identity.move, row=row))

    async def adopt(
        self,
        server: str,
        incarnation: str,
        place: SeenPlace,
        session_id: SessionId | None,
        *,
        is_restored: bool = False,
    ) -> Identity:
        """Bind a place to a stale identity (or a fresh one); raises Refused or NotFound with the reason."""
        asked = partial(identity.adopt, now=self._now(), is_restored=is_restored)
        return await self._numbered(lambda connection: asked(connection, server, incarnation, place, session_id))

    async def reserve(self, server: str, tmux_name: str, session_id: SessionId | None = None) -> SessionId:
        """Keep an identity, on disk, for a tmux session about to be made under this name."""
        now = self._now()
        given = await self._numbered(
            lambda connection: identity.reserve(connection, server, tmux_name, session_id, now)
        )
        self._seen([given])
        return given

    async def release(self, session_id: SessionId) -> None:
        """Give up an identity that was kept for a session which was not made after all."""
        await self._write(("release", session_id), partial(identity.release, session_id=session_id, now=self._now()))

    async def forget(self, session_id: SessionId, *, is_merged: bool = False) -> None:
        """Show a row no more, and never claim its place again unless it is merged into others."""
        run = partial(identity.forget, session_id=session_id, now=self._now(), is_merged=is_merged)
        await self.database.write(Write(run, is_durable=True))

    async def sessions(self, server: str | None = None) -> list[Session]:
        """Every kept session: live, stale and exited."""
        found, bad = await self.database.read(partial(sessions.read_all, server=server, known=self._known_sessions))
        await self._set_aside("sessions", bad)
        self._seen(one.session_id for one in found)
        return found

    async def checkpoint(self, observed: Iterable[Session]) -> None:
        """Save what changed of live sessions since this process last saved them."""
        if self._saved_in != self.database.engine.generation:
            self._saved_in = self.database.engine.generation
            self._saved.clear()
        changed = [one for one in observed if self._saved.get(one.session_id) != one]
        if changed:
            await self._write_each("session", changed, partial(sessions.checkpoint, now=self._now()))
            self._saved.update((one.session_id, one) for one in changed)
        await self._prune()

    async def stale(self, observed: Iterable[Session]) -> None:
        """Keep these identities for when a session of that name comes back."""
        await self._write_each("stale", self._leaving(observed), partial(sessions.put_away, now=self._now()))

    async def end(self, observed: Iterable[Session], reason: ExitReason, *, goes_on: bool = False) -> list[SessionId]:
        """Mark sessions as ended; answers those that were not yet."""
        run = partial(sessions.end, reason=reason, now=self._now(), goes_on=goes_on)
        return await self._write_each("end", self._leaving(observed), run)

    async def save_thought(self, update: ThoughtUpdate) -> ThoughtSnapshot | None:
        """Judge an update by the delivery rule and keep it; None when it was dropped."""
        return await self._write(("thought", update.session_id), partial(thoughts.save, update=update, now=self._now()))

    async def thoughts(self) -> dict[str, ThoughtSnapshot]:
        """The last accepted thought per key (session id or pane key)."""
        found, bad = await self.database.read(partial(thoughts.read_all, known=self._known_thoughts))
        await self._set_aside("thoughts", bad)
        return found

    async def thought_history(self, key: str, limit: int = 10) -> list[ThoughtSnapshot]:
        """The latest distinct thoughts, newest first."""
        return await self.database.read(partial(thoughts.history, key=key, limit=limit))

    async def save_tails(self, ends: Mapping[SessionId, str]) -> None:
        """Keep the last lines of sessions (with their colours)."""
        now = self._now()

        def later(_: None) -> Iterable[Later]:
            for session_id, text in ends.items():
                yield Later(("tail", session_id), partial(tails.save, ends={session_id: text}, now=now))

        await self.database.write(Write(partial(tails.save, ends=ends, now=now), later=later))

    async def tail(self, session_id: SessionId) -> str:
        """A session's last kept lines, "" when there are none."""
        return await self.database.read(partial(tails.read, session_id=session_id))

    async def record(self, activity: Activity) -> None:
        """Add to the activity log. Never raises into the operation it tells of."""
        run = partial(activity_log.record, activity=activity)
        waiting = Later(("event", next(self._numbers)), run, is_droppable=True)
        try:
            await self.database.write(Write(run, later=lambda _: [waiting]))
            await self._prune()
        except Exception:  # a boundary: the operation this tells of must not fail for its sake
            self._dropped += 1
            logger.exception("an event of kind %s could not be recorded", activity.kind)

    async def activity(self, query: ActivityQuery) -> list[Activity]:
        """The activity log, newest first (oldest first when `after_id` is given)."""
        return await self.database.read(partial(activity_log.find, query=query))

    async def has_work(self) -> bool:
        """Whether there is a record of spawned work."""
        query = "SELECT EXISTS (SELECT 1 FROM work)"
        return bool(await self.database.read(lambda connection: connection.execute(query).fetchone()[0]))

    async def get_meta(self, key: str) -> str | None:
        """A small value kept by name."""
        return await self.database.read(partial(tails.get_meta, key=key))

    async def console_session(self, server: str) -> str | None:
        """The session of a server that holds nothing but the console, or did when the console ended."""
        kept = await self.get_meta(own_session_key(server))
        return None if kept is None else kept.strip('"')

    async def set_meta(self, key: str, value: str | None) -> None:
        """Keep a small value by name; None removes it."""
        await self._write(("meta", key), partial(tails.set_meta, key=key, value=value))

    async def keep_troubles(self, server: str, troubles: Mapping[str, str]) -> None:
        """Keep what is not well with whoever watches a server, by what it is wrong with."""
        await self.set_meta(trouble_key(server), json.dumps(troubles) if troubles else None)

    async def note_heard(self, heard: Mapping[str, datetime]) -> None:
        """Keep when agents' hooks were heard, by the agents' keys; an earlier time than is kept changes nothing."""
        await self._write(("heard", *sorted(heard)), partial(tails.note_heard, heard=heard))

    async def changed_elsewhere(self) -> bool:
        """Whether another process wrote since this was last asked, or since this store was opened."""
        return await self.database.changed_elsewhere()

    def health(self) -> StoreHealth:
        """Whether what is kept reaches the disk now, and what went wrong."""
        engine = self.database.engine
        notices = [engine.notice] if engine.notice else []
        if self._bad_rows:
            notices.append(f"{self._bad_rows} stored rows could not be understood, and were set aside.")
        return StoreHealth(
            ok=not engine.is_degraded,
            pending=self.database.pending,
            error=engine.error,
            notice=" ".join(notices),
            # The store's thread may add to them meanwhile.
            unkept=frozenset(given for key, given in self._promised.copy().items() if key in engine.waiting),
            dropped=engine.dropped + self._dropped,
        )

    async def flush(self, timeout: float = 5.0) -> bool:
        """Wait until everything handed over is on disk; False when that took too long."""
        return await self.database.flush(timeout)

    async def close(self) -> None:
        """Write what is pending and let go of the file."""
        await self.database.close()

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _seen(self, ids: Iterable[SessionId]) -> None:
        self._next_number = max(
            [self._next_number, *(n + 1 for one in ids if (n := session_ids.number_of(one)) is not None)]
        )

    def _numbering(self, run: Run[T]) -> Run[T]:
        """The same with no number given that this process has seen in use, even in a database begun anew."""

        def numbered(connection: sqlite3.Connection) -> T:
            session_ids.raise_counter(connection, self._next_number)
            return run(connection)

        return numbered

    async def _numbered(self, run: Run[T]) -> T:
        return await self.database.write(Write(self._numbering(run), is_durable=True))

    def _leaving(self, observed: Iterable[Session]) -> list[Session]:
        leaving = list(observed)
        for one in leaving:
            self._saved.pop(one.session_id, None)
        return leaving

    async def _write(self, key: tuple[object, ...], run: Run[T]) -> T:
        return await self.database.write(Write(run, later=lambda _: [Later(key, run)]))

    async def _write_each(self, what: str, observed: list[Session], run: Callable[..., T]) -> T:
        """One transaction for all now; one for each when they have to wait, so that the latest of each is kept."""

        def later(_: T) -> Iterable[Later]:
            return [Later((what, one.session_id), partial(run, observed=[one])) for one in observed]

        return await self.database.write(Write(partial(run, observed=observed), later=later, is_durable=True))

    async def _set_aside(self, table: str, bad: list[tuple[str, str]]) -> None:
        if bad:
            self._bad_rows += len(bad)
            await self._write(("set aside", table), partial(set_aside, table=table, bad=bad, now=self._now()))

    async def _prune(self) -> None:
        """Remove what is too old, now and then; there is no hurry, so a full disk makes nobody wait for it."""
        now, keep_days = self._now(), self._keep_days
        if keep_days is None or (self._pruned_at is not None and 0 <= now - self._pruned_at < PRUNE_EVERY):
            return
        self._pruned_at = now

        def prune(connection: sqlite3.Connection) -> None:
            # Of many short commands only one an hour has work here.
            if not 0 <= now - float(tails.get_meta(connection, PRUNED_AT) or 0) < PRUNE_EVERY:
                tails.set_meta(connection, PRUNED_AT, str(now))
                activity_log.prune(connection, now, keep_days)
                sessions.prune(connection, now)

        await self.database.write(Write(prune, later=lambda _: [], meanwhile=lambda _: None))


@asynccontextmanager
async def open_store(places: Places, *, keep_days: int | None = None) -> AsyncIterator[SqliteStore]:
    """What is kept, and nothing else; events that are too old are removed only where it is said how old that is."""
    private_folder(places.state_file.parent)
    store = SqliteStore(places.state_file, keep_days=keep_days)
    try:
        yield store
    finally:
        await store.close()
