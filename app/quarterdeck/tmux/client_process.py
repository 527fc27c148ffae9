"""A tmux client as a child process, which can be let go of at once whatever its server does."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Final, cast

from quarterdeck.errors import TmuxUnreachable
from quarterdeck.programs import tmux_missing_error

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COLLECT_PATIENCE: Final = 2.0
"""Seconds a killed process gets until the system has collected it."""


class ClientProcess(asyncio.SubprocessProtocol):
    """A running program. Subclasses say what its output means.

    asyncio's own `Process` would not do. A client hands its pipes to the server (3.3a); a stopped server keeps them
    open in its socket's queue, and `Process.wait` waits for the pipes of a process that was killed long ago.
    """

    def __init__(self) -> None:
        self._transport: asyncio.SubprocessTransport | None = None
        self.gone = asyncio.Event()
        """Set while there is no process: before it is started, and when it is collected and its pipes are closed."""
        self.gone.set()

    async def start(self, argv: Sequence[str], env: Mapping[str, str], *, stdin: int = asyncio.subprocess.PIPE) -> None:
        """Start the program; raises TmuxMissing when there is no such program."""
        self.gone.clear()
        try:
            # A session of its own: a Ctrl+C meant for us is not meant for it.
            await asyncio.get_running_loop().subprocess_exec(
                lambda: self, *argv, stdin=stdin, env=env, start_new_session=True
            )
        except Exception as error:
            # Nothing runs, so nobody has to wait for it.
            self.gone.set()
            if isinstance(error, (FileNotFoundError, PermissionError, NotADirectoryError)):
                raise tmux_missing_error() from error
            if isinstance(error, OSError):
                raise TmuxUnreachable(f"tmux could not be started: {error}.") from error
            raise

    @property
    def pid(self) -> int | None:
        """The id of its process; None before it is started."""
        return self._transport.get_pid() if self._transport is not None else None

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        return self._transport.get_returncode() if self._transport is not None else None

    def write(self, data: bytes, *, is_all: bool = False) -> None:
        """Hand bytes to its standard input, which `is_all` ends."""
        assert self._transport is not None
        stdin = cast("asyncio.WriteTransport", self._transport.get_pipe_transport(0))
        stdin.write(data)
        if is_all:
            stdin.close()

    def let_go(self) -> None:
        """Kill it if it still runs, and close its pipes; `gone` follows."""
        if self._transport is None:
            return
        if self._transport.get_returncode() is None:
            # Not by the transport: its `kill` may collect the process before asyncio's watcher does (Python 3.11),
            # which then complains of a process it does not know.
            with suppress(ProcessLookupError):
                os.kill(self._transport.get_pid(), signal.SIGKILL)
        for fd in (0, 1, 2):
            pipe = self._transport.get_pipe_transport(fd)
            if pipe is not None:
                pipe.close()

    async def collected(self) -> bool:
        """Let go of it and wait until it is gone; False when the system does not collect it in time.

        A task that is cancelled meanwhile ends only after that: a moment later nobody would be there to collect it.
        """
        self.let_go()
        cancelled: asyncio.CancelledError | None = None
        deadline = asyncio.get_running_loop().time() + COLLECT_PATIENCE
        while not self.gone.is_set():
            try:
                async with asyncio.timeout_at(deadline):
                    await self.gone.wait()
            except TimeoutError:
                break
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled
        return self.gone.is_set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take what the process is spoken to by; asyncio calls this once it runs."""
        self._transport = cast("asyncio.SubprocessTransport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that the process is collected and its pipes are closed."""
        if self._transport is not None:
            self._transport.close()
        self.gone.set()
