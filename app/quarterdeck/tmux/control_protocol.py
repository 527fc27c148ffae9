"""tmux's control-mode protocol, from bytes to answers and notices; no I/O.

An answer stands between `%begin TIME NUMBER FLAGS` and an `%end` (or `%error`) with the same three numbers. Whatever
stands between them is the answer's body, even when it looks like a notice: tmux does not escape it (seen on 3.3a), so
a pane's text may hold lines in the protocol's own shape. Such an answer is marked as `doubtful`.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

FROM_US: Final = 1
"""The flag tmux puts on answers to commands that this client typed (seen on 3.3a); others answer nothing we asked."""

_GUARD: Final = re.compile(rb"%(begin|end|error) (\d+) (\d+) (\d+)")

Guard = tuple[bytes, bytes, bytes]


class Block(Struct, frozen=True):
    """The answer to one command."""

    number: int
    """tmux counts its commands; a later answer has a higher number."""
    lines: tuple[bytes, ...]
    ours: bool
    """It answers a command that we typed."""
    failed: bool = False
    """tmux refused the command; the lines say why."""
    doubtful: bool = False
    """A line in the body is shaped like the protocol's own, so the body may have been cut or forged by a pane."""

    @property
    def body(self) -> bytes:
        """The lines as one text."""
        return b"\n".join(self.lines)

    @property
    def text(self) -> str:
        """The body as text; bytes that are not UTF-8 are replaced."""
        return self.body.decode(errors="replace")


class Notification(Struct, frozen=True):
    """Something tmux says unasked, such as `%window-renamed @3 build`."""

    name: str
    """Without the percent sign; "" for a line that is none of the protocol's."""
    rest: bytes = b""
    """What follows the name, as it came."""

    @property
    def text(self) -> str:
        """The rest as text; bytes that are not UTF-8 are replaced."""
        return self.rest.decode(errors="replace")


class Damage(Struct, frozen=True):
    """A line that cannot stand where it stands: what was read since the last answer is not to be trusted."""

    line: bytes


Event = Block | Notification | Damage


class ControlParser:
    """Fed with bytes as they arrive, in pieces of any size; answers with what they complete."""

    def __init__(self) -> None:
        self._unfinished: list[bytes] = []
        self._open: Guard | None = None
        self._body: list[bytes] = []
        self._doubtful = False
        self._last_number = -1
        self.held = 0
        """Bytes taken in since the last line that completed something."""

    @property
    def in_doubt(self) -> bool:
        """Whether an answer has begun that may never end, for a pane may have forged its beginning."""
        return self._open is not None and self._doubtful

    def feed(self, data: bytes) -> list[Event]:
        """Take bytes, and give the answers and notices that are complete now."""
        self.held += len(data)
        head, newline, tail = data.rpartition(b"\n")
        if not newline:
            self._unfinished.append(data)
            return []
        lines = b"".join((*self._unfinished, head)).split(b"\n")
        self._unfinished = [tail] if tail else []
        events = [event for event in map(self._line, lines) if event is not None]
        if events:
            self.held = len(tail)
        return events

    def _line(self, line: bytes) -> Event | None:
        found = _GUARD.fullmatch(line) if line.startswith(b"%") else None
        if self._open is None:
            if not line.startswith(b"%"):
                return Notification("", line)
            if found is None:
                name, _, rest = line[1:].partition(b" ")
                return Notification(name.decode(errors="replace"), rest)
            # tmux numbers every command it runs, so a number that does not grow was not written by tmux.
            if found[1] != b"begin" or int(found[3]) <= self._last_number:
                return Damage(line)
            self._open = found[2], found[3], found[4]
            self._last_number = int(found[3])
            return None
        if found is None or found[1] == b"begin" or found.groups()[1:] != self._open:
            self._doubtful |= found is not None
            self._body.append(line)
            return None
        ours = bool(int(found[4]) & FROM_US)
        block = Block(int(found[3]), tuple(self._body), ours, failed=found[1] == b"error", doubtful=self._doubtful)
        self._open, self._body, self._doubtful = None, [], False
        return block
