"""The first look, asked for before anything else is done: tmux answers while the program still starts."""

from __future__ import annotations

import logging
import os
import subprocess
import threading
from typing import IO, TYPE_CHECKING, Final

from quarterdeck.core.pane import NoServer
from quarterdeck.ports.clock import wall_clock
from quarterdeck.programs import tmux_missing_error
from quarterdeck.tmux import formats, one_call
from quarterdeck.values import replace

if TYPE_CHECKING:
    from quarterdeck.core.pane import Look, ServerAddress

logger = logging.getLogger(__name__)

CHUNK: Final = 65_536


class FirstLook:
    """One spawned tmux that lists everything. It may be asked for again at any time; the answer stays."""

    def __init__(self, address: ServerAddress) -> None:
        self._address = address
        self._questions = formats.Questions()
        self._answer: tuple[int, bytes, str] | None = None
        try:
            self._tmux = subprocess.Popen(
                one_call.command(address, *self._questions.everything()),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=one_call.environment(),
            )
        except OSError as error:
            raise tmux_missing_error() from error
        # A thread, because a full pipe would hold tmux up, and nobody has an event loop yet.
        self._reader = threading.Thread(target=self._read, name="first look", daemon=True)
        self._reader.start()

    def wait(self, seconds: float) -> Look | None:
        """What it saw; None when it has not answered by then or could not tell. Then it is given up."""
        self._reader.join(seconds)
        if self._answer is None:
            self._tmux.kill()
            logger.debug("tmux has not answered the first look within %g s", seconds)
            return None
        exit_code, out, err = self._answer
        if exit_code:
            is_absent = isinstance(one_call.failure(self._address, err), one_call.ServerAbsent)
            return NoServer(at=wall_clock().timestamp()) if is_absent else None
        rows = self._questions.read(out)
        if rows.incarnation is None:
            return None
        # The next look reads a bad row again, and says what is wrong with it.
        return replace(formats.snapshot(rows, wall_clock().timestamp())[0], bad_rows=())

    def _read(self) -> None:
        with self._tmux as tmux:
            assert tmux.stdout is not None
            assert tmux.stderr is not None
            # One after the other: what fills the second pipe first is no tmux, and is given up in time.
            out = _up_to(one_call.MOST_BYTES_OF_ROWS, tmux.stdout)
            err = _up_to(one_call.MOST_BYTES, tmux.stderr) if out is not None else None
            if out is None or err is None:
                tmux.kill()
                return
            exit_code = tmux.wait()
        self._answer = exit_code, out, err.decode(errors="replace").strip()


def _up_to(most: int, pipe: IO[bytes]) -> bytes | None:
    """All that is said, or None when it is more than so many bytes."""
    said = bytearray()
    while len(said) <= most:
        more = os.read(pipe.fileno(), CHUNK)
        if not more:
            return bytes(said)
        said += more
    return None
