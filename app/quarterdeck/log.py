"""The log: JSON lines in one file that rotates, readable by the operator alone.

Nothing is ever logged to the terminal by default: it is the screen. Several processes may write to one log.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from quarterdeck.errors import QuarterdeckError
from quarterdeck.foreign_files import open_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEYS: Final = ("server", "tmux_cmd", "exit_code", "elapsed_ms")
"""What a record may carry beside its message, given as `extra`: a tmux server's socket, the command without the text it
carries, how it ended and how long it took. Anything else is dropped."""

MAX_BYTES: Final = 2_000_000
FULL_FILES_KEPT: Final = 3
"""How many full files are kept beside the current one."""
QUIET_LOGGERS: Final = ("asyncio", "httpx", "httpcore")
"""Libraries whose own INFO and DEBUG would carry message texts, or noise, into our log."""


class JsonFormatter(logging.Formatter):
    """One JSON object a record, all ASCII, so that no text in it can move a terminal that shows it."""

    def __init__(self, mask: Callable[[str], str] = str) -> None:
        super().__init__()
        self._mask = mask

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "pid": record.process,
            "message": self._mask(record.getMessage()),
        }
        line.update({key: record.__dict__[key] for key in KEYS if key in record.__dict__})
        if record.exc_info:
            line["trace"] = self._mask(self.formatException(record.exc_info))
        return json.dumps(line, default=str)


class RotatingLines(logging.Handler):
    """Appends to a file, moved aside when full. `faults` counts what fails: a full disk must not spoil the screen."""

    def __init__(
        self, file: Path, *, prepare: Callable[[], object], max_bytes: int = MAX_BYTES, kept: int = FULL_FILES_KEPT
    ) -> None:
        super().__init__()
        self.file = file
        self.prepare = prepare
        self.max_bytes = max_bytes
        self.kept = kept
        self.faults = 0
        self._handle = -1

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; a single write, so that the lines of two processes never mix."""
        try:
            line = self.format(record).encode() + b"\n"
            self._open_current()
            if os.fstat(self._handle).st_size + len(line) > self.max_bytes:
                self._rotate()
            os.write(self._handle, line)
        except (OSError, ValueError, TypeError, QuarterdeckError):
            self.faults += 1

    def close(self) -> None:
        """Let the file go."""
        self._close_handle()
        super().close()

    def _close_handle(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _open_current(self) -> None:
        if self._handle >= 0 and self._is_current():
            return
        self._close_handle()
        self.prepare()
        self._handle = open_file(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        os.fchmod(self._handle, 0o600)

    def _is_current(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._handle), self.file.stat())
        except FileNotFoundError:
            return False

    def _rotate(self) -> None:
        # The lock is on the full file itself: whoever comes second finds that it is no longer the current one.
        fcntl.flock(self._handle, fcntl.LOCK_EX)
        if self._is_current() and os.fstat(self._handle).st_size > 0:
            for number in range(self.kept - 1, 0, -1):
                older = self._aside(number)
                if older.exists():
                    older.replace(self._aside(number + 1))
            self.file.replace(self._aside(1))
        self._close_handle()
        self._open_current()

    def _aside(self, number: int) -> Path:
        return self.file.with_name(f"{self.file.name}.{number}")


def configure(
    file: Path,
    *,
    prepare: Callable[[], object],
    mask: Callable[[str], str] = str,
    verbosity: int = 0,
    on_stderr: bool = False,
) -> RotatingLines:
    """Send this process's log to `file`; `prepare` makes its folder when there is something to write.

    `mask` takes the secrets out of what is said. `verbosity` above 0 records DEBUG too. `on_stderr` says what is
    recorded on stderr as well: never to be used under a full-screen app.
    """
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if getattr(handler, "is_quarterdecks", False)]:
        root.removeHandler(old)
        old.close()
    lines = RotatingLines(file, prepare=prepare)
    lines.setFormatter(JsonFormatter(mask))
    handlers: list[logging.Handler] = [lines]
    if on_stderr:
        spoken = logging.StreamHandler(sys.stderr)
        spoken.setFormatter(JsonFormatter(mask))
        spoken.setLevel(logging.DEBUG if verbosity > 1 else logging.INFO)
        handlers.append(spoken)
    for handler in handlers:
        vars(handler)["is_quarterdecks"] = True
        root.addHandler(handler)
    root.setLevel(logging.DEBUG if verbosity > 0 else logging.INFO)
    for name in QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    return lines
