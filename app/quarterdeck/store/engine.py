"""Carrying out reads and writes, on the file while that can be written and in memory while it cannot.

When the file fails (disk full, read-only, locked too long), a copy of it in memory takes its place, so that every
question still has its true answer. What is written meanwhile is noted, and written down when the file works again.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Generic, TypeVar

from msgspec import Struct

from quarterdeck.errors import QuarterdeckError, StoreError
from quarterdeck.store.migrations import refuse_newer, version_of
from quarterdeck.store.open_database import Opened, Suspect, copy_to_memory, file_of, open_database
from quarterdeck.store.sqlite_faults import StoreTrouble, is_damage, is_trouble, trouble

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger(__name__)

T = TypeVar("T")
Run = Callable[[sqlite3.Connection], T]

DROPPABLE_KEPT = 256
_RETRY_WAIT = 0.1
"""Seconds a retry waits for a lock: it must not hold up those who ask meanwhile."""


class Later(Struct, frozen=True):
    """A write that waits in memory. A newer one with the same key takes its place."""

    key: tuple[object, ...]
    run: Run[object]
    is_droppable: bool = False
    """Whether the oldest may go when too many wait."""


class Write(Struct, Generic[T], frozen=True):
    """A transaction to be carried out, and what becomes of it while the file cannot be written."""

    run: Run[T]
    later: Callable[[T], Iterable[Later]] | None = None
    """What to write down later when the answer was given from memory; None = this must be on disk or fail."""
    meanwhile: Run[T] | None = None
    """What runs in memory instead of `run`, when that differs."""
    is_durable: bool = False
    """Whether it must survive a power cut, too."""


class Engine:
    """One connection to the file, used by one thread. Its plain attributes may be read by others."""

    def __init__(self, path: Path, *, busy_timeout: float, retry_every: float) -> None:
        self.path = path
        self.error = ""
        """Why the file cannot be written now."""
        self.notice = ""
        """What the operator should be told once."""
        self.dropped = 0
        self.waiting: dict[tuple[object, ...], Later] = {}
        self.generation = 0
        """Grows when another file took the place of the one we knew."""
        self._busy_timeout = busy_timeout
        self._lock_wait = busy_timeout
        self._retry_every = retry_every
        self._retry_at = 0.0
        self._opened: Opened | None = None
        self._memory: sqlite3.Connection | None = None
        self._seen: tuple[int, int] | None = None

    @property
    def is_degraded(self) -> bool:
        """Whether memory stands in for the file."""
        return self._memory is not None

    def write(self, write: Write[T]) -> T:
        """Carry out one transaction."""
        self.retry_if_due()
        if self._memory is None:
            try:
                return self._on_file(write.run, is_write=True, is_durable=write.is_durable)
            except StoreTrouble as error:
                self._fall_back(error)
        return self._in_memory(write)

    def read(self, run: Run[T]) -> T:
        """Answer a question from one consistent state."""
        self.retry_if_due()
        if self._memory is None:
            try:
                return self._on_file(run, is_write=False)
            except StoreTrouble as error:
                self._fall_back(error)
        assert self._memory is not None
        return _transaction(self._memory, run, "BEGIN")

    def changed_elsewhere(self) -> bool:
        """Whether another connection wrote since this was last asked, or since the file was opened."""
        version = self.read(_data_version)
        if self._memory is not None:
            return False
        before, self._seen = self._seen, (self.generation, version)
        return before != self._seen

    def retry_in(self) -> float | None:
        """Seconds until the file should be tried again, None when there is no need."""
        return max(0.0, self._retry_at - time.monotonic()) if self.is_degraded else None

    def retry_if_due(self) -> None:
        """Try the file again when it is time."""
        if self.is_degraded and time.monotonic() >= self._retry_at:
            self.retry()

    def retry(self, wait: float = _RETRY_WAIT) -> bool:
        """Try to write down what waits; memory stands in as long as that fails, and the answer is False."""
        if self._memory is None:
            return True
        self._wait_for_locks(wait)
        try:
            self._on_file(self._write_down, is_write=True, is_durable=True)
        except StoreTrouble as error:
            self.error = error.message
        else:
            logger.info("%s can be written again; %d writes were made good", self.path, len(self.waiting))
            self.error = ""
            self.waiting.clear()
            self._memory.close()
            self._memory = None
        finally:
            self._retry_at = time.monotonic() + self._retry_every
            self._wait_for_locks(self._busy_timeout)
        return not self.is_degraded

    def close(self) -> None:
        """Write what waits, if that is possible now, and let go of the file."""
        try:
            self.retry(wait=min(1.0, self._busy_timeout))
        except StoreError as error:
            self.error = error.message
        if self.waiting:
            logger.error("%d writes could not be made before the end: %s", len(self.waiting), self.error)
        self._let_go()
        if self._memory is not None:
            self._memory.close()
            self._memory = None

    def _fall_back(self, error: StoreTrouble) -> None:
        logger.warning("%s", error.message)
        self.error = error.message
        self._retry_at = time.monotonic() + self._retry_every
        self._memory = copy_to_memory(self.path, self._opened.connection if self._opened else None)

    def _in_memory(self, write: Write[T]) -> T:
        if write.later is None:
            raise StoreTrouble(self.error, hint="This cannot wait in memory: try again when the state can be written.")
        assert self._memory is not None
        answer = _transaction(self._memory, write.meanwhile or write.run, "BEGIN")
        for later in write.later(answer):
            self.waiting.pop(later.key, None)
            self.waiting[later.key] = later
        droppable = [key for key, later in self.waiting.items() if later.is_droppable]
        for key in droppable[: max(0, len(droppable) - DROPPABLE_KEPT)]:
            del self.waiting[key]
            self.dropped += 1
        return answer

    def _write_down(self, connection: sqlite3.Connection) -> None:
        for later in self.waiting.values():
            connection.execute("SAVEPOINT later")
            try:
                later.run(connection)
            except (QuarterdeckError, sqlite3.Error, ValueError) as error:
                if is_trouble(error) or is_damage(error):
                    raise
                # Another process was first, or the row is wrong: the rest must not wait for it for ever.
                logger.warning("a write kept in memory was given up: %s", error)
                connection.execute("ROLLBACK TO later")
            connection.execute("RELEASE later")

    def _on_file(self, run: Run[T], *, is_write: bool, is_durable: bool = False) -> T:
        try:
            try:
                return self._transact(run, is_write=is_write, is_durable=is_durable)
            except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
                if not is_damage(error):
                    raise
                logger.warning("%s: %s", self.path, error)
                suspect = Suspect(self._opened.file, str(error)) if self._opened else None
                self._let_go()
                self._open(suspect)
                return self._transact(run, is_write=is_write, is_durable=is_durable)
        except (sqlite3.DatabaseError, UnicodeDecodeError, OSError) as error:
            if is_damage(error) or is_trouble(error):
                raise trouble(error, self.path) from error
            raise StoreError(f"{self.path} refused a query ({error}).") from error

    def _transact(self, run: Run[T], *, is_write: bool, is_durable: bool) -> T:
        if self._opened is not None and not self._is_same_file(self._opened):
            logger.warning("%s is another file now", self.path)
            self._let_go()
        connection = (self._opened or self._open()).connection

        def guarded(connection: sqlite3.Connection) -> T:
            refuse_newer(version_of(connection), self.path)
            return run(connection)

        if is_durable:
            connection.execute("PRAGMA synchronous = FULL")
        try:
            return _transaction(connection, guarded, "BEGIN IMMEDIATE" if is_write else "BEGIN")
        finally:
            if is_durable:
                # When even this fails, the error on its way out says more.
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("PRAGMA synchronous = NORMAL")

    def _open(self, suspect: Suspect | None = None) -> Opened:
        self._opened = opened = open_database(self.path, busy_timeout=self._lock_wait, suspect=suspect)
        self.notice = opened.notice or self.notice
        self.generation += 1
        if self._seen is None:
            self._seen = (self.generation, _data_version(opened.connection))
        return opened

    def _is_same_file(self, opened: Opened) -> bool:
        try:
            return file_of(self.path) == opened.file
        except FileNotFoundError:
            return False

    def _wait_for_locks(self, seconds: float) -> None:
        self._lock_wait = seconds
        if self._opened is not None:
            self._opened.connection.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")

    def _let_go(self) -> None:
        if self._opened is not None:
            with contextlib.suppress(sqlite3.Error):
                self._opened.connection.close()
            self._opened = None


def _data_version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def _transaction(connection: sqlite3.Connection, run: Run[T], begin: str) -> T:
    connection.execute(begin)
    try:
        answer = run(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            # A connection that has lost its file cannot roll back, and need not.
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        raise
    return answer
