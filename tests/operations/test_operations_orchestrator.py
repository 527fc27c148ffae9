from __future__ import annotations

import asyncio
import os
import shutil
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from quarterdeck.core.journal import Operation
from quarterdeck.core.lifecycle import WorkState, decide, initial, status_of
from quarterdeck.core.project import Strategy
from quarterdeck.core.work import Role
from quarterdeck.core.work_record import WorkRecord
from quarterdeck.errors import AlreadyReserved, GitError, NotRestorable, TmuxRefused
from quarterdeck.operations import orchestrator
from quarterdeck.operations.cleanup import cleanup
from quarterdeck.operations.kill_work import kill_work
from quarterdeck.operations.orchestrator import (
    OrchestratorRequest,
    ensure_orchestrator,
    orchestrator_id,
    relaunch_orchestrator,
)
from quarterdeck.operations.spawn import SpawnRequest, spawn
from quarterdeck.values import replace
from support.patience import PATIENCE
from support.tmux_server import TmuxServer, until
from support.warm import WarmProcess
from support.work_contexts import Place, open_place

if TYPE_CHECKING:
    from pathlib import Path

    from support.git_repo import Repository

REQUEST = OrchestratorRequest(project="app")


def server(place: Place) -> TmuxServer:
    return TmuxServer(str(place.work_context.mux.address))


def stop(place: Place) -> None:
    """End the tmux server, and wait until it has gone."""
    server(place).run("kill-server")
    until(lambda: server(place).sessions() == [], "the server has gone")


async def test_an_orchestrator_has_a_fixed_id_a_branch_and_a_worktree(place: Place) -> None:
    record = await ensure_orchestrator(place.work_context, REQUEST, place.say)

    assert record.session_id == "app-orchestrator"
    assert record.branch == "orchestrator/app-orchestrator"
    assert record.role is Role.ORCHESTRATOR
    assert status_of(record.lifecycle) == "working"
    assert record.lifecycle.session.started_at
    assert record.worktree == str(place.work_context.folder / "app/worktrees/app-orchestrator")
    until(lambda: (place.notes / "app-orchestrator.cwd").exists(), "it has started")
    assert "QUARTERDECK_CALLER=orchestrator" in (place.notes / "app-orchestrator.env").read_text()
    assert (
        "You are app-orchestrator"
        in (place.work_context.folder / "app/orchestrator-prompt-app-orchestrator.md").read_text()
    )


async def test_asking_twice_answers_the_same_session(place: Place) -> None:
    first = await ensure_orchestrator(place.work_context, REQUEST, place.say)

    second = await ensure_orchestrator(place.work_context, REQUEST, place.say)

    assert second == first
    assert (await place.kinds()).count("session.spawned") == 1


async def test_two_processes_end_with_the_same_orchestrator(
    place: Place, short_folder: Path, tmux_socket: Path, repository: Repository
) -> None:
    async with open_place(short_folder, tmux_socket, repository) as other:
        records = await asyncio.gather(
            ensure_orchestrator(place.work_context, REQUEST, place.say),
            ensure_orchestrator(other.work_context, REQUEST, other.say),
        )

    assert len({record.created_at for record in records}) == 1
    assert server(place).sessions() == ["app-orchestrator"]
    assert "session.spawn_failed" not in await place.kinds()


async def test_four_processes_at_once_end_with_the_same_orchestrator_be_it_made_or_brought_back(place: Place) -> None:
    argv = ("ensure", "never", str(place.work_context.folder.parent.parent), str(place.work_context.mux.address))
    for _ in range(3):
        processes = [WarmProcess("support.dying", *argv, env=os.environ) for _ in range(4)]
        outputs = [process.communicate(2 * PATIENCE) for process in processes]

        assert [process.returncode for process in processes] == [0] * 4, [errors for _, errors in outputs]
        assert len({out for out, _ in outputs}) == 1
        assert server(place).sessions() == ["app-orchestrator"]
        assert await place.work_context.works.journal() == []
        stop(place)
    assert (await place.kinds()).count("session.spawned") == 1
    assert "session.spawn_failed" not in await place.kinds()


async def test_an_ensure_waits_for_one_whose_record_is_there_already(place: Place) -> None:
    work_context, project = place.work_context, place.work_context.projects["app"]
    record = await ensure_orchestrator(work_context, REQUEST, place.say)
    stop(place)
    entry = await work_context.works.begin(
        Operation.RESTORE, orchestrator_id(project), "app", work_context.owner, work_context.clock.now()
    )
    asking = asyncio.ensure_future(ensure_orchestrator(work_context, REQUEST, place.say))
    async with asyncio.timeout(PATIENCE):
        while "session.orchestrator_conflict" not in await place.kinds():
            assert not asking.done()

    await work_context.works.finish(entry)

    assert (await asking).created_at == record.created_at
    assert server(place).sessions() == ["app-orchestrator"]


async def test_when_the_one_that_was_first_fails_the_next_one_makes_it(place: Place) -> None:
    work_context, project = place.work_context, place.work_context.projects["app"]
    now = work_context.clock.now()
    draft = WorkRecord(
        session_id=orchestrator_id(project),
        project="app",
        role=Role.ORCHESTRATOR,
        lifecycle=initial(Role.ORCHESTRATOR, now),
        created_at=now,
    )
    record, entry = await work_context.works.reserve_orchestrator(draft, work_context.owner)
    asking = asyncio.ensure_future(ensure_orchestrator(work_context, REQUEST, place.say))
    async with asyncio.timeout(PATIENCE):
        while "session.orchestrator_conflict" not in await place.kinds():
            assert not asking.done()

    await work_context.works.drop_work(record.session_id)
    await work_context.works.finish(entry)

    assert (await asking).session_id == "app-orchestrator"
    assert server(place).sessions() == ["app-orchestrator"]


async def test_a_reservation_that_never_ends_is_a_clear_error(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orchestrator, "CONFLICT_SECONDS", 0.5)
    project = place.work_context.projects["app"]
    now = place.work_context.clock.now()
    draft = WorkRecord(
        session_id=orchestrator_id(project),
        project="app",
        role=Role.ORCHESTRATOR,
        lifecycle=initial(Role.ORCHESTRATOR, now),
        created_at=now,
    )
    before = place.work_context.works.work
    await place.work_context.works.reserve_orchestrator(draft, place.work_context.owner)

    async def blind(session_id: Any) -> None:
        """The other process's record is not there yet."""
        monkeypatch.setattr(place.work_context.works, "work", before)

    monkeypatch.setattr(place.work_context.works, "work", blind)
    with pytest.raises(AlreadyReserved):
        await ensure_orchestrator(place.work_context, REQUEST, place.say)

    kinds = await place.kinds()
    assert kinds.count("session.orchestrator_conflict") == 1
    assert kinds.count("session.spawn_failed") == 1


@pytest.mark.parametrize("stage", ["worktree", "launch"])
async def test_a_failure_frees_the_reservation(stage: str, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise GitError("no") if stage == "worktree" else TmuxRefused("no")

    with monkeypatch.context() as patch:
        if stage == "worktree":
            patch.setattr(place.work_context.git, "create", fail)
        else:
            patch.setattr(place.work_context.mux, "new_session", fail, raising=False)
        with pytest.raises((GitError, TmuxRefused)):
            await ensure_orchestrator(place.work_context, REQUEST, place.say)

    assert await place.work_context.works.works() == []
    assert (await ensure_orchestrator(place.work_context, REQUEST, place.say)).session_id == "app-orchestrator"


async def test_an_orphaned_worktree_is_gone_on_with_and_survives_a_failure(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = await ensure_orchestrator(place.work_context, REQUEST, place.say)
    assert record.worktree
    (place.work_context.folder / "app/worktrees/app-orchestrator/plan").write_text("x")
    stop(place)
    await place.work_context.works.drop_work(record.session_id)

    async def fail(*_: object) -> None:
        raise TmuxRefused("no")

    with monkeypatch.context() as patch:
        patch.setattr(place.work_context.mux, "new_session", fail, raising=False)
        with pytest.raises(TmuxRefused):
            await ensure_orchestrator(place.work_context, REQUEST, place.say)
    assert (place.work_context.folder / "app/worktrees/app-orchestrator/plan").exists()
    await ensure_orchestrator(place.work_context, REQUEST, place.say)
    assert (place.work_context.folder / "app/worktrees/app-orchestrator/plan").exists()


async def test_a_dead_orchestrator_is_brought_back(place: Place) -> None:
    first = await ensure_orchestrator(place.work_context, REQUEST, place.say)
    words = place.notes / "app-orchestrator.argv"
    until(lambda: words.exists() and "--system" in words.read_text(), "it has its standing instructions")
    told = words.read_text().split("--id")[0]
    stop(place)
    words.unlink()

    second = await ensure_orchestrator(place.work_context, REQUEST, place.say)

    until(lambda: words.exists() and words.read_text().startswith(told), "it has them again")
    assert second.created_at == first.created_at
    assert second.restored_at
    assert server(place).sessions() == ["app-orchestrator"]


async def test_a_done_orchestrator_is_a_clear_error(place: Place) -> None:
    record = await ensure_orchestrator(place.work_context, REQUEST, place.say)
    await place.work_context.works.change_work(
        record.session_id,
        lambda held: replace(held, lifecycle=decide(held.lifecycle, held.created_at, state=WorkState.DONE)),
    )

    with pytest.raises(NotRestorable, match="is done") as caught:
        await ensure_orchestrator(place.work_context, REQUEST, place.say)

    assert "relaunch" in caught.value.hint


async def test_a_relaunch_replaces_the_session_and_keeps_its_worktree(place: Place) -> None:
    first = await ensure_orchestrator(place.work_context, REQUEST, place.say)
    (place.work_context.folder / "app/worktrees/app-orchestrator/plan").write_text("x")

    second = await relaunch_orchestrator(place.work_context, replace(REQUEST, prompt="Be bold."), place.say)

    assert second.created_at != first.created_at
    assert second.agent_session_id != first.agent_session_id
    assert (place.work_context.folder / "app/worktrees/app-orchestrator/plan").exists()
    assert server(place).sessions() == ["app-orchestrator"]
    assert "Be bold." in (place.work_context.folder / "app/orchestrator-prompt-app-orchestrator.md").read_text()


@pytest.mark.parametrize("strategy", [Strategy.DELETE, Strategy.IGNORE])
async def test_other_strategies_always_begin_anew(strategy: Strategy, place: Place) -> None:
    project = replace(place.work_context.projects["app"], orchestrator_strategy=strategy)
    first = await ensure_orchestrator(replace(place.work_context, projects={"app": project}), REQUEST, place.say)

    second = await ensure_orchestrator(replace(place.work_context, projects={"app": project}), REQUEST, place.say)

    assert second.created_at != first.created_at


async def under_way(place: Place) -> None:
    """Wait until somebody is making the orchestrator."""
    async with asyncio.timeout(PATIENCE):
        while not await place.work_context.works.journal():
            pass


async def test_a_relaunch_waits_for_an_ensure(place: Place) -> None:
    ensuring = asyncio.ensure_future(ensure_orchestrator(place.work_context, REQUEST, place.say))
    await under_way(place)

    relaunched = await relaunch_orchestrator(place.work_context, REQUEST, place.say)

    assert (await ensuring).created_at < relaunched.created_at
    assert server(place).sessions() == ["app-orchestrator"]


async def test_an_ensure_waits_for_a_relaunch_and_answers_what_that_made(place: Place) -> None:
    relaunching = asyncio.ensure_future(relaunch_orchestrator(place.work_context, REQUEST, place.say))
    await under_way(place)

    ensured = await ensure_orchestrator(place.work_context, REQUEST, place.say)

    assert (await relaunching).created_at == ensured.created_at
    assert (await place.kinds()).count("session.spawned") == 1


async def test_calls_at_the_same_time_are_one(place: Place) -> None:
    records = await asyncio.gather(*(ensure_orchestrator(place.work_context, REQUEST, place.say) for _ in range(5)))

    assert len({record.created_at for record in records}) == 1
    assert (await place.kinds()).count("session.spawned") == 1


async def test_one_caller_who_gives_up_does_not_stop_the_others(place: Place) -> None:
    first = asyncio.ensure_future(ensure_orchestrator(place.work_context, REQUEST, place.say))
    await under_way(place)
    second = asyncio.ensure_future(ensure_orchestrator(place.work_context, REQUEST, place.say))
    await asyncio.sleep(0)

    first.cancel()

    assert (await second).session_id == "app-orchestrator"
    assert first.cancelled()
    assert server(place).sessions() == ["app-orchestrator"]


async def test_workers_are_told_of_their_orchestrator(place: Place) -> None:
    await ensure_orchestrator(place.work_context, REQUEST, place.say)

    await spawn(place.work_context, SpawnRequest(project="app", prompt="x"), place.say)

    assert "quarterdeck send app-orchestrator" in (place.work_context.folder / "app/worker-prompt-app-1.md").read_text()


async def test_cleanup_never_ends_an_orchestrator(place: Place) -> None:
    record = await ensure_orchestrator(place.work_context, REQUEST, place.say)
    stop(place)
    shutil.rmtree(record.worktree or "")

    place.clock.ahead = timedelta(minutes=1)
    cleaned = await cleanup(place.work_context)

    assert [each.protected for each in cleaned.skipped] == ["it is the orchestrator"]
    assert cleaned.killed == []


async def test_an_ended_orchestrator_comes_back_when_ensured(place: Place) -> None:
    await ensure_orchestrator(place.work_context, REQUEST, place.say)
    await kill_work(place.work_context, "app-orchestrator")

    record = await ensure_orchestrator(place.work_context, REQUEST, place.say)

    assert record.restored_at
    assert server(place).sessions() == ["app-orchestrator"]
