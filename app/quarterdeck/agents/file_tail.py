"""Reading a file that grows, line by line: bounded, torn last lines left for later, replaced files noticed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from quarterdeck.foreign_files import open_file, read_at

if TYPE_CHECKING:
    from pathlib import Path

READ_LIMIT = 16 * 1024 * 1024
LINE_LIMIT = 8 * 1024 * 1024
"""A longer line is passed over."""
_KEPT = 64
"""Bytes before our place that must still be the same, or else the file was written anew."""


class FileTail:
    """The appended lines of one file. Blocking; one thread at a time."""

    def __init__(self, path: Path, *, limit: int = READ_LIMIT) -> None:
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
