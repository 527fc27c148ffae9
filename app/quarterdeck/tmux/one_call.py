"""One `tmux` started for one question, bounded in time, and what its failure means."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from quarterdeck.errors import TmuxMissing, TmuxRefused, TmuxUnreachable
from quarterdeck.programs import find_tmux, tmux_missing_error, tmux_program
from quarterdeck.tmux.client_process import ClientProcess

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quarterdeck.core.pane import ServerAddress

logger = logging.getLogger(__name__)

TIMEOUT: Final = 3.0
"""Seconds tmux gets for one answer; a look at a thousand panes takes 0.05."""

MEGABYTE: Final = 1024 * 1024
MOST_BYTES: Final = MEGABYTE // 2
"""Bytes of one answer that are taken in; all key bindings of a server are a twentieth of it."""
MOST_BYTES_OF_ROWS: Final = 4 * MEGABYTE
"""The same of a look: ten thousand panes."""


class ServerAbsent(TmuxUnreachable):
    """No server runs at the address: for a look a reliable answer, for a command a failure."""


class TimedOut(TmuxUnreachable):
    """The server took too long: it may be stopped or very busy."""

    def __init__(self, address: ServerAddress, timeout: float) -> None:
        super().__init__(
            f"tmux did not answer within {timeout:g} s.", hint=f"The server at {address} may be stopped or very busy."
        )


class TooMuch(TmuxUnreachable):
    """An answer that would take too much memory, or that has no end."""

    def __init__(self, most: int) -> None:
        super().__init__(f"tmux printed more than {most / MEGABYTE:g} MB and was ended.", hint=_is_it_tmux())


class Nonsense(TmuxUnreachable):
    """An answer that tmux does not give to what was asked."""

    def __init__(self) -> None:
        super().__init__("tmux's answer makes no sense.", hint=_is_it_tmux())


class CallResult(NamedTuple):
    """How one `tmux` ended, and what it printed."""

    exit_code: int
    out: bytes
    err: str


def environment() -> dict[str, str]:
    """Our environment without the tmux we may run in, and with UTF-8 whatever the locale says."""
    kept = {key: value for key, value in os.environ.items() if key not in {"TMUX", "TMUX_PANE"}}
    return {**kept, "LC_ALL": "C.UTF-8"}


def command(address: ServerAddress, *args: str, may_start: bool = False) -> list[str]:
    """The argv for a tmux at this address.

    `-u` makes it print UTF-8; without it tmux 3.3a prints `_` for every non-ASCII character under LC_ALL=C.
    `-N` keeps it from starting a server: `attach-session` would, and would run the operator's configuration.
    """
    if may_start:
        # By its place: the environment it gets may name another PATH than ours.
        return [find_tmux() or tmux_program(), "-u", "-S", address.socket, *args]
    return [tmux_program(), "-u", "-N", "-S", address.socket, *args]


async def run(
    address: ServerAddress,
    *args: str,
    stdin: bytes | None = None,
    timeout: float = TIMEOUT,
    most: int = MOST_BYTES,
    starting_with: Mapping[str, str] | None = None,
) -> CallResult:
    """Run one tmux to its end, whatever that is; it is killed when it takes too long or prints too much.

    `starting_with` lets it start the server where there is none, with this environment: what the server is started
    with, every session in it inherits.
    """
    began = time.monotonic()
    client = _Client(most)
    argv = command(address, *args, may_start=starting_with is not None)
    try:
        await client.start(
            argv,
            environment() if starting_with is None else starting_with,
            stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
        )
        if stdin is not None:
            client.write(stdin)
            client.write_eof()
        async with asyncio.timeout(timeout):
            await client.gone.wait()
    except TmuxMissing:
        raise tmux_missing_error() from None
    except TimeoutError:
        raise TimedOut(address, timeout) from None
    finally:
        await client.collected()
    if client.is_full:
        raise TooMuch(most)
    exit_code = client.exit_code or 0
    logger.debug("tmux ran", extra={"tmux_cmd": args[:1], "exit_code": exit_code, "elapsed_ms": _ms_since(began)})
    return CallResult(exit_code, bytes(client.out), client.err.decode(errors="replace").strip())


class _Client(ClientProcess):
    """A client whose output is kept, up to `most` bytes; one that says more is ended."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self.out = bytearray()
        self.err = bytearray()

    @property
    def is_full(self) -> bool:
        """Whether it said more than `most` bytes."""
        return len(self.out) + len(self.err) > self._most

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Keep what it prints, and end it when that is too much."""
        (self.out if fd == 1 else self.err).extend(data)
        if self.is_full:
            self.let_go()


async def ask(address: ServerAddress, *args: str, stdin: bytes | None = None, timeout: float = TIMEOUT) -> bytes:
    """Run one tmux and give what it printed; raises the error that its failure means."""
    ran = await run(address, *args, stdin=stdin, timeout=timeout)
    if ran.exit_code:
        raise failure(address, ran.err)
    return ran.out


def failure(address: ServerAddress, said: str) -> TmuxUnreachable | TmuxRefused:
    """The error that a failed tmux's words mean."""
    if _is_absent(said):
        return ServerAbsent(f"No tmux server runs at {address}.")
    if _never_reached(said):
        return TmuxUnreachable(f"tmux cannot be reached: {said or 'it said nothing'}.", hint=_way_out(address, said))
    return TmuxRefused(f"tmux refused: {said}.")


def _is_absent(said: str) -> bool:
    """Whether tmux says for certain that nobody listens (words of 3.2 to 3.6).

    A refused connection is "no server running on"; a missing socket is "error connecting to … (No such file …)".
    """
    return said.startswith("no server running on ") or (
        said.startswith("error connecting to ") and said.endswith("(No such file or directory)")
    )


def _never_reached(said: str) -> bool:
    marks = ("error connecting to ", "server exited", "lost server", "protocol version mismatch", "server version is")
    return not said or any(mark in said for mark in marks)


def _is_it_tmux() -> str:
    return f"Is {find_tmux()} the tmux that you mean?"


def _way_out(address: ServerAddress, said: str) -> str:
    if "Permission denied" in said:
        return f"The socket {address} belongs to another user."
    if "version" in said:
        return "The running server is of another tmux version; restart it, or use its own tmux program."
    return "It may be starting or ending; look again in a moment."


def _ms_since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
