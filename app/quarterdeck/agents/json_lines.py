"""A transcript kept as one JSON object a line: found, claimed, and read as it grows."""

from __future__ import annotations

import logging
import stat
from typing import TYPE_CHECKING

from quarterdeck.agents.file_tail import READ_LIMIT, FileTail
from quarterdeck.agents.ledger import Ledger
from quarterdeck.core.foreign_json import parse_object
from quarterdeck.foreign_files import read_head

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from quarterdeck.core.foreign_json import Json
    from quarterdeck.core.transcript import TranscriptView
    from quarterdeck.ports.agent import Claims

log = logging.getLogger(__name__)

HEAD_BYTES = 256 * 1024


class JsonLinesTranscript:
    """Implements ports.Transcript."""

    def __init__(
        self,
        *,
        claims: Claims,
        candidates: Callable[[], Iterable[Path]],
        take: Callable[[Ledger, Json], None],
        belongs: Callable[[Path], bool],
        limit: int = READ_LIMIT,
    ) -> None:
        """`candidates`: files it may be, likeliest first. `take`: enters one row. `belongs`: whether a file is ours."""
        self._claims = claims
        self._candidates = candidates
        self._take = take
        self._belongs = belongs
        self._limit = limit
        self._tail: FileTail | None = None
        self._ledger = Ledger()

    @property
    def path(self) -> Path | None:
        """The file it reads, once found."""
        return self._tail.path if self._tail else None

    def read(self) -> TranscriptView | None:
        """Take in what was appended since; None while there is no transcript."""
        if self._tail is None and not self._find():
            return None
        assert self._tail is not None
        try:
            fresh, lines = self._tail.read()
        except OSError:
            log.info("transcript cannot be read", exc_info=True)
            self.close()
            return None
        if fresh:
            self._ledger = Ledger()
        for line in lines:
            row = parse_object(line)
            if row is not None:
                self._take(self._ledger, row)
        return self._ledger.view()

    def close(self) -> None:
        """Let go of the file, so that another session may claim it."""
        self._claims.release(self)
        self._tail = None

    def _find(self) -> bool:
        for path in self._candidates():
            if self._belongs(path) and self._claims.claim(path, self):
                self._tail = FileTail(path, limit=self._limit)
                return True
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
