from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from quarterdeck.agents.roster import Roster
from quarterdeck.core.issue import Issue
from quarterdeck.core.journal import Operation
from quarterdeck.core.lifecycle import PrState, RuntimeReason, RuntimeState, WorkReason, WorkState, decide, status_of
from quarterdeck.core.project import SetupCommand
from quarterdeck.core.pull_request import PullRequest
from quarterdeck.errors import (
    NotFound,
    NotRestorable,
    Refused,
    TmuxUnreachable,
    UsageError,
    WorktreeMissing,
    WorkWouldBeLost,
)
from quarterdeck.operations.claim import claim_pr
from quarterdeck.operations.cleanup import cleanup, find_candidates, list_work, repair
from quarterdeck.operations.kill_work import kill_work
from quarterdeck.operations.restore import restore, tell_kept
from quarterdeck.operations.session_runtime import Leftovers
from quarterdeck.operations.spawn import SpawnRequest, spawn
from quarterdeck.operations.take_report import report
from quarterdeck.ports.agent_spec import PromptDelivery
from quarterdeck.values import replace
from support.git_repo import git
from support.store import audit_trail
from support.tmux_server import TmuxServer, until
from support.work_contexts import runtime_of, scripted

if TYPE_CHECKING:
    from quarterdeck.core.work_record import WorkRecord
    from quarterdeck.ports.store import Activity
    from support.work_contexts import Place


async def spawned(place: Place, **more: Any) -> WorkRecord:
    record = await spawn(place.work_context, SpawnRequest(**{"project": "app", "prompt": "x", **more}), place.say)
    until(lambda: (place.notes / f"{record.session_id}.cwd").exists(), "the agent has started")
    return record


def tree(record: WorkRecord) -> Path:
    assert record.worktree
    return Path(record.worktree)


def server(place: Place) -> TmuxServer:
    return TmuxServer(str(place.work_context.mux.address))


async def test_an_ended_session_leaves_its_record_and_its_branch(place: Place) -> None:
    record = await spawned(place)

    killed = await kill_work(place.work_context, record.session_id)

    assert not tree(record).exists()
    assert server(place).sessions() == []
    assert place.repository.git("rev-parse", "session/app-1")
    kept = await place.work_context.record("app-1")
    assert kept == killed.record
    assert status_of(kept.lifecycle) == "killed"
    assert kept.lifecycle.session.terminated_at
    assert kept.lifecycle.runtime.reason is RuntimeReason.MANUAL_KILL_REQUESTED
    assert (await place.kinds())[-2:] == ["session.kill_started", "session.killed"]


async def test_ending_twice_does_nothing_twice(place: Place) -> None:
    await kill_work(place.work_context, (await spawned(place)).session_id)
    before = await place.kinds()

    again = await kill_work(place.work_context, "app-1")

    assert again.was_over
    assert await place.kinds() == before


async def test_ending_somebody_unknown_says_so(place: Place) -> None:
    with pytest.raises(NotFound):
        await kill_work(place.work_context, "app-9")


async def test_work_that_would_be_lost_is_named_before_anything_ends(place: Place) -> None:
    record = await spawned(place)
    (tree(record) / "draft").write_text("x")

    with pytest.raises(WorkWouldBeLost, match=r"1 untracked file \(draft\)"):
        await kill_work(place.work_context, "app-1")

    assert server(place).sessions() == ["app-1"]
    assert "session.kill_started" not in await place.kinds()


async def test_with_consent_work_is_kept_and_can_be_got_back(place: Place) -> None:
    record = await spawned(place)
    (tree(record) / "draft").write_text("precious")

    killed = await kill_work(place.work_context, "app-1", leftovers=Leftovers.KEEP)

    assert killed.kept
    assert killed.record.kept_ref == "refs/quarterdeck/kept/app-1"
    assert place.repository.git("show", "refs/quarterdeck/kept/app-1:draft") == "precious"
    assert not tree(record).exists()


async def test_a_worktree_can_be_left_where_it_is(place: Place) -> None:
    record = await spawned(place)
    (tree(record) / "draft").write_text("x")

    killed = await kill_work(place.work_context, "app-1", leftovers=Leftovers.LEAVE)

    assert (tree(record) / "draft").exists()
    assert killed.worktree_left
    assert server(place).sessions() == []


async def test_work_that_appears_while_the_agent_ends_is_not_lost(place: Place) -> None:
    (place.notes / "script").write_text("trap 'echo late > late; exit' HUP TERM")
    record = await spawned(place)

    killed = await kill_work(place.work_context, "app-1")

    if (tree(record) / "late").exists():
        assert "late" in killed.worktree_left
        assert "workspace.destroy_failed" in await place.kinds()
    assert status_of(killed.record.lifecycle) == "killed"


def runs(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    return False


async def test_everything_the_agent_started_ends_with_it(place: Place) -> None:
    (place.notes / "script").write_text(
        'setsid sh -c \'trap "" HUP TERM; echo $$ > "$QD_NOTES/child"; while :; do sleep 1; done\' & '
    )
    await spawned(place)
    until(lambda: (place.notes / "child").exists() and bool((place.notes / "child").read_text()), "the child runs")
    child = int((place.notes / "child").read_text())
    assert runs(child)

    await kill_work(place.work_context, "app-1")

    assert not runs(child)


async def test_a_path_that_is_not_ours_is_never_touched(place: Place, tmp_path: Path) -> None:
    record = await spawned(place)
    precious = tmp_path / "precious"
    precious.mkdir()
    for path in (str(precious), record.repository, record.repository + "/../checkout"):
        await place.work_context.works.change_work(record.session_id, partial(replace, worktree=path))
        await kill_work(place.work_context, "app-1", leftovers=Leftovers.KEEP)
        assert await asyncio.to_thread(Path(path).is_dir)
        await place.work_context.works.change_work(
            record.session_id,
            lambda held: replace(held, lifecycle=decide(held.lifecycle, held.created_at, state=WorkState.WORKING)),
        )
    assert tree(record).is_dir()


async def test_nobody_ends_the_session_they_run_in(place: Place) -> None:
    await spawned(place)

    with pytest.raises(Refused, match="the session this runs in"):
        await kill_work(replace(place.work_context, own_session="app-1"), "app-1")


async def test_when_tmux_does_not_answer_nothing_is_said_to_be_over(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = await spawned(place)

    async def silent(moved: object = None) -> None:
        raise TmuxUnreachable("timed out")

    monkeypatch.setattr(place.work_context.mux, "look", silent)
    with pytest.raises(TmuxUnreachable):
        await kill_work(place.work_context, "app-1")
    with pytest.raises(TmuxUnreachable):
        await restore(place.work_context, "app-1", place.say)
    place.clock.ahead = timedelta(minutes=5)
    (view,) = await list_work(place.work_context)

    assert view.runtime.state is RuntimeState.PROBE_FAILED
    assert status_of((await place.work_context.record("app-1")).lifecycle) == "spawning"
    assert tree(record).exists()
    assert "runtime.lost_detected" not in await place.kinds()


async def test_another_process_at_work_on_a_session_is_named(place: Place) -> None:
    from quarterdeck.core.journal import Operation

    record = await spawned(place)
    await place.work_context.works.begin(
        Operation.RESTORE, record.session_id, "app", place.work_context.owner, place.work_context.clock.now()
    )

    with pytest.raises(Refused, match="restore of app-1 is under way"):
        await kill_work(place.work_context, "app-1")


async def test_a_dead_agent_is_detected_once_and_never_ended(place: Place) -> None:
    await spawned(place)
    server(place).run("kill-session", "-t", "=app-1")

    assert (await list_work(place.work_context))[0].runtime.state is RuntimeState.ALIVE, "it may not have come up yet"
    place.clock.ahead = timedelta(minutes=1)
    (view,), again = await asyncio.gather(list_work(place.work_context), list_work(place.work_context))

    assert view.runtime.state is RuntimeState.MISSING
    assert status_of(view.record.lifecycle) == "detecting"
    assert again[0].record == view.record
    assert (await place.kinds()).count("runtime.lost_detected") == 1


async def test_a_pull_request_two_hold_is_given_to_one_as_they_are_read(place: Place) -> None:
    pr = PullRequest(number=7, url="https://github.com/o/r/pull/7", owner="o", repo="r")
    for _ in range(2):
        record = await spawned(place)
        await place.work_context.works.change_work(record.session_id, lambda held: replace(held, prs=(pr,)))

    first, second = await list_work(place.work_context)

    assert first.record.prs == ()
    assert second.record.prs == (pr,)
    assert not (await place.work_context.record("app-1")).finds_prs


async def test_putting_records_right_does_not_bring_back_what_ended_meanwhile(place: Place) -> None:
    pr = PullRequest(number=7, url="https://github.com/o/r/pull/7", owner="o", repo="r")
    for _ in range(2):
        record = await spawned(place)
        await place.work_context.works.change_work(record.session_id, lambda held: replace(held, prs=(pr,)))
    read = await place.work_context.works.works()
    await kill_work(place.work_context, "app-1")

    first, _ = await repair(place.work_context, read)

    assert status_of((await place.work_context.record("app-1")).lifecycle) == "killed"
    assert first == await place.work_context.record("app-1")
    assert first.prs == ()


async def test_an_ended_session_comes_back_with_its_conversation(place: Place) -> None:
    record = await spawned(place)
    tip = place.repository.commit("work", folder=tree(record))
    git(tree(record), "push", "--quiet", "origin", "HEAD")
    (place.notes / f"conversation-{record.agent_session_id}").write_text(record.agent_session_id or "")
    await kill_work(place.work_context, "app-1")
    (place.notes / "app-1.cwd").unlink()

    restored = await restore(place.work_context, "app-1", place.say)

    until(lambda: (place.notes / "app-1.cwd").exists(), "the agent has started")
    assert (place.notes / "app-1.argv").read_text() == f"--resume\n{record.agent_session_id}\n"
    assert git(tree(record), "rev-parse", "HEAD") == tip
    assert status_of(restored.lifecycle) == "working"
    assert restored.lifecycle.session.terminated_at is None
    assert restored.restored_at
    assert restored.restore_fallback is None
    assert restored.created_at == record.created_at
    assert restored.agent_session_id == record.agent_session_id
    assert server(place).sessions() == ["app-1"]


async def test_a_conversation_that_is_gone_means_a_new_one_and_the_reason_is_kept(place: Place) -> None:
    record = await spawned(place, prompt="paint it blue")
    await kill_work(place.work_context, "app-1")
    (place.notes / "app-1.cwd").unlink()

    restored = await restore(place.work_context, "app-1", place.say)

    until(lambda: (place.notes / "app-1.cwd").exists(), "the agent has started")
    words = (place.notes / "app-1.argv").read_text()
    assert restored.restore_fallback == "its conversation no longer exists"
    assert "You are app-1" in words, "its standing instructions are given again"
    assert "paint it blue" not in words, "its task is not begun twice"
    assert restored.agent_session_id != record.agent_session_id
    assert "session.restore_fallback" in await place.kinds()


async def test_an_agent_that_takes_all_words_by_paste_gets_its_instructions_again_in_a_new_conversation(
    place: Place,
) -> None:
    (place.notes / "script").write_text('echo "> "; read -r line; echo "$line" > "$QD_NOTES/heard"')
    agent = scripted(place.notes, prompt_delivery=PromptDelivery.PASTE, system_flag=(), resume=())
    context = replace(place.work_context, agents=Roster([agent]))
    await spawn(context, SpawnRequest(project="app", prompt="paint it blue"), place.say)
    until(lambda: (place.notes / "heard").exists(), "the agent has heard its task")
    await kill_work(context, "app-1")
    (place.notes / "heard").unlink()

    await restore(context, "app-1", place.say)

    until(lambda: (place.notes / "heard").exists(), "the agent has heard its instructions")
    assert "You are app-1" in (place.notes / "heard").read_text()


async def test_of_kept_work_a_restore_tells_once_and_again_when_more_was_kept(place: Place) -> None:
    record = await spawned(place)
    told = []
    for draft in ("precious", None, "more"):
        if draft:
            (tree(record) / "draft").write_text(draft)
        await kill_work(place.work_context, "app-1", leftovers=Leftovers.KEEP)
        told.append(await tell_kept(place.work_context, await restore(place.work_context, "app-1", place.say)))

    assert told[0] == told[2]
    assert "git restore --source=refs/quarterdeck/kept/app-1 -- ." in told[0]
    assert told[1] == ""


async def test_a_living_session_is_not_restored(place: Place) -> None:
    await spawned(place)

    with pytest.raises(NotRestorable):
        await restore(place.work_context, "app-1", place.say)

    assert "session.restore_failed" in await place.kinds()
    assert server(place).sessions() == ["app-1"]


async def test_an_agent_that_died_inside_a_living_tmux_session_can_be_restored(place: Place) -> None:
    await spawned(place)
    server(place).run("split-window", "-d", "-t", "=app-1:", "sleep", "3600")
    pane = (await runtime_of(place.work_context, "app-1")).handle
    server(place).run("kill-pane", "-t", str(pane))
    (place.notes / "app-1.cwd").unlink()

    restored = await restore(place.work_context, "app-1", place.say)

    until(lambda: (place.notes / "app-1.cwd").exists(), "the agent has started")
    assert restored.lifecycle.runtime.state is RuntimeState.ALIVE
    assert server(place).sessions() == ["app-1"]


async def test_a_merged_session_comes_back_without_its_pull_request(place: Place) -> None:
    record = await spawned(place)
    pr = PullRequest(number=7, url="https://github.com/o/r/pull/7", owner="o", repo="r")

    def merge(held: WorkRecord) -> WorkRecord:
        part = replace(held.lifecycle.pr, state=PrState.MERGED, number=7, url=pr.url)
        return replace(held, prs=(pr,), lifecycle=replace(held.lifecycle, pr=part))

    await place.work_context.works.change_work(record.session_id, merge)
    await kill_work(place.work_context, "app-1", reason=WorkReason.PR_MERGED)

    restored = await restore(place.work_context, "app-1", place.say)

    assert restored.prs == ()
    assert restored.lifecycle.pr.url is None
    assert status_of(restored.lifecycle) == "working"


async def test_a_worktree_whose_branch_is_busy_is_named(place: Place) -> None:
    record = await spawned(place)
    await kill_work(place.work_context, "app-1")
    place.repository.git("switch", "--quiet", "session/app-1")

    with pytest.raises(WorktreeMissing, match="is checked out in"):
        await restore(place.work_context, "app-1", place.say)

    assert not tree(record).exists()
    assert await place.work_context.works.journal() == []


async def test_cleanup_ends_what_is_dead_or_done_and_each_thing_once(place: Place) -> None:
    place.tracker.known["5"] = Issue(id="5", title="five")
    alive, done, dead, dirty = [await spawned(place, issue=issue) for issue in (None, "5", None, None)]
    place.tracker.close("5")
    for record in (dead, dirty):
        server(place).run("kill-session", "-t", f"={record.session_id}")
    (tree(dirty) / "draft").write_text("x")
    place.clock.ahead = timedelta(minutes=1)

    dry = await cleanup(place.work_context, is_dry_run=True)
    assert sorted(server(place).sessions()) == [alive.session_id, done.session_id]
    cleaned = await cleanup(place.work_context)
    again = await cleanup(place.work_context)

    assert [each.session_id for each in dry.killed] == [each.session_id for each in cleaned.killed]
    assert [(each.session_id, each.reason) for each in cleaned.killed] == [
        (done.session_id, "issue 5 is done"),
        (dead.session_id, "its agent is gone"),
    ]
    assert [(each.session_id, each.would_lose) for each in cleaned.skipped] == [
        (dirty.session_id, "1 untracked file (draft)")
    ]
    assert again.killed == []
    assert server(place).sessions() == [alive.session_id]
    assert (tree(dirty) / "draft").exists()


async def test_cleanup_spares_a_session_in_which_somebody_runs_something_else(place: Place) -> None:
    for runs in ("sleep", "sh"):
        record = await spawned(place)
        server(place).run("split-window", "-d", "-t", f"={record.session_id}:", runs, *(["3600"] * (runs == "sleep")))
        server(place).run("kill-pane", "-t", str(record.lifecycle.runtime.handle))
    place.clock.ahead = timedelta(minutes=1)

    done = await cleanup(place.work_context)

    assert [(each.session_id, each.protected) for each in done.skipped] == [("app-1", "sleep runs there")]
    assert [each.session_id for each in done.killed] == ["app-2"]
    assert server(place).sessions() == ["app-1"]


async def test_cleanup_takes_a_worktree_that_an_end_has_left(place: Place) -> None:
    record = await spawned(place)
    await kill_work(place.work_context, record.session_id, leftovers=Leftovers.LEAVE)
    assert (await kill_work(place.work_context, record.session_id)).was_over

    cleaned = await cleanup(place.work_context)

    assert [each.reason for each in cleaned.killed] == ["it is over, but its worktree is still there"]
    assert not tree(record).exists()
    assert (await place.work_context.record(record.session_id)).lifecycle.session.reason is WorkReason.MANUALLY_KILLED
    assert (await cleanup(place.work_context)).killed == []


async def test_one_that_cannot_be_cleaned_up_does_not_keep_the_others(place: Place) -> None:
    busy, dead = await spawned(place), await spawned(place)
    for record in (busy, dead):
        server(place).run("kill-session", "-t", f"={record.session_id}")
    place.clock.ahead = timedelta(minutes=1)
    await place.work_context.works.begin(
        Operation.RESTORE, busy.session_id, "app", place.work_context.owner, place.clock.now()
    )

    cleaned = await cleanup(place.work_context)

    assert [session_id for session_id, _ in cleaned.errors] == [busy.session_id]
    assert [each.session_id for each in cleaned.killed] == [dead.session_id]
    assert "session.cleanup_error" in await place.kinds()
    assert tree(busy).exists()


async def test_a_session_that_has_just_begun_is_not_said_to_be_lost(place: Place) -> None:
    record = await spawned(place)
    server(place).run("kill-session", "-t", "=app-1")

    await list_work(place.work_context)
    assert (await place.work_context.record("app-1")).lifecycle == record.lifecycle

    place.clock.ahead = timedelta(minutes=1)
    await list_work(place.work_context)
    assert status_of((await place.work_context.record("app-1")).lifecycle) == "detecting"


async def test_cleanup_cannot_tell_is_not_a_reason_to_end(place: Place) -> None:
    place.tracker.known["5"] = Issue(id="5", title="five")
    record = await spawned(place, issue="5")
    pr = PullRequest(number=7, url="https://github.com/o/r/pull/7", owner="o", repo="r")
    await place.work_context.works.change_work(record.session_id, lambda held: replace(held, prs=(pr,)))
    place.tracker.broken = place.scm.refuses = "offline"

    (candidate,) = await find_candidates(place.work_context)
    assert candidate.protected == "its pull request is unknown: offline"
    assert (await cleanup(place.work_context)).killed == []
    assert server(place).sessions() == [record.session_id]


async def test_a_pull_request_that_is_not_there_leaves_only_its_own_worker_untold(place: Place) -> None:
    lost, lost_and_dead, done = [await spawned(place) for _ in range(3)]
    prs = [PullRequest(number=n, url=f"https://github.com/o/r/pull/{n}", owner="o", repo="r") for n in (404, 405, 7)]
    place.scm.known["7"] = replace(prs[2], state="closed")
    place.scm.missing = {404, 405}
    for record, pr in zip((lost, lost_and_dead, done), prs, strict=True):
        await report(place.work_context, record.session_id, "pr_created", pr_url=pr.url)
    server(place).run("kill-session", "-t", f"={lost_and_dead.session_id}")
    place.clock.ahead = timedelta(minutes=1)

    cleaned = await cleanup(place.work_context)

    assert [(each.session_id, each.reason) for each in cleaned.killed] == [
        (lost_and_dead.session_id, "its agent is gone; its pull request is unknown: Forge: HTTP 404"),
        (done.session_id, "its pull request is closed"),
    ]
    assert [(each.session_id, each.reason, each.protected) for each in cleaned.skipped] == [
        (
            lost.session_id,
            "it is not known whether its work is over",
            "its pull request is unknown: Forge: HTTP 404",
        )
    ]
    assert cleaned.errors == []


async def test_cleanup_waits_for_all_pull_requests_to_be_closed(place: Place) -> None:
    record = await spawned(place)
    prs = [
        PullRequest(number=n, url=f"https://github.com/o/r/pull/{n}", owner="o", repo="r", state=state)
        for n, state in ((7, "closed"), (8, "open"))
    ]
    place.scm.known = {str(pr.number): pr for pr in prs}
    await place.work_context.works.change_work(record.session_id, lambda held: replace(held, prs=tuple(prs)))
    assert await find_candidates(place.work_context) == []

    place.scm.known["8"] = replace(prs[1], state="closed")

    (candidate,) = await find_candidates(place.work_context)
    assert candidate.reason == "its pull requests are closed"


async def test_cleanup_spares_the_session_it_runs_in(place: Place) -> None:
    record = await spawned(place)
    server(place).run("kill-session", "-t", "=app-1")
    place.clock.ahead = timedelta(minutes=1)

    cleaned = await cleanup(replace(place.work_context, own_session=record.session_id))

    assert [each.protected for each in cleaned.skipped] == ["Quarterdeck itself runs in it"]


async def test_a_claimed_pull_request_is_taken_from_whoever_held_it(place: Place) -> None:
    pr = PullRequest(
        number=7, url="https://github.com/o/r/pull/7", owner="o", repo="r", branch="feat/x", base_branch="main"
    )
    place.scm.known["7"] = pr
    first, second = await spawned(place), await spawned(place)
    await claim_pr(place.work_context, first.session_id, "7")

    claimed = await claim_pr(place.work_context, second.session_id, "7", is_assigned=True)

    loser = await place.work_context.record(first.session_id)
    assert claimed.taken_over_from == (first.session_id,)
    assert claimed.assigned
    assert claimed.record.prs == (pr,)
    assert claimed.record.branch == "feat/x"
    assert status_of(claimed.record.lifecycle) == "spawning"
    assert loser.prs == ()
    assert not loser.finds_prs
    assert place.scm.checked_out[-1] == (7, tree(second))
    again = await claim_pr(place.work_context, second.session_id, "7")
    assert again.record.prs == (pr,)
    assert again.taken_over_from == ()


async def test_a_claim_that_cannot_be_assigned_is_still_a_claim(place: Place) -> None:
    place.scm.known["7"] = PullRequest(number=7, url="https://github.com/o/r/pull/7", owner="o", repo="r", branch="b")
    await spawned(place)
    place.scm.refuses = "no rights"

    claimed = await claim_pr(place.work_context, "app-1", "7", is_assigned=True)

    assert claimed.assignment_error == "no rights"
    assert not claimed.assigned
    place.scm.known["8"] = PullRequest(number=8, url="https://github.com/o/r/pull/8", owner="o", repo="r", branch="c")
    stacked = await claim_pr(place.work_context, "app-1", "8")
    assert [pr.number for pr in stacked.record.prs] == [8, 7]


@pytest.mark.parametrize("reference", ["", "  "])
async def test_a_claim_names_its_pull_request(reference: str, place: Place) -> None:
    with pytest.raises(UsageError):
        await claim_pr(place.work_context, "app-1", reference)


async def test_a_closed_pull_request_is_not_claimed(place: Place) -> None:
    place.scm.known["7"] = PullRequest(number=7, url="https://x/o/r/pull/7", state="merged")
    await spawned(place)

    with pytest.raises(Refused, match="is merged"):
        await claim_pr(place.work_context, "app-1", "7")


async def test_an_agents_report_moves_its_work_and_every_attempt_is_kept(place: Place) -> None:
    await spawned(place)

    after = await report(place.work_context, "app-1", "pr-created", note="here", pr_url="https://github.com/o/r/pull/3")
    with pytest.raises(Refused, match="not the address"):
        await report(place.work_context, "app-1", "pr_created", pr_url="nonsense")
    with pytest.raises(UsageError):
        await report(place.work_context, "app-1", "done")

    assert status_of(after.lifecycle) == "pr_open"
    assert [pr.number for pr in after.prs] == [3]
    trail = audit_trail(place.database, "app-1")
    assert [each["accepted"] for each in trail] == [True, False]
    assert trail[0]["before"]["status"] == "spawning"
    assert trail[0]["after"]["status"] == "pr_open"
    assert "report.transition_rejected" in await place.kinds()


async def test_the_trail_of_reports_is_bounded(place: Place) -> None:
    await spawned(place)

    await asyncio.gather(*(report(place.work_context, "app-1", "working", note=str(n)) for n in range(210)))

    assert len(audit_trail(place.database, "app-1")) == 200


async def test_a_session_comes_back_on_the_branch_its_agent_had_switched_to(place: Place) -> None:
    record = await spawned(place)
    git(tree(record), "switch", "--quiet", "-c", "better-name")
    await kill_work(place.work_context, "app-1")

    restored = await restore(place.work_context, "app-1", place.say)

    assert restored.branch == "better-name"
    assert git(tree(record), "symbolic-ref", "--short", "HEAD") == "better-name"


async def test_a_restore_that_is_stopped_leaves_no_worktree_half_made_ready(place: Place) -> None:
    await spawned(place)
    await kill_work(place.work_context, "app-1")
    slow = SetupCommand(shell="echo began; sleep 60")
    work_context = replace(
        place.work_context, projects={"app": replace(place.work_context.project("app"), post_create=(slow,))}
    )
    began = asyncio.Event()
    restoring = asyncio.create_task(
        restore(work_context, "app-1", lambda line: began.set() if line == "began" else None)
    )
    await began.wait()

    restoring.cancel()

    with pytest.raises(asyncio.CancelledError):
        await restoring
    assert not tree(await place.work_context.record("app-1")).exists()
    assert await place.work_context.works.journal() == []
    quick = replace(place.work_context.project("app"), post_create=(SetupCommand(shell="touch made-ready"),))
    record = await restore(replace(place.work_context, projects={"app": quick}), "app-1", place.say)
    assert (tree(record) / "made-ready").exists()


async def test_an_end_that_has_begun_is_done_even_when_the_caller_gives_up(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = await spawned(place)
    begun = asyncio.Event()
    tell = place.work_context.store.record

    async def told(activity: Activity) -> None:
        await tell(activity)
        if activity.kind == "session.kill_started":
            begun.set()

    monkeypatch.setattr(place.work_context.store, "record", told)
    ending = asyncio.ensure_future(kill_work(place.work_context, "app-1"))
    await begun.wait()

    ending.cancel()

    with pytest.raises(asyncio.CancelledError):
        await ending
    assert status_of((await place.work_context.record("app-1")).lifecycle) == "killed"
    assert not tree(record).exists()
    assert server(place).sessions() == []
    assert await place.work_context.works.journal() == []
