"""The only door to other programs, tmux apart: bounded in time and in memory, never through a shell."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, create_subprocess_exec
from asyncio.subprocess import Process as Child
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.process_tree import Process
from quarterdeck.errors import ProgramError, ProgramFailed, ProgramMissing, ProgramTimedOut
from quarterdeck.programs import install_hint

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

NOT_INHERITED = (
    *("TMUX", "TMUX_PANE"),
    # Set where we are run by git itself, from a hook or an alias.
    *("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY"),
    *("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_PREFIX"),
    # Set where an agent of ours runs us: `operations.start_agent.environment`.
    *("QUARTERDECK_SESSION", "QUARTERDECK_PROJECT", "QUARTERDECK_CALLER", "QUARTERDECK_TMUX_NAME", "QUARTERDECK_ISSUE"),
)
"""No program of ours, and no tmux server that we start, takes our tmux, repository or session for its own."""
DEFAULT_LIMIT = 8 * 1024 * 1024
END_GRACE_SECONDS = 0.5
"""What a program that must end gets between SIGTERM and SIGKILL, to take its lock files away."""
_CHUNK = 65536
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Result(Struct, frozen=True):
    """How a program ended. A code other than 0 is an answer, not an error."""

    code: int
    out: str
    err: str

    @property
    def ok(self) -> bool:
        """Whether it ended well."""
        return self.code == 0


def child_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Our environment without `NOT_INHERITED`, with `extra` on top."""
    kept = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
    return kept | dict(extra or {})


def is_stopped(pid: int) -> bool:
    """Whether a process has been stopped, by Ctrl-Z say, and goes on only when somebody says so."""
    if sys.platform != "linux":
        import psutil  # costs 20 ms, and Linux does without

        try:
            return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
        except psutil.Error:
            return False
    return _facts_of(pid)[:1] == [b"T"]


async def on_terminal(argv: Sequence[str], env: Mapping[str, str]) -> int:
    """Run a program that takes over our terminal, and return its exit code once it has ended.

    It does not outlive us: when we are told to end, so is it, and the terminal is nobody's but its shell's.
    """
    process = await create_subprocess_exec(*argv, env=dict(env))
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()
            await _wait_a_little(process)


async def run(
    argv: Sequence[str],
    *,
    timeout: float,
    input: str | bytes | None = None,  # noqa: A002 - subprocess's own word
    cwd: Path | str | None = None,
    env: Mapping[str, str] | None = None,
    limit_bytes: int = DEFAULT_LIMIT,
) -> Result:
    """Run a program to its end and return what it said.

    `env` is laid over our own environment. What goes beyond `limit_bytes` of either stream is read and dropped.
    On time-out or cancellation the program and everything it started are ended before this returns.
    """
    data = input.encode("utf-8", "surrogateescape") if isinstance(input, str) else input
    async with _started(argv, timeout, has_input=input is not None, cwd=cwd, env=env) as process:
        out, err, _ = await asyncio.gather(
            _read(process.stdout, limit_bytes), _read(process.stderr, limit_bytes), _feed(process, data)
        )
        code = await process.wait()
    return Result(code, _text(out), _text(err))


async def stream(
    argv: Sequence[str],
    *,
    on_line: Callable[[str], None],
    timeout: float,
    cwd: Path | str | None = None,
    env: Mapping[str, str] | None = None,
) -> int:
    """As `run`, but each line of either stream is given to `on_line` as it comes; returns the exit code."""
    async with _started(argv, timeout, has_input=False, cwd=cwd, env=env) as process:
        await asyncio.gather(_give_lines(process.stdout, on_line), _give_lines(process.stderr, on_line))
        return await process.wait()


async def _give_lines(source: asyncio.StreamReader | None, on_line: Callable[[str], None]) -> None:
    assert source is not None
    pending = b""
    while chunk := await source.read(_CHUNK):
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            on_line(_text(line))
        if len(pending) > _CHUNK:
            # A program may never end its line; memory must not grow with it.
            on_line(_text(pending))
            pending = b""
    if pending:
        on_line(_text(pending))


@asynccontextmanager
async def _started(
    argv: Sequence[str], timeout: float, *, has_input: bool, cwd: Path | str | None, env: Mapping[str, str] | None
) -> AsyncIterator[Child]:
    """A program that has so much time: it and all it started are ended unless the block is left well."""
    if not argv or any("\0" in part for part in argv):
        raise ProgramFailed("A program cannot be started with an empty command or a NUL in it.")
    starting = asyncio.ensure_future(
        create_subprocess_exec(
            *argv,
            stdin=PIPE if has_input else DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            cwd=cwd,
            env=child_environment(env),
            # A group of its own, so that all it started can be ended with it, and Ctrl-C reaches only us.
            start_new_session=True,
        )
    )
    try:
        process = await asyncio.shield(starting)
    except OSError as error:
        raise _start_error(argv[0], cwd, error) from error
    except asyncio.CancelledError:
        # asyncio leaves a pipe open when it is cancelled while it connects the program's streams.
        await asyncio.shield(_end_started(starting))
        raise
    ended = False
    try:
        async with asyncio.timeout(timeout):
            yield process
        ended = True
    except TimeoutError:
        raise ProgramTimedOut(f"{argv[0]} did not end within {timeout:g} seconds.") from None
    finally:
        if not ended:
            await asyncio.shield(_end_group(process))


async def _end_started(starting: asyncio.Future[Child]) -> None:
    with suppress(OSError):
        await _end_group(await starting)


def _start_error(program: str, cwd: Path | str | None, error: OSError) -> ProgramError:
    if cwd is not None and not Path(cwd).is_dir():
        return ProgramFailed(f"{program} cannot run in {cwd}: there is no such folder.")
    if isinstance(error, FileNotFoundError):
        return ProgramMissing(f"There is no program {program} here.", hint=install_hint(program))
    return ProgramFailed(f"{program} cannot be started: {error.strerror}.")


async def _read(stream: asyncio.StreamReader | None, limit: int) -> bytes:
    assert stream is not None
    kept = bytearray()
    while chunk := await stream.read(_CHUNK):
        kept += chunk[: max(0, limit - len(kept))]
    return bytes(kept)


async def _feed(process: Child, data: bytes | None) -> None:
    if process.stdin is None:
        return
    try:
        process.stdin.write(data or b"")
        await process.stdin.drain()
        process.stdin.close()
        await process.stdin.wait_closed()
    except (BrokenPipeError, ConnectionResetError):
        # A program may end without reading what it was given; its exit code tells.
        return


async def _end_group(process: Child) -> None:
    _signal_group(process, signal.SIGTERM)
    await _wait_a_little(process)
    # The program may be gone while others of its group live on.
    _signal_group(process, signal.SIGKILL)
    # Only a descendant that left the group can still hold the pipes open; it is not waited for.
    await _wait_a_little(process)


async def _wait_a_little(process: Child) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(END_GRACE_SECONDS):
            await process.wait()


def _signal_group(process: Child, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def running() -> dict[int, Process]:
    """Every process we may see, by pid, `started` in epoch seconds. Blocking: call it from a thread."""
    # 20 ms that only those pay who look at processes.
    import psutil

    found = {}
    for each in psutil.process_iter(["ppid", "name", "cmdline", "create_time", "status"]):
        info = each.info
        if info["status"] != psutil.STATUS_ZOMBIE and info["create_time"] is not None:
            found[each.pid] = Process(
                pid=each.pid,
                ppid=info["ppid"] or 0,
                name=info["name"] or "",
                argv=tuple(info["cmdline"] or ()),
                started=info["create_time"],
            )
    return found


def parent_of(pid: int) -> int:
    """The process that started another; 0 when there is no such process. Blocking: call it from a thread."""
    import psutil

    try:
        return psutil.Process(pid).ppid()
    except psutil.Error:
        return 0


def family(root: int, everybody: Mapping[int, Process]) -> list[Process]:
    """A process and all that came of it and still runs, nearest first."""
    children: dict[int, list[Process]] = {}
    for each in everybody.values():
        children.setdefault(each.ppid, []).append(each)
    found = [everybody[root]] if root in everybody else []
    for each in found:
        found += children.get(each.pid, [])
    return found


async def end_all(processes: Sequence[Process], *, grace: float = 2.0) -> list[Process]:
    """End processes, with SIGKILL where they do not go by themselves; answers those that are still there."""

    def alive() -> list[Process]:
        now = running()
        return [each for each in processes if each.pid in now and now[each.pid].started == each.started]

    async def gone_within(seconds: float) -> list[Process]:
        left = await asyncio.to_thread(alive)
        pause = 0.02
        while left and seconds > 0:
            await asyncio.sleep(pause)
            seconds -= pause
            pause = min(pause * 2, 0.25)
            left = await asyncio.to_thread(alive)
        return left

    for number in (signal.SIGTERM, signal.SIGKILL):
        left = await gone_within(0)
        for each in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(each.pid, number)
        if not left or not await gone_within(grace):
            return []
    return await asyncio.to_thread(alive)


def this_process() -> str:
    """Who we are, as a text that no later process shares."""
    return f"{os.getpid()}:{_born(os.getpid())}"


def is_running(process: str) -> bool:
    """Whether the process of `this_process` is still there."""
    pid, _, born = process.partition(":")
    return bool(born) and pid.isdecimal() and _born(int(pid)) == born


def _born(pid: int) -> str:
    """When a process began, however this system says it; empty when there is no such process."""
    if sys.platform == "linux":
        facts = _facts_of(pid)
        # It is counted from the start of the machine.
        return f"{_BOOT_ID.read_text()[:8]}-{facts[19].decode()}" if facts and _BOOT_ID.exists() else ""
    import psutil

    try:
        return f"{psutil.Process(pid).create_time():.2f}"
    except psutil.Error:
        return ""


def _facts_of(pid: int) -> list[bytes]:
    """What Linux says of a process, from its state on; nothing when there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return []
    # The name stands in parentheses and may hold some itself.
    return stat[stat.rindex(b")") + 1 :].split()
