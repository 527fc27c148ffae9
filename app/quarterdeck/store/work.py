"""Spawned work: its records, numbers that only grow, the journal, and what agents reported."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from msgspec import convert
from msgspec.structs import asdict

from quarterdeck.core.journal import JournalEntry, Operation, Step
from quarterdeck.core.lifecycle import dump, parse, synthesise
from quarterdeck.core.session import SessionId
from quarterdeck.core.times import parse_time, show_time
from quarterdeck.core.work_record import WorkRecord
from quarterdeck.errors import AlreadyReserved, NotFound, StoreError
from quarterdeck.ports.clock import wall_clock
from quarterdeck.store.engine import Write
from quarterdeck.store.kept_rows import clean
from quarterdeck.values import replace

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Mapping
    from typing import TypeVar

    from quarterdeck.store.database import Database

    T = TypeVar("T")

AUDITS_KEPT = 200
AUDIT_BYTES = 256 * 1024


class BadWork(StoreError):
    """A kept record that cannot be one; for the store, others see a store's error."""


class _Kept(WorkRecord, frozen=True, kw_only=True):
    """A record as it is kept. What is missing takes its default, and what is not known is left out."""

    lifecycle: Any = None
    status: str = "spawning"
    """Only of records without a lifecycle."""


class SqliteWorkStore:
    """Implements `ports.store.WorkStore` on the shared database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def reserve_worker(
        self, draft: WorkRecord, prefix: str, taken: Collection[int], owner: str
    ) -> tuple[WorkRecord, JournalEntry]:
        """Give a draft the next `<prefix>-<n>`, above every number ever given and every one in `taken`."""

        def run(connection: sqlite3.Connection) -> tuple[WorkRecord, JournalEntry]:
            number = _next_number(connection, prefix, max(taken, default=0))
            record = replace(draft, session_id=SessionId(f"{prefix}-{number}"), tmux_name=f"{prefix}-{number}")
            return _insert(connection, record, owner)

        return await self._write(run)

    async def reserve_orchestrator(self, draft: WorkRecord, owner: str) -> tuple[WorkRecord, JournalEntry]:
        """Keep a draft under the fixed id it carries; raises AlreadyReserved when a record of that id is kept."""

        def run(connection: sqlite3.Connection) -> tuple[WorkRecord, JournalEntry]:
            if _body(connection, draft.session_id) is not None:
                raise AlreadyReserved(
                    f"{draft.session_id} is there already.",
                    hint=f"`quarterdeck orchestrator ensure {draft.project}` answers it.",
                )
            return _insert(connection, draft, owner)

        return await self._write(run)

    async def work(self, session_id: SessionId) -> WorkRecord | None:
        """One record; None when there is none that can be read."""
        return next((item for item in await self._read_all("session_id = ?", session_id)), None)

    async def works(self, project: str | None = None) -> list[WorkRecord]:
        """Every record, oldest first. One that does not validate is set aside, never fatal."""
        return await self._read_all("?1 IS NULL OR project = ?1", project)

    async def change_work(self, session_id: SessionId, change: Callable[[WorkRecord], WorkRecord]) -> WorkRecord:
        """Read, change and keep one record with nobody in between; raises NotFound when it is gone."""

        def run(connection: sqlite3.Connection) -> WorkRecord:
            body = _body(connection, session_id)
            if body is None:
                raise NotFound(f"There is no record of {session_id}.")
            before = read_work(session_id, body)
            after = change(before)
            if after != before:
                connection.execute(
                    "UPDATE work SET body = ?, project = ?, changed = ? WHERE session_id = ?",
                    (write_work(after), after.project, wall_clock().timestamp(), session_id),
                )
            return after

        return await self._write(run)

    async def drop_work(self, session_id: SessionId) -> None:
        """Remove a record. Its number is not given again."""
        await self._write(lambda connection: connection.execute("DELETE FROM work WHERE session_id = ?", (session_id,)))

    async def begin(
        self, operation: Operation, session_id: SessionId, project: str, owner: str, at: datetime
    ) -> JournalEntry:
        """Begin an operation on a session; raises AlreadyReserved while another one on it is in the journal."""
        entry = JournalEntry(operation=operation, session_id=session_id, project=project, owner=owner, began_at=at)
        return await self._write(lambda connection: _begin(connection, entry))

    async def step(self, entry: JournalEntry, step: Step, data: Mapping[str, str] | None = None) -> JournalEntry:
        """Note that a step is about to be done, with what its remedy needs. On disk when this returns."""

        def run(connection: sqlite3.Connection) -> JournalEntry:
            # What is kept counts, and not what the caller still holds of it.
            found = _entries(connection, "id = ?", entry.id)
            if not found:
                raise NotFound(f"The {entry.operation} of {entry.session_id} is not under way any more.")
            after = replace(found[0], steps=(*found[0].steps, step), data={**found[0].data, **(data or {})})
            connection.execute(
                "UPDATE journal SET steps = ?, data = ? WHERE id = ?",
                (json.dumps(after.steps), json.dumps(dict(after.data)), after.id),
            )
            return after

        return await self._write(run)

    async def finish(self, entry: JournalEntry) -> None:
        """Take an operation out of the journal: it is over, one way or the other."""
        await self._write(lambda connection: connection.execute("DELETE FROM journal WHERE id = ?", (entry.id,)))

    async def journal(self) -> list[JournalEntry]:
        """Every operation under way, oldest first."""
        return await self._database.read(lambda connection: _entries(connection, "?1 IS NULL", None))

    async def take_over(self, entry: JournalEntry, owner: str) -> bool:
        """Make an entry ours; False when somebody else was first."""

        def run(connection: sqlite3.Connection) -> bool:
            done = connection.execute(
                "UPDATE journal SET owner = ? WHERE id = ? AND owner = ?", (owner, entry.id, entry.owner)
            )
            return done.rowcount == 1

        return await self._write(run)

    async def audit(self, session_id: SessionId, at: datetime, entry: Mapping[str, Any]) -> None:
        """Add to the trail of a session's own reports; the oldest go beyond 200 entries or 256 KiB."""
        body = clean(json.dumps(dict(entry), default=str))

        def run(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO report_audit (session_id, at, body) VALUES (?, ?, ?)", (session_id, show_time(at), body)
            )
            size = 0
            rows = connection.execute(
                "SELECT id, length(CAST(body AS BLOB)) FROM report_audit WHERE session_id = ? ORDER BY id DESC",
                (session_id,),
            ).fetchall()
            for count, (number, length) in enumerate(rows):
                size += length
                if count and (count >= AUDITS_KEPT or size > AUDIT_BYTES):
                    connection.execute(
                        "DELETE FROM report_audit WHERE session_id = ? AND id <= ?", (session_id, number)
                    )
                    break

        await self._write(run)

    async def _read_all(self, condition: str, value: str | None) -> list[WorkRecord]:
        query = f"SELECT session_id, body FROM work WHERE {condition} ORDER BY seq"  # noqa: S608 — our own conditions
        found = []
        for session_id, body in await self._database.read(
            lambda connection: connection.execute(query, (value,)).fetchall()
        ):
            try:
                found.append(read_work(session_id, body))
            except BadWork as error:
                await self._set_aside(session_id, body, str(error))
        return found

    async def _set_aside(self, session_id: str, body: str, reason: str) -> None:
        def run(connection: sqlite3.Connection) -> None:
            gone = connection.execute("DELETE FROM work WHERE session_id = ? AND body = ?", (session_id, body))
            if gone.rowcount:
                connection.execute(
                    "INSERT INTO set_aside (at, came_from, key, reason, body) VALUES (?, 'work', ?, ?, ?)",
                    (wall_clock().timestamp(), session_id, clean(reason)[:500], body),
                )

        await self._write(run)

    async def _write(self, run: Callable[[sqlite3.Connection], T]) -> T:
        # An id or a step that is only in memory would be lost with the process: these must be on disk.
        return await self._database.write(Write(run))


def _entries(connection: sqlite3.Connection, condition: str, value: int | None) -> list[JournalEntry]:
    columns = "id, operation, session_id, project, owner, began_at, steps, data"
    rows = connection.execute(f"SELECT {columns} FROM journal WHERE {condition} ORDER BY id", (value,))  # noqa: S608 — our own conditions
    return [
        JournalEntry(
            id=number,
            operation=Operation(operation),
            session_id=SessionId(session_id),
            project=project,
            owner=owner,
            began_at=parse_time(began_at) or datetime.fromtimestamp(0, UTC),
            steps=tuple(Step(step) for step in json.loads(steps)),
            data=json.loads(data),
        )
        for number, operation, session_id, project, owner, began_at, steps, data in rows
    ]


def _begin(connection: sqlite3.Connection, entry: JournalEntry) -> JournalEntry:
    held = connection.execute("SELECT operation FROM journal WHERE session_id = ?", (entry.session_id,)).fetchone()
    if held:
        raise AlreadyReserved(f"A {held[0]} of {entry.session_id} is under way.", hint="Wait until it is over.")
    cursor = connection.execute(
        "INSERT INTO journal (session_id, operation, project, owner, began_at, steps, data)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            entry.session_id,
            entry.operation,
            entry.project,
            entry.owner,
            show_time(entry.began_at),
            json.dumps(entry.steps),
            json.dumps(dict(entry.data)),
        ),
    )
    return replace(entry, id=cursor.lastrowid or 0)


def _insert(connection: sqlite3.Connection, record: WorkRecord, owner: str) -> tuple[WorkRecord, JournalEntry]:
    connection.execute(
        "INSERT INTO work (session_id, project, body, changed) VALUES (?, ?, ?, ?)",
        (record.session_id, record.project, write_work(record), wall_clock().timestamp()),
    )
    entry = JournalEntry(
        operation=Operation.SPAWN,
        session_id=record.session_id,
        project=record.project,
        owner=owner,
        began_at=record.created_at,
        steps=(Step.RESERVED,),
    )
    return record, _begin(connection, entry)


def _next_number(connection: sqlite3.Connection, prefix: str, above: int) -> int:
    """The next number of a prefix. It is kept in the database, so that removing a record frees none."""
    name = f"work:{prefix}"
    row = connection.execute("SELECT next FROM counters WHERE name = ?", (name,)).fetchone()
    number = max(int(row[0]) if row else 1, above + 1)
    used = (
        "SELECT 1 FROM (SELECT session_id FROM work UNION ALL SELECT session_id FROM sessions"
        " UNION ALL SELECT session_id FROM journal) WHERE session_id = ?"
    )
    while connection.execute(used, (f"{prefix}-{number}",)).fetchone():
        number += 1
    connection.execute(
        "INSERT INTO counters (name, next) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET next = excluded.next",
        (name, number + 1),
    )
    return number


def _body(connection: sqlite3.Connection, session_id: str) -> str | None:
    row = connection.execute("SELECT body FROM work WHERE session_id = ?", (session_id,)).fetchone()
    return str(row[0]) if row else None


def write_work(record: WorkRecord) -> str:
    """A record as JSON. Its status is not written: it follows from the lifecycle."""
    kept = asdict(record).items()
    value: dict[str, Any] = {name: show_time(held) if isinstance(held, datetime) else held for name, held in kept}
    value["lifecycle"] = dump(record.lifecycle)
    value["prs"] = [pr.as_json() for pr in record.prs]
    value["extra"] = dict(record.extra)
    del value["session_id"]
    # A lone surrogate in what a tracker or a prompt said must not make the record unwritable.
    return json.dumps(value, ensure_ascii=True)


def read_work(session_id: str, body: str) -> WorkRecord:
    """A record as kept; raises BadWork when it cannot be one."""
    try:
        row = convert(json.loads(body) | {"session_id": session_id}, _Kept, strict=False)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise BadWork(str(error)) from error
    created_at = row.created_at.replace(tzinfo=row.created_at.tzinfo or UTC).astimezone(UTC)
    fallback = synthesise(
        session_id=session_id,
        status=row.status,
        role=row.role,
        pr_url=row.prs[0].url if row.prs else None,
        at=created_at,
    )
    kept = {name: getattr(row, name) for name in WorkRecord.__struct_fields__}
    return WorkRecord(**kept | {"lifecycle": parse(row.lifecycle, fallback), "created_at": created_at})
