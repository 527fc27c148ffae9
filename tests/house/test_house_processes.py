from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from quarterdeck import process
from quarterdeck.core.process_tree import Process
from quarterdeck.errors import ProgramMissing, ProgramTimedOut
from support.patience import PATIENCE

pytestmark = pytest.mark.process


async def test_lines_are_heard_as_they_come() -> None:
    heard: list[str] = []

    code = await process.stream(
        ["sh", "-c", "echo one; echo two >&2; printf three; exit 3"], on_line=heard.append, timeout=PATIENCE
    )

    assert code == 3
    assert sorted(heard) == ["one", "three", "two"]


async def test_a_line_that_never_ends_does_not_grow_memory() -> None:
    heard: list[str] = []

    await process.stream(["sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x"], on_line=heard.append, timeout=PATIENCE)

    assert sum(map(len, heard)) == 300_000
    assert len(heard) > 1


async def test_a_program_that_takes_too_long_is_ended_with_its_children() -> None:
    heard: list[str] = []

    with pytest.raises(ProgramTimedOut):
        await process.stream(["sh", "-c", "sleep 300 & echo $!; wait"], on_line=heard.append, timeout=4)

    assert int(heard[0]) not in process.running()


async def test_a_missing_program_is_named() -> None:
    with pytest.raises(ProgramMissing):
        await process.stream(["qd-no-such-program"], on_line=print, timeout=PATIENCE)


async def test_git_variables_are_not_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/x")

    assert (await process.run(["sh", "-c", "echo ${GIT_DIR-none}"], timeout=PATIENCE)).out == "none\n"


async def test_a_family_is_known_and_ended_even_when_it_does_not_listen() -> None:
    script = "trap '' TERM; (trap '' TERM; while :; do sleep 1; done) & echo ready; while :; do sleep 1; done"
    child = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE)  # noqa: ASYNC220 - it begins at once
    try:
        assert child.stdout is not None
        child.stdout.readline()
        members = process.family(child.pid, process.running())

        left = await process.end_all(members, grace=0.3)

        assert len(members) >= 2
        assert members[0].pid == child.pid
        assert left == []
        assert not {each.pid for each in members} & set(process.running())
    finally:
        child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()


async def test_a_number_that_was_given_to_another_process_is_left_alone() -> None:
    child = await asyncio.create_subprocess_exec("sleep", "300")
    try:
        impostor = Process(pid=child.pid, ppid=1, started=1.0, name="sleep")

        assert await process.end_all([impostor]) == []
        assert child.returncode is None
    finally:
        child.kill()
        await child.wait()


def test_this_process_is_running_and_one_that_has_ended_is_not() -> None:
    code = "from quarterdeck.process import this_process; print(this_process())"
    env = os.environ | {"PYTHONPATH": str(Path(process.__file__).parents[1])}
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env).stdout

    assert process.is_running(process.this_process())
    assert not process.is_running(ended.strip())
    assert not process.is_running("")
    assert not process.is_running("nonsense")
