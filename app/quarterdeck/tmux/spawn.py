"""One `tmux` started for one question, bounded in time, and what its failure means."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from quarterdeck.errors import TmuxMissing, TmuxRefused, TmuxUnreachable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quarterdeck.core.pane import ServerAddress

logger = logging.getLogger(__name__)

TIMEOUT: Final = 3.0
"""Seconds tmux gets for one answer; a look at a thousand panes takes 0.05."""

_INSTALL: Final = {
    "darwin": "brew install tmux",
    "debian": "sudo apt install tmux",
    "fedora": "sudo dnf install tmux",
    "rhel": "sudo dnf install tmux",
    "arch": "sudo pacman -S tmux",
    "alpine": "sudo apk add tmux",
    "suse": "sudo zypper install tmux",
    "nixos": "nix-env -iA nixos.tmux",
}


class ServerAbsent(TmuxUnreachable):
    """No server runs at the address: for a look a reliable answer, for a command a failure."""


class TimedOut(TmuxUnreachable):
    """The server took too long: it may be stopped or very busy."""

    def __init__(self, address: ServerAddress, timeout: float) -> None:
        super().__init__(
            f"tmux did not answer within {timeout:g} s", hint=f"the server at {address} may be stopped or very busy"
        )


@dataclass(frozen=True, slots=True)
class Ran:
    """How one spawned tmux ended."""

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
        return [shutil.which("tmux") or "tmux", "-u", "-S", address.socket, *args]
    return ["tmux", "-u", "-N", "-S", address.socket, *args]


async def run(
    address: ServerAddress,
    *args: str,
    stdin: bytes | None = None,
    timeout: float = TIMEOUT,
    starting_with: Mapping[str, str] | None = None,
) -> Ran:
    """Run one tmux to its end, whatever that is; it is killed when it takes too long.

    `starting_with` lets it start the server where there is none, with this environment: what the server is started
    with, every session in it inherits.
    """
    began = time.monotonic()
    process = await start(
        command(address, *args, may_start=starting_with is not None),
        stdin=asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE,
        env=environment() if starting_with is None else starting_with,
    )
    try:
        async with asyncio.timeout(timeout):
            out, err = await process.communicate(stdin)
    except TimeoutError:
        raise TimedOut(address, timeout) from None
    finally:
        await kill(process)
    logger.debug(
        "tmux ran",
        extra={"tmux_cmd": args[:1], "exit_code": process.returncode, "elapsed_ms": _ms_since(began)},
    )
    return Ran(process.returncode or 0, out, err.decode(errors="replace").strip())


async def ask(address: ServerAddress, *args: str, stdin: bytes | None = None, timeout: float = TIMEOUT) -> bytes:
    """Run one tmux and give what it printed; raises the error that its failure means."""
    ran = await run(address, *args, stdin=stdin, timeout=timeout)
    if ran.exit_code:
        raise failure(address, ran.err)
    return ran.out


async def start(argv: Sequence[str], *, stdin: int, env: Mapping[str, str]) -> asyncio.subprocess.Process:
    """Start a tmux client with pipes; raises TmuxMissing when there is no such program."""
    try:
        return await asyncio.create_subprocess_exec(
            *argv,
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=env,
            # A Ctrl+C meant for us is not meant for it.
            start_new_session=True,
        )
    except (FileNotFoundError, PermissionError, NotADirectoryError) as error:
        raise missing() from error
    except OSError as error:
        raise TmuxUnreachable(f"tmux could not be started: {error}") from error


async def kill(process: asyncio.subprocess.Process) -> None:
    """End a client that still runs, and collect it."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
        # A client hands its pipes to the server (3.3a). A stopped server keeps them open in its socket's queue, and
        # `wait` waits for them; only the transport, which has no public name, can let them go.
        process._transport.close()  # type: ignore[attr-defined]
        await process.wait()


def missing() -> TmuxMissing:
    """The error for a machine without tmux, with how to get it there."""
    return TmuxMissing("there is no tmux on this machine's PATH", hint=f"install it: {_install_command()}")


def failure(address: ServerAddress, said: str) -> TmuxUnreachable | TmuxRefused:
    """The error that a failed tmux's words mean."""
    if _is_absent(said):
        return ServerAbsent(f"no tmux server runs at {address}")
    if _never_reached(said):
        return TmuxUnreachable(f"tmux cannot be reached: {said or 'it said nothing'}", hint=_way_out(address, said))
    return TmuxRefused(f"tmux refused: {said}")


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


def _way_out(address: ServerAddress, said: str) -> str:
    if "Permission denied" in said:
        return f"the socket {address} belongs to another user"
    if "version" in said:
        return "the running server is of another tmux version; restart it, or use its own tmux program"
    return "it may be starting or ending; look again in a moment"


def _install_command() -> str:
    if sys.platform == "darwin":
        return _INSTALL["darwin"]
    names: list[str] = []
    with suppress(OSError):
        import platform

        release = platform.freedesktop_os_release()
        names = [release.get("ID", ""), *release.get("ID_LIKE", "").split()]
    known = (_INSTALL[part] for name in names for part in name.split("-") if part in _INSTALL)
    return next(known, "see https://github.com/tmux/tmux/wiki/Installing")


def _ms_since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
