from __future__ import annotations

import os
import random
import re
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.journal import Operation, Step
from quarterdeck.core.lifecycle import RuntimeState, WorkState
from quarterdeck.errors import TmuxUnreachable
from quarterdeck.operations.kill_work import kill_work
from quarterdeck.operations.recover import recover
from quarterdeck.operations.restore import restore
from quarterdeck.operations.spawn import SpawnRequest, spawn
from support.patience import PATIENCE
from support.tmux_server import TmuxServer, until
from support.warm import WarmProcess
from support.work_contexts import runtime_of

if TYPE_CHECKING:
    from support.work_contexts import Place

SPAWN_STEPS = [Step.WORKTREE, Step.FILES, Step.LAUNCH, Step.RECORD, "finish"]
KILL_STEPS = [Step.END_RUNTIME, Step.KEEP, Step.REMOVE_WORKTREE, "finish"]
RESTORE_STEPS = [Step.WORKTREE, Step.END_RUNTIME, Step.LAUNCH, Step.RECORD, "finish"]


def begin(place: Place, operation: str, step: str, **env: str) -> WarmProcess:
    """Start an operation in a process of its own."""
    folder = place.work_context.folder.parent.parent
    argv = (operation, step, str(folder), str(place.work_context.mux.address))
    return WarmProcess("support.dying", *argv, env={**os.environ, **env})


def killed_at(place: Place, operation: str, step: str) -> None:
    """Do an operation in a process that is killed at a step."""
    process = begin(place, operation, step)
    _, errors = process.communicate()
    assert process.returncode == -signal.SIGKILL, errors


def still_at_work(place: Place) -> list[str]:
    """The gits and the clients of tmux that an operation has started, which do not end with it."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            name, words = (folder / "comm").read_text(), (folder / "cmdline").read_text()
            if str(place.work_context.folder.parent.parent) in words and re.match("git|tmux(?!: server)", name):
                found.append(words)
    return found


def server(place: Place) -> TmuxServer:
    return TmuxServer(str(place.work_context.mux.address))


def worktrees(place: Place) -> list[str]:
    return sorted(path.name for path in place.work_context.folder.glob("app/worktrees/*"))


@pytest.mark.parametrize("step", SPAWN_STEPS)
async def test_a_spawn_cut_off_at_any_step_is_finished_or_undone(step: str, place: Place) -> None:
    killed_at(place, "spawn", step)
    assert await place.work_context.works.journal()

    said = await recover(place.work_context)

    assert len(said) == 1
    assert "app-1" in said[0]
    assert await place.work_context.works.journal() == []
    if step in (Step.RECORD, "finish"):
        assert said == ["Finished the interrupted spawn of app-1."]
        assert (await runtime_of(place.work_context, "app-1")).state is RuntimeState.ALIVE
        assert server(place).sessions() == ["app-1"]
        assert worktrees(place) == ["app-1"]
        await kill_work(place.work_context, "app-1")
    else:
        assert said == ["Took back the interrupted spawn of app-1."]
        assert await place.work_context.works.works() == []
        assert place.repository.git("branch", "--format=%(refname:short)") == "main"
        assert not list(place.work_context.folder.glob("app/*.md"))
    assert worktrees(place) == []
    assert server(place).sessions() == []
    assert len(place.repository.git("worktree", "list").splitlines()) == 1
    assert await recover(place.work_context) == []
    assert (await spawn(place.work_context, SpawnRequest(project="app"), place.say)).session_id == "app-2"


@pytest.mark.parametrize("step", KILL_STEPS)
async def test_an_end_cut_off_at_any_step_is_finished(step: str, place: Place) -> None:
    record = await spawn(place.work_context, SpawnRequest(project="app"), place.say)
    assert record.worktree
    (place.work_context.folder / "app/worktrees/app-1/draft").write_text("precious")
    killed_at(place, "kill", step)

    said = await recover(place.work_context)

    assert said == ["Finished the interrupted end of app-1."]
    assert (await place.work_context.record("app-1")).lifecycle.session.state is WorkState.TERMINATED
    assert worktrees(place) == []
    assert server(place).sessions() == []
    assert place.repository.git("show", "refs/quarterdeck/kept/app-1:draft") == "precious"
    assert await place.work_context.works.journal() == []


@pytest.mark.parametrize("step", RESTORE_STEPS)
async def test_a_restore_cut_off_at_any_step_leaves_a_session_that_lives_or_can_be_restored(
    step: str, place: Place
) -> None:
    await spawn(place.work_context, SpawnRequest(project="app"), place.say)
    await kill_work(place.work_context, "app-1")
    killed_at(place, "restore", step)

    said = await recover(place.work_context)

    assert len(said) == 1
    assert await place.work_context.works.journal() == []
    if step in (Step.WORKTREE, Step.END_RUNTIME):
        # What was half made ready must not pass for a whole one.
        assert worktrees(place) == []
    if server(place).sessions() == []:
        await restore(place.work_context, "app-1", place.say)
    assert server(place).sessions() == ["app-1"]
    record = await place.work_context.record("app-1")
    assert record.lifecycle.session.state is WorkState.WORKING
    assert (await runtime_of(place.work_context, "app-1")).state is RuntimeState.ALIVE
    assert worktrees(place) == ["app-1"]


async def test_a_spawn_killed_at_any_moment_leaves_a_whole_world(place: Place) -> None:
    chance = random.Random(7)
    for _ in range(4):
        process = begin(place, "spawn", "never")
        try:
            process.communicate(timeout=chance.uniform(0.0, 0.9))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        until(lambda: not still_at_work(place), "what it had started has ended")
        await recover(place.work_context)

    records = await place.work_context.works.works()
    assert await place.work_context.works.journal() == []
    assert worktrees(place) == sorted(record.session_id for record in records)
    assert sorted(server(place).sessions()) == sorted(record.session_id for record in records)
    for record in records:
        assert (await runtime_of(place.work_context, record.session_id)).state is RuntimeState.ALIVE


async def test_what_an_agent_left_before_the_crash_was_noticed_is_not_lost(place: Place) -> None:
    killed_at(place, "spawn", Step.RECORD)
    (place.work_context.folder / "app/worktrees/app-1/draft").write_text("precious")
    server(place).run("kill-session", "-t", "=app-1")
    until(lambda: server(place).sessions() == [], "the agent has gone")

    said = await recover(place.work_context)

    assert said == ["app-1 was being spawned; its agent is gone, but has left work."]
    assert (place.work_context.folder / "app/worktrees/app-1/draft").read_text() == "precious"
    assert (await restore(place.work_context, "app-1", place.say)).lifecycle.runtime.state is RuntimeState.ALIVE


async def test_what_somebody_is_still_doing_is_left_to_them(place: Place) -> None:
    record = await spawn(place.work_context, SpawnRequest(project="app"), place.say)
    await place.work_context.works.begin(
        Operation.KILL, record.session_id, "app", place.work_context.owner, place.work_context.clock.now()
    )

    assert await recover(place.work_context) == []
    assert len(await place.work_context.works.journal()) == 1


async def test_nothing_is_decided_while_tmux_does_not_answer(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    killed_at(place, "spawn", Step.RECORD)

    async def silent(moved: object = None) -> None:
        raise TmuxUnreachable("timed out")

    with monkeypatch.context() as patch:
        patch.setattr(place.work_context.mux, "look", silent)
        assert await recover(place.work_context) == []
    assert len(await place.work_context.works.journal()) == 1
    assert await recover(place.work_context) == ["Finished the interrupted spawn of app-1."]


async def test_twenty_spawns_from_four_processes_get_twenty_ids(place: Place) -> None:
    processes = [begin(place, "spawn", "never", QD_TIMES="5") for _ in range(4)]

    outputs = [process.communicate(2 * PATIENCE) for process in processes]

    names = [name for out, _ in outputs for name in out.split()]
    assert [process.returncode for process in processes] == [0] * 4, [errors for _, errors in outputs]
    assert len(set(names)) == 20
    assert sorted(server(place).sessions()) == sorted(names)
    assert worktrees(place) == sorted(names)
    assert await place.work_context.works.journal() == []


@pytest.mark.parametrize("step", [Step.END_RUNTIME, Step.RECORD])
async def test_the_next_operation_puts_right_what_stands_in_its_way(step: str, place: Place) -> None:
    operation = "kill" if step == Step.END_RUNTIME else "spawn"
    if operation == "kill":
        await spawn(place.work_context, SpawnRequest(project="app"), place.say)
    killed_at(place, operation, step)

    killed = await kill_work(place.work_context, "app-1")

    assert killed.record.lifecycle.session.state is WorkState.TERMINATED
    assert worktrees(place) == []
    assert server(place).sessions() == []
