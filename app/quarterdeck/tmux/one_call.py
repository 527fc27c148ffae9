"""One `tmux` started for one question, bounded in time, what its failure means, and what follows from a time-out."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple

from quarterdeck.errors import TmuxMissing, TmuxRefused, TmuxUnreachable
from quarterdeck.foreign_files import MEGABYTE
from quarterdeck.process import child_environment
from quarterdeck.programs import find_tmux, tmux_missing_error, tmux_program
from quarterdeck.tmux.client_process import ClientProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from quarterdeck.core.pane import ServerAddress

logger = logging.getLogger(__name__)

CALL_SECONDS: Final = 3.0
"""Seconds tmux gets for one answer; a look at a thousand panes takes 0.05."""

MOST_ANSWER_BYTES: Final = MEGABYTE // 2
"""Bytes of one answer that are taken in; all key bindings of a server are a twentieth of it."""
MOST_BYTES_OF_ROWS: Final = 4 * MEGABYTE
"""The same of a look: ten thousand panes."""
NEVER_REACHED: Final = re.compile(
    "error connecting to |server exited|lost server|protocol version mismatch|server version is"
)

COOLDOWN: Final = 30.0
"""Seconds of rest per time-out in a row."""
MAX_FACTOR: Final = 4
"""More time-outs than this in a row lengthen the rest no further."""
SLOW_SHARE: Final = 0.5
"""A command that used this share of its bound is worth a line in the log."""


class ServerAbsent(TmuxUnreachable):
    """No server runs at the address: for a look a reliable answer, for a command a failure. For callers in `tmux`."""


class ConnectionLost(TmuxUnreachable):
    """A control connection ended before it answered. Nothing is known; another way may work. For callers in `tmux`."""


class TimedOut(TmuxUnreachable):
    """The server took too long: it may be stopped or very busy. For the circuit breaker."""

    def __init__(self, address: ServerAddress, timeout: float) -> None:
        super().__init__(
            f"tmux did not answer within {timeout:g} s.", hint=f"The server at {address} may be stopped or very busy."
        )


class TooMuch(TmuxUnreachable):
    """An answer that would take too much memory, or that has no end; others see a tmux that is unreachable."""

    def __init__(self, most: int) -> None:
        super().__init__(f"tmux printed more than {most / MEGABYTE:g} MB and was ended.", hint=_is_it_tmux())


class Nonsense(TmuxUnreachable):
    """An answer that tmux does not give to what was asked; others see a tmux that is unreachable."""

    def __init__(self) -> None:
        super().__init__("tmux's answer makes no sense.", hint=_is_it_tmux())


class Breaker:
    """The circuit breaker of one server: open after a time-out, closed by any answer.

    While it is open, what only adds detail (captures) fails at once; listings, keys and endings are asked always.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._open_until = 0.0
        self.timeouts = 0
        """Time-outs in a row."""
        self.skipped = 0
        """Probes refused since the breaker opened."""

    @property
    def remaining(self) -> float:
        """Seconds until probes are tried again; 0 when they are welcome."""
        return max(0.0, self._open_until - self._monotonic())

    def admit_probe(self, what: str) -> None:
        """Let a command pass that only adds detail, or raise TmuxUnreachable while the breaker is open."""
        remaining = self.remaining
        if not remaining:
            return
        self.skipped += 1
        logger.info("tmux probe skipped: %s", what, extra={"tmux_cmd": what, "skipped": self.skipped})
        raise TmuxUnreachable(
            f"tmux did not answer lately; details are asked for again in {remaining:.0f} s.",
            hint="Sessions and keys still work; the pause ends with the first answer.",
        )

    @contextmanager
    def judging(self, what: str, bound: float) -> Iterator[None]:
        """Take note of how the command inside ends: with an answer, which a refusal is too, or a time-out."""
        began = self._monotonic()
        try:
            yield
        except TimedOut:
            self.timed_out(what)
            raise
        self.answered(what, self._monotonic() - began, bound)

    def timed_out(self, what: str) -> None:
        """Count a time-out and open the breaker, for longer the more of them came in a row."""
        self.timeouts += 1
        cooldown = COOLDOWN * min(self.timeouts, MAX_FACTOR)
        self._open_until = self._monotonic() + cooldown
        logger.warning("tmux timed out: %s; probes rest %.0f s", what, cooldown, extra={"tmux_cmd": what})

    def answered(self, what: str, elapsed: float, bound: float) -> None:
        """Close the breaker."""
        if self.timeouts:
            logger.info("tmux answers again; %d probes were skipped", self.skipped, extra={"skipped": self.skipped})
        self.timeouts = self.skipped = 0
        self._open_until = 0.0
        if elapsed >= bound * SLOW_SHARE:
            logger.warning("slow tmux command: %s", what, extra={"tmux_cmd": what, "elapsed_ms": round(elapsed * 1000)})


class CallResult(NamedTuple):
    """How one `tmux` ended, and what it printed."""

    exit_code: int
    out: bytes
    err: str


class _Client(ClientProcess):
    """A client whose output is kept, up to `most` bytes; one that says more is ended."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most
        self.out = bytearray()
        self.err = bytearray()
        self.is_full = False

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Keep what it prints, and end it when that is too much."""
        (self.out if fd == 1 else self.err).extend(data)
        self.is_full = len(self.out) + len(self.err) > self._most
        if self.is_full:
            self.let_go()


def environment() -> dict[str, str]:
    """What a tmux client of ours gets: UTF-8 whatever the locale says."""
    return child_environment({"LC_ALL": "C.UTF-8"})


def command(address: ServerAddress, *args: str) -> list[str]:
    """The argv for a tmux at this address.

    `-u` makes it print UTF-8; without it tmux 3.3a prints `_` for every non-ASCII character under LC_ALL=C.
    `-N` keeps it from starting a server: `attach-session` would, and would run the operator's configuration.
    """
    return [tmux_program(), "-u", "-N", "-S", address.socket, *args]


async def run(
    address: ServerAddress,
    *args: str,
    stdin: bytes | None = None,
    timeout: float = CALL_SECONDS,
    most: int = MOST_ANSWER_BYTES,
    starting_with: Mapping[str, str] | None = None,
) -> CallResult:
    """Run one tmux to its end, whatever that is; it is killed when it takes too long or prints too much.

    `starting_with` lets it start the server where there is none, with this environment: what the server is started
    with, every session in it inherits.
    """
    began = time.monotonic()
    client = _Client(most)
    argv = command(address, *args)
    if starting_with is not None:
        # By its place: the environment it gets may name another PATH than ours.
        argv = [find_tmux() or tmux_program(), "-u", "-S", address.socket, *args]
    try:
        await client.start(
            argv,
            environment() if starting_with is None else starting_with,
            stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
        )
        if stdin is not None:
            client.write(stdin, is_all=True)
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
    exit_code, elapsed_ms = client.exit_code or 0, round((time.monotonic() - began) * 1000)
    logger.debug("tmux ran", extra={"tmux_cmd": args[:1], "exit_code": exit_code, "elapsed_ms": elapsed_ms})
    return CallResult(exit_code, bytes(client.out), client.err.decode(errors="replace").strip())


async def ask(address: ServerAddress, *args: str, stdin: bytes | None = None, timeout: float = CALL_SECONDS) -> bytes:
    """Run one tmux and give what it printed; raises the error that its failure means."""
    ran = await run(address, *args, stdin=stdin, timeout=timeout)
    if ran.exit_code:
        raise failure(address, ran.err)
    return ran.out


def failure(address: ServerAddress, said: str) -> TmuxUnreachable | TmuxRefused:
    """The error that a failed tmux's words mean (words of 3.2 to 3.6)."""
    # Only these say for certain that nobody listens: a refused connection, and a socket that is not there.
    if said.startswith("no server running on ") or (
        said.startswith("error connecting to ") and said.endswith("(No such file or directory)")
    ):
        return ServerAbsent(f"No tmux server runs at {address}.")
    if said and not NEVER_REACHED.search(said):
        return TmuxRefused(f"tmux refused: {said}.")
    hint = "It may be starting or ending; look again in a moment."
    if "Permission denied" in said:
        hint = f"The socket {address} belongs to another user."
    elif "version" in said:
        hint = "The running server is of another tmux version; restart it, or use its own tmux program."
    return TmuxUnreachable(f"tmux cannot be reached: {said or 'it said nothing'}.", hint=hint)


def _is_it_tmux() -> str:
    return f"Is {find_tmux()} the tmux that you mean?"
