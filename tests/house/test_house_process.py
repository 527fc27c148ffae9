"""Other programs: bounded, without our tmux, and ended with all they started."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from quarterdeck.errors import ProgramFailed, ProgramMissing, ProgramTimedOut
from quarterdeck.process import on_terminal, run
from support.patience import PATIENCE
from support.tmux_server import until

if TYPE_CHECKING:
    from collections.abc import Callable

SAY = "import sys; sys.stdout.write({!r}); sys.stderr.write({!r}); sys.exit({})"


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def has_ended(pid: int) -> bool:
    """Whether the process is gone, or a zombie that nobody has collected yet."""
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rsplit(")", 1)[1].split()[0] == "Z"


async def eventually(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition while the loop goes on."""
    await asyncio.to_thread(until, condition, what)


def has_line(file: Path) -> bool:
    """Whether a whole line was written into the file."""
    return file.exists() and file.read_text().endswith("\n")


async def pid_in(file: Path) -> int:
    """The process id that a child writes into `file`."""
    await eventually(lambda: has_line(file), "the child says its pid")
    return int(await asyncio.to_thread(file.read_text))


@pytest.mark.process
async def test_what_a_program_says_and_how_it_ends_is_returned() -> None:
    result = await run(python(SAY.format("out", "err", 3)), timeout=PATIENCE)

    assert (result.code, result.out, result.err, result.ok) == (3, "out", "err", False)


@pytest.mark.process
async def test_input_reaches_it_and_no_shell_sees_the_arguments() -> None:
    code = "import sys; print(sys.argv[1:], sys.stdin.read())"

    result = await run((*python(code), "$(touch pwned)", "a b", ";"), input="héllo", timeout=PATIENCE)

    assert result.out == "['$(touch pwned)', 'a b', ';'] héllo\n"


@pytest.mark.process
async def test_without_input_it_cannot_read_our_terminal() -> None:
    assert (await run(python("import sys; print(repr(sys.stdin.read()))"), timeout=PATIENCE)).out == "''\n"


@pytest.mark.process
async def test_our_tmux_is_not_inherited_and_extra_variables_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMUX", "/tmp/x,1,2")
    monkeypatch.setenv("TMUX_PANE", "%1")
    monkeypatch.setenv("KEPT", "1")
    code = "import os; print([os.environ.get(n) for n in ('TMUX', 'TMUX_PANE', 'KEPT', 'ADDED')])"

    result = await run(python(code), env={"ADDED": "2"}, timeout=PATIENCE)

    assert result.out == "[None, None, '1', '2']\n"


@pytest.mark.process
async def test_more_than_the_limit_is_dropped() -> None:
    result = await run(python("print('x' * 1_000_000)"), timeout=PATIENCE, limit_bytes=1000)

    assert len(result.out) == 1000


@pytest.mark.process
async def test_bytes_that_are_not_text_do_not_fail() -> None:
    result = await run(python(r"import sys; sys.stdout.buffer.write(b'a\xffb')"), timeout=PATIENCE)

    assert result.out == "a\ufffdb"


@pytest.mark.process
async def test_input_that_nobody_reads_is_no_error() -> None:
    result = await run(python("pass"), input="x" * 5_000_000, timeout=PATIENCE)

    assert result.code == 0


@pytest.mark.process
async def test_a_missing_program_is_named() -> None:
    with pytest.raises(ProgramMissing, match="no-such-program"):
        await run(("no-such-program",), timeout=PATIENCE)


@pytest.mark.process
async def test_a_missing_folder_is_not_taken_for_a_missing_program(tmp_path: Path) -> None:
    with pytest.raises(ProgramFailed, match="no such folder"):
        await run(python("pass"), cwd=tmp_path / "none", timeout=PATIENCE)


@pytest.mark.process
async def test_a_program_that_may_not_be_run_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "program"
    file.write_text("not a program")

    with pytest.raises(ProgramFailed, match="cannot be started"):
        await run((str(file),), timeout=PATIENCE)


@pytest.mark.parametrize("argv", [(), ("a\0b",)], ids=["empty", "NUL"])
async def test_an_impossible_command_is_refused(argv: tuple[str, ...]) -> None:
    with pytest.raises(ProgramFailed):
        await run(argv, timeout=PATIENCE)


STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
sleeper = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"
child = subprocess.Popen([sys.executable, "-c", sleeper])
open(sys.argv[1], "w").write(str(child.pid) + "\\n")
time.sleep(60)
"""


@pytest.mark.process
async def test_on_time_out_it_and_its_children_are_ended(tmp_path: Path) -> None:
    file = tmp_path / "pid"

    with pytest.raises(ProgramTimedOut, match="5 seconds"):
        await run((*python(STUBBORN), str(file)), timeout=5)

    pid = await pid_in(file)
    await eventually(lambda: has_ended(pid), "the grandchild ends")


@pytest.mark.process
async def test_on_cancellation_it_and_its_children_are_ended(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    running = asyncio.create_task(run((*python(STUBBORN), str(file)), timeout=50))
    pid = await pid_in(file)

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    await eventually(lambda: has_ended(pid), "the grandchild ends")


@pytest.mark.process
@pytest.mark.parametrize("turns", range(2, 9))
async def test_a_program_is_ended_with_its_children_although_its_start_was_cancelled(
    tmp_path: Path, turns: int
) -> None:
    file = tmp_path / "pid"
    running = asyncio.create_task(run(["sh", "-c", f"sleep 600 & echo $! > {file}; wait"], timeout=50))
    for _ in range(turns):
        await asyncio.sleep(0)
    # The loop stands still meanwhile, so that the program is faster than who starts it.
    until(lambda: has_line(file), "the child says its pid")
    pid = int(file.read_text())

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    await eventually(lambda: has_ended(pid), "the grandchild ends")


@pytest.mark.process
async def test_a_program_asked_to_end_may_clear_up_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quarterdeck.process.END_GRACE_SECONDS", PATIENCE)
    lock = tmp_path / "lock"
    code = f"""
import signal, sys, time, pathlib
lock = pathlib.Path({str(lock)!r})
def clear(*_):
    lock.unlink()
    sys.exit(1)
signal.signal(signal.SIGTERM, clear)
lock.write_text("")
time.sleep(60)
"""
    running = asyncio.create_task(run(python(code), timeout=50))
    await eventually(lock.exists, "the program has its lock")

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert not lock.exists()


@pytest.mark.process
async def test_the_programs_own_group_is_not_ours() -> None:
    result = await run(python("import os; print(os.getpgid(0))"), timeout=PATIENCE)

    assert int(result.out) != os.getpgid(0)


@pytest.mark.process
async def test_what_was_lent_the_terminal_ends_with_whoever_waits_for_it(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    code = f"import os, time; open({str(file)!r}, 'w').write(f'{{os.getpid()}}\\n'); time.sleep(600)"
    lent = asyncio.create_task(on_terminal(python(code), dict(os.environ)))
    pid = await pid_in(file)

    lent.cancel()

    with pytest.raises(asyncio.CancelledError):
        await lent
    assert has_ended(pid)
