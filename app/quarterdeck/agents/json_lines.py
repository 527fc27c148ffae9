"""A transcript kept as one JSON object a line: found, claimed, and read as it grows.

Reading is bounded; a torn last line is left for later, and a file that was replaced is noticed.
"""

from __future__ import annotations

import logging
import os
import re
import stat
from datetime import timedelta
from typing import TYPE_CHECKING

from quarterdeck.agents.ledger import Ledger
from quarterdeck.core.foreign_json import parse_object, time_at
from quarterdeck.foreign_files import open_file, read_at, read_head
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from pathlib import Path

    from quarterdeck.core.foreign_json import Json
    from quarterdeck.core.subagent import Subagent
    from quarterdeck.core.transcript import TranscriptView
    from quarterdeck.ports.agent import Claims
    from quarterdeck.ports.agent_process import AgentHome

    Beside = Callable[[Path, tuple[Subagent, ...]], tuple[Subagent, ...]]

log = logging.getLogger(__name__)

HEAD_BYTES = 256 * 1024
READ_LIMIT_BYTES = 16 * 1024 * 1024
LINE_LIMIT = 8 * 1024 * 1024
"""A longer line is passed over."""
WRITTEN_LATE = timedelta(seconds=2)
"""Two clocks may differ by so much: when a process started, and when a file was written."""
_KEPT = 64
"""Bytes before our place that must still be the same, or else the file was written anew."""
_SESSION_ID = re.compile(r"[\w-]{1,100}")


class JsonLinesTranscript:
    """Implements ports.Transcript."""

    def __init__(
        self,
        find: Callable[[AgentHome | None, str, str], Iterable[Path]],
        take: Callable[[Ledger, Json], None],
        *,
        cwd: str,
        claims: Claims,
        session_id: str = "",
        since: datetime | None = None,
        path: Path | None = None,
        home: AgentHome | None = None,
        beside: Callable[[], Beside] | None = None,
    ) -> None:
        """`find`: from home, folder and id, the files it may be, likeliest first. `take`: enters one row.

        `beside`: makes what reads further files of the agent, asked only while it runs something besides itself.
        """
        self._take = take
        self._claims = claims
        self._files = find
        self._wanted = (home, cwd, session_id)
        self._since = since - WRITTEN_LATE if since and not session_id and not path else None
        self._path = path
        self._tail: FileTail | None = None
        self._ledger = Ledger()
        self._beside = beside() if beside else None

    @property
    def path(self) -> Path | None:
        """The file it reads, once found."""
        return self._tail.path if self._tail else None

    def read(self) -> TranscriptView | None:
        """Take in what was appended since; None while there is no transcript."""
        self._tail = self._tail or self._find()
        if self._tail is None:
            return None
        try:
            fresh, rows = self._tail.read_rows()
        except OSError:
            log.info("transcript cannot be read", exc_info=True)
            self.close()
            return None
        if fresh:
            self._ledger = Ledger()
        for row in rows:
            self._take(self._ledger, row)
        view = self._ledger.view()
        if self._beside is None or not view.subagents:
            return view
        return replace(view, subagents=self._beside(self._tail.path, view.subagents))

    def close(self) -> None:
        """Let go of the file, so that another session may claim it."""
        self._claims.release(self)
        self._tail = None

    def _find(self) -> FileTail | None:
        if self._path is not None:
            files: Iterable[Path] = [self._path] if self._path.is_file() else []
        else:
            session_id = self._wanted[-1]
            is_safe = not session_id or _SESSION_ID.fullmatch(session_id)
            files = self._files(*self._wanted) if is_safe else []
        own = files if self._since is None else _written_by(self._since, files)
        return next((FileTail(file) for file in own if self._claims.claim(file, self)), None)


class FileTail:
    """The appended lines of one file. Blocking; one thread at a time."""

    def __init__(self, path: Path, *, limit: int = READ_LIMIT_BYTES) -> None:
        self.path = path
        self.limit = limit
        self._file: tuple[int, int] | None = None
        self._offset = 0
        self._before = b""
        self._skips_line = False

    def read(self) -> tuple[bool, list[bytes]]:
        """Whether everything read before is void, and the complete new lines. Raises OSError when it cannot be read."""
        descriptor = open_file(self.path)
        try:
            facts = os.fstat(descriptor)
            fresh = self._is_other(descriptor, facts)
            if fresh:
                self._file = (facts.st_dev, facts.st_ino)
                self._offset, self._before, self._skips_line = 0, b"", False
            if facts.st_size - self._offset > self.limit:
                self._offset, self._skips_line = facts.st_size - self.limit, True
            data = read_at(descriptor, self._offset, min(facts.st_size - self._offset, self.limit))
        finally:
            os.close(descriptor)
        return fresh, self._lines(data)

    def read_rows(self) -> tuple[bool, list[Json]]:
        """The same, with the objects that the lines are; what is none is passed over."""
        fresh, lines = self.read()
        return fresh, [row for line in lines if (row := parse_object(line)) is not None]

    def _is_other(self, descriptor: int, facts: os.stat_result) -> bool:
        if self._file != (facts.st_dev, facts.st_ino) or facts.st_size < self._offset:
            return True
        kept = len(self._before)
        return kept > 0 and read_at(descriptor, self._offset - kept, kept) != self._before

    def _lines(self, data: bytes) -> list[bytes]:
        end = data.rfind(b"\n") + 1
        if not end and len(data) >= self.limit:
            # One line longer than all we read at once: the rest of it is passed over too.
            self._offset += len(data)
            self._before, self._skips_line = data[-_KEPT:], True
            return []
        whole = data[:end]
        if end:
            self._before = (self._before + whole)[-_KEPT:] if end < _KEPT else whole[-_KEPT:]
            self._offset += end
        if self._skips_line and end:
            whole = whole[whole.index(b"\n") + 1 :]
            self._skips_line = False
        return [line for line in whole.split(b"\n") if line.strip() and len(line) <= LINE_LIMIT]


def _written_by(since: datetime, files: Iterable[Path]) -> Iterable[Path]:
    """Those that a program of this age may have written: first what was begun since then, else what was continued."""
    continued = []
    for file in files:
        if not _is_changed(file, since):
            continue
        begun = next((time_at(row, "startTime") or time_at(row, "timestamp") for row in first_rows(file, 1)), None)
        if begun is not None and begun >= since:
            yield file
        else:
            continued.append(file)
    yield from continued


def _is_changed(path: Path, since: datetime) -> bool:
    try:
        return path.stat().st_mtime >= since.timestamp()
    except OSError:
        return False


def first_rows(path: Path, count: int) -> list[Json]:
    """The first rows of a file, as far as they are complete."""
    try:
        head = read_head(path, HEAD_BYTES)
    except OSError:
        return []
    lines = head.split(b"\n")[:-1][:count]
    return [row for line in lines if (row := parse_object(line)) is not None]


def newest_first(paths: Iterable[Path]) -> list[Path]:
    """The files by time of change, newest first; what is gone meanwhile, or is no file, is left out."""
    timed = []
    for path in paths:
        try:
            facts = path.stat()
        except OSError:
            continue
        if stat.S_ISREG(facts.st_mode):
            timed.append((facts.st_mtime_ns, path))
    return [path for _, path in sorted(timed, reverse=True)]
