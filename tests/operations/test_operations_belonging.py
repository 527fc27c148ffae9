"""Which tmux session belongs to a spawned session: not whatever has its name, nor one on another server."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from quarterdeck.agents.claude_registry import entry
from quarterdeck.core.issue import Issue, IssueState
from quarterdeck.core.lifecycle import RuntimeState
from quarterdeck.core.pane import TmuxSessionId
from quarterdeck.core.place_match import SeenPlace
from quarterdeck.errors import NotRestorable, QuarterdeckError, Refused
from quarterdeck.operations import restore as restoring
from quarterdeck.operations.cleanup import cleanup, find_candidates
from quarterdeck.operations.kill_work import kill_work
from quarterdeck.operations.orchestrator import OrchestratorRequest, ensure_orchestrator, relaunch_orchestrator
from quarterdeck.operations.restore import restore
from quarterdeck.operations.session_runtime import look_up
from quarterdeck.operations.spawn import SpawnRequest, spawn
from quarterdeck.ports.agent_process import AgentHome
from quarterdeck.values import replace
from support.tmux_server import TmuxServer, until
from support.work_contexts import open_place, runtime_of

if TYPE_CHECKING:
    from quarterdeck.core.work_record import WorkRecord
    from quarterdeck.operations.contexts import WorkContext
    from support.git_repo import Repository
    from support.work_contexts import Place


async def spawned(place: Place, issue: str | None = None) -> WorkRecord:
    record = await spawn(place.work_context, SpawnRequest(project="app", prompt="x", issue=issue), place.say)
    until(lambda: (place.notes / f"{record.session_id}.cwd").exists(), "the agent has started")
    return record


def server(place: Place) -> TmuxServer:
    return TmuxServer(str(place.work_context.mux.address))


async def test_a_session_that_was_renamed_is_still_the_workers(place: Place) -> None:
    record = await spawned(place)
    server(place).run("rename-session", "-t", "=app-1", "mine")
    place.clock.ahead = timedelta(minutes=1)

    assert (await runtime_of(place.work_context, "app-1")).state is RuntimeState.ALIVE
    with pytest.raises(NotRestorable):
        await restore(place.work_context, "app-1", place.say)
    assert server(place).sessions() == ["mine"]

    await kill_work(place.work_context, "app-1")

    assert server(place).sessions() == [], "no agent works on in a worktree that is gone"
    assert not Path(record.worktree or "").exists()


async def test_a_workers_program_is_told_apart_as_agents_registries_do(place: Place, short_folder: Path) -> None:
    await spawned(place)
    system = await look_up(place.work_context)
    (program,) = system.programs(system.named("app-1")[0])[:1]
    ticks = Path(f"/proc/{program.pid}/stat").read_text().rpartition(")")[2].split()[19]
    registry = short_folder / ".claude" / "sessions" / f"{program.pid}.json"
    registry.parent.mkdir(parents=True)
    registry.write_text(json.dumps({"pid": program.pid, "procStart": ticks}))

    assert entry(program, AgentHome(short_folder)) is not None


@pytest.mark.parametrize("is_watched", [True, False], ids=["seen", "unseen"])
async def test_a_session_of_somebody_else_that_has_the_name_is_left_alone(is_watched: bool, place: Place) -> None:
    await spawned(place)
    there = server(place)
    there.session("other")
    there.run("kill-session", "-t", "=app-1")
    there.session("app-1")
    if is_watched:
        look = await place.work_context.mux.look()
        tmux_id, created = there.run("display", "-p", "-t", "=app-1:", "#{session_id} #{session_created}").split()
        seen_session = SeenPlace(TmuxSessionId(tmux_id), "app-1", int(created))
        await place.work_context.store.claim(there.socket, str(getattr(look, "incarnation")), [seen_session])  # noqa: B009
    place.clock.ahead = timedelta(minutes=1)

    assert (await runtime_of(place.work_context, "app-1")).state is RuntimeState.MISSING
    with pytest.raises(QuarterdeckError, match="exists already"):
        await restore(place.work_context, "app-1", place.say)
    await kill_work(place.work_context, "app-1")

    assert there.sessions() == ["app-1", "other"]


async def test_what_runs_on_another_tmux_server_is_not_ended_nor_started_again_from_here(
    place: Place, short_folder: Path, repository: Repository, tmp_path: Path
) -> None:
    record = await spawned(place, issue="7")
    async with open_place(short_folder, short_folder / "o", repository) as elsewhere:
        elsewhere.tracker.known["7"] = Issue(id="7", title="Paint", state=IssueState.CLOSED)
        with pytest.raises(Refused, match="another tmux server") as caught:
            await kill_work(elsewhere.work_context, "app-1")
        with pytest.raises(Refused, match="another tmux server"):
            await restore(elsewhere.work_context, "app-1", elsewhere.say)
        (candidate,) = await find_candidates(elsewhere.work_context)
        await cleanup(elsewhere.work_context)

    assert str(place.work_context.mux.address) in caught.value.hint
    assert "another tmux server" in candidate.protected
    assert server(place).sessions() == ["app-1"]
    assert Path(record.worktree or "").exists()


async def test_what_ran_on_a_tmux_server_that_is_gone_is_brought_back_on_this_one(
    place: Place, short_folder: Path, repository: Repository
) -> None:
    await spawned(place)
    server(place).run("kill-server")
    until(lambda: not server(place).sessions(), "the server is gone")
    (place.notes / "app-1.cwd").unlink()
    here = TmuxServer(short_folder / "o")
    async with open_place(short_folder, short_folder / "o", repository) as elsewhere:
        try:
            restored = await restore(elsewhere.work_context, "app-1", elsewhere.say)

            until(lambda: (place.notes / "app-1.cwd").exists(), "the agent has started")
            assert restored.tmux_server == here.socket
            assert here.sessions() == ["app-1"]
        finally:
            here.close()


async def test_the_conversation_the_agent_was_last_in_is_gone_on_with(place: Place) -> None:
    record = await spawned(place)
    first, second = record.agent_session_id or "", "0f0e0d0c-later"
    for conversation in (first, second):
        (place.notes / f"conversation-{conversation}").write_text(conversation)
    (row,) = await place.work_context.store.sessions()
    await place.work_context.store.checkpoint([replace(row, tool="Scripted", conversation=second)])
    await kill_work(place.work_context, "app-1")

    restored = await restore(place.work_context, "app-1", place.say)

    argv = place.notes / "app-1.argv"
    until(lambda: argv.exists() and argv.read_text() == f"--resume\n{second}\n", "it goes on with the later one")
    assert restored.agent_session_id == second


async def test_a_later_conversation_that_is_gone_leads_to_the_one_before(place: Place) -> None:
    record = await spawned(place)
    first = record.agent_session_id or ""
    (place.notes / f"conversation-{first}").write_text(first)
    (row,) = await place.work_context.store.sessions()
    await place.work_context.store.checkpoint([replace(row, tool="Scripted", conversation="never-begun")])
    await kill_work(place.work_context, "app-1")

    restored = await restore(place.work_context, "app-1", place.say)

    assert restored.agent_session_id == first
    assert restored.restore_fallback is None


async def test_a_conversation_that_was_left_for_a_new_start_is_not_gone_on_with(place: Place) -> None:
    request = OrchestratorRequest(project="app")
    before = await ensure_orchestrator(place.work_context, request, place.say)
    (row,) = await place.work_context.store.sessions()
    await place.work_context.store.checkpoint(
        [replace(row, tool="Scripted", conversation=before.agent_session_id)],
    )
    anew = await relaunch_orchestrator(place.work_context, request, place.say)
    for conversation in (before.agent_session_id, anew.agent_session_id):
        (place.notes / f"conversation-{conversation}").write_text(conversation or "")
    server(place).run("kill-session", "-t", "=app-orchestrator")

    again = await ensure_orchestrator(place.work_context, request, place.say)

    assert before.agent_session_id != anew.agent_session_id
    assert again.agent_session_id == anew.agent_session_id


async def test_an_orchestrator_that_has_only_begun_is_not_started_a_second_time(place: Place) -> None:
    request = OrchestratorRequest(project="app")
    first = await ensure_orchestrator(place.work_context, request, place.say)
    pane = first.lifecycle.runtime.handle
    # What it is started with has not become the agent yet.
    server(place).run("respawn-pane", "-k", "-t", str(pane), "sleep", "3600")

    second = await ensure_orchestrator(place.work_context, request, place.say)

    assert second.restored_at is None
    place.clock.ahead = timedelta(minutes=1)
    assert (await ensure_orchestrator(place.work_context, request, place.say)).restored_at


async def test_who_comes_second_does_not_end_what_the_first_has_just_brought_back(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    await spawned(place)
    server(place).run("kill-session", "-t", "=app-1")
    check = restoring._check_restorable
    others: list[object] = []

    async def another_comes(work_context: WorkContext, record: WorkRecord) -> None:
        await check(work_context, record)
        if not others:
            others.append("on its way")
            others[:] = await asyncio.gather(restore(place.work_context, "app-1", place.say), return_exceptions=True)

    monkeypatch.setattr(restoring, "_check_restorable", another_comes)
    found = await asyncio.gather(restore(place.work_context, "app-1", place.say), return_exceptions=True)

    assert len([each for each in (*found, *others) if isinstance(each, QuarterdeckError)]) == 1
    assert (await place.kinds()).count("session.restored") == 1
    assert server(place).sessions() == ["app-1"]
