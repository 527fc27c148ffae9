"""Messages on their way to sessions: kept until they are handed over, in order, each by one process at a time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from quarterdeck.core.session import SessionId
from quarterdeck.errors import NotFound, Refused
from quarterdeck.ports.store import Held, Stage, Turn
from quarterdeck.store.engine import Write
from quarterdeck.store.kept_rows import clean
from quarterdeck.values import replace

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from typing import TypeVar

    from quarterdeck.ports.clock import Clock
    from quarterdeck.store.database import Database

    T = TypeVar("T")

DELIVERY = 120.0
"""Seconds a delivery takes at most; whoever has not finished by then has died."""


class SqliteMessages:
    """Implements `ports.store.MessageStore` on the shared database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def post(
        self, session_id: SessionId, text: str, owner: str, stage: Stage = Stage.WAITING, *, as_command: bool = False
    ) -> Held:
        """Keep a message that `owner` is about to deliver."""

        def run(connection: sqlite3.Connection, now: float) -> Held:
            added = connection.execute(
                "INSERT INTO messages (session_id, text, at, stage, owner, taken, as_command)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (session_id, clean(text), now, stage, owner, now, as_command),
            )
            return _required(connection, added.lastrowid or 0, now)

        return await self._write(run)

    async def turn(self, message_id: int, owner: str, *, overtake: bool = False) -> Turn:
        """Whether it is this message's turn; then it is `owner` who may deliver it, for the next two minutes."""

        def run(connection: sqlite3.Connection, now: float) -> Turn:
            ours = _find(connection, message_id, now)
            kept = connection.execute("SELECT owner FROM messages WHERE id = ?", (message_id,)).fetchone()
            if ours is None or (ours.is_sending and kept != (owner,)):
                return Turn.GONE
            others = [each for each in _all(connection, ours.session_id, now) if each.id != message_id]
            if any(each.is_sending and (each.id < message_id or overtake) for each in others):
                return Turn.BUSY
            if not overtake and any(each.id < message_id for each in others):
                return Turn.BEHIND
            _mark_sending(connection, message_id, owner, now)
            return Turn.GO

        return await self._write(run)

    async def typing(self, message_id: int) -> bool:
        """Note that a message is about to be typed; False when somebody did so before. On disk when this returns."""
        query = "UPDATE messages SET stage = ?1 WHERE id = ?2 AND stage != ?1"
        return await self._write(
            lambda connection, _: connection.execute(query, (Stage.TYPED, message_id)).rowcount == 1, is_durable=True
        )

    async def hold(self, message_id: int, why: str, stage: Stage | None = None) -> Held | None:
        """Let a message wait, and note how far it came (`stage`, unless that is None); None when it is gone."""

        def run(connection: sqlite3.Connection, now: float) -> Held | None:
            connection.execute(
                "UPDATE messages SET why = ?, stage = coalesce(?, stage), owner = '', taken = 0 WHERE id = ?",
                (clean(why), stage, message_id),
            )
            return _find(connection, message_id, now)

        return await self._write(run, is_durable=True)

    async def settle(self, message_id: int) -> None:
        """Remove the words of a message that is delivered or given up."""
        await self._write(lambda connection, _: connection.execute("DELETE FROM messages WHERE id = ?", (message_id,)))

    async def take(self, session_id: SessionId, owner: str) -> Held | None:
        """Take a session's oldest message for delivery; None when none waits, or one is being delivered."""

        def run(connection: sqlite3.Connection, now: float) -> Held | None:
            found = _all(connection, session_id, now)
            if not found or any(each.is_sending for each in found):
                return None
            _mark_sending(connection, found[0].id, owner, now)
            return replace(found[0], is_sending=True)

        return await self._write(run)

    async def waiting(self, session_id: SessionId | None = None, *, with_sending: bool = False) -> list[Held]:
        """What waits, oldest first; `with_sending`: also what is being delivered this moment."""
        now = self._clock.now().timestamp()
        found = await self._database.read(lambda connection: _all(connection, session_id, now))
        return [each for each in found if with_sending or not each.is_sending]

    async def rewrite(self, message_id: int, text: str) -> Held:
        """Change the words of a message that waits; raises NotFound or Refused."""

        def run(connection: sqlite3.Connection, now: float) -> Held:
            _changeable(connection, message_id, now)
            connection.execute("UPDATE messages SET text = ? WHERE id = ?", (clean(text), message_id))
            return _required(connection, message_id, now)

        return await self._write(run)

    async def withdraw(self, message_id: int) -> Held:
        """Take back a message that waits; raises NotFound or Refused."""

        def run(connection: sqlite3.Connection, now: float) -> Held:
            found = _changeable(connection, message_id, now)
            connection.execute("DELETE FROM messages WHERE id = ?", (message_id,))
            return found

        return await self._write(run)

    async def _write(self, run: Callable[[sqlite3.Connection, float], T], *, is_durable: bool = False) -> T:
        now = self._clock.now().timestamp()
        # Never from memory alone: a message we say is kept must be on disk.
        return await self._database.write(Write(lambda connection: run(connection, now), is_durable=is_durable))


def _changeable(connection: sqlite3.Connection, message_id: int, now: float) -> Held:
    found = _required(connection, message_id, now)
    if found.is_sending:
        raise Refused(f"Message {message_id} is being delivered this moment.")
    if found.stage is Stage.TYPED:
        raise Refused(
            f"Message {message_id} stands in the session's input line already.",
            hint="Go there to change it or take it out.",
        )
    return found


def _required(connection: sqlite3.Connection, message_id: int, now: float) -> Held:
    found = _find(connection, message_id, now)
    if found is None:
        raise NotFound(f"No message {message_id} waits.", hint="`quarterdeck send --held` lists them.")
    return found


def _find(connection: sqlite3.Connection, message_id: int, now: float) -> Held | None:
    return next(iter(_where(connection, "id = ?", message_id, now)), None)


def _all(connection: sqlite3.Connection, session_id: SessionId | None, now: float) -> list[Held]:
    return _where(connection, "?1 IS NULL OR session_id = ?1", session_id, now)


def _where(connection: sqlite3.Connection, condition: str, value: object, now: float) -> list[Held]:
    columns = "id, session_id, text, at, why, stage, owner, taken, as_command"
    rows = connection.execute(
        f"SELECT {columns} FROM messages WHERE {condition} ORDER BY id",  # noqa: S608 — our own conditions
        (value,),
    )
    return [
        Held(
            id=number,
            session_id=SessionId(session_id),
            text=text,
            at=datetime.fromtimestamp(at, UTC),
            why=why,
            stage=Stage(stage) if stage in set(Stage) else Stage.TYPED,
            is_sending=bool(owner) and 0 <= now - taken < DELIVERY,
            as_command=bool(as_command),
        )
        for number, session_id, text, at, why, stage, owner, taken, as_command in rows
    ]


def _mark_sending(connection: sqlite3.Connection, message_id: int, owner: str, now: float) -> None:
    connection.execute("UPDATE messages SET owner = ?, taken = ? WHERE id = ?", (owner, now, message_id))
