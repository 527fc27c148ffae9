"""Conversations of an agent that can delete them: gone on with, left alone, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from quarterdeck.agents.roster import Roster
from quarterdeck.core.project import Strategy
from quarterdeck.operations.cleanup import cleanup
from quarterdeck.operations.kill_work import kill_work
from quarterdeck.operations.orchestrator import OrchestratorRequest, ensure_orchestrator
from quarterdeck.operations.restore import restore
from quarterdeck.operations.spawn import SpawnRequest, spawn
from quarterdeck.values import replace
from support.tmux_server import until
from support.work_contexts import scripted

if TYPE_CHECKING:
    from quarterdeck.core.work_record import WorkRecord
    from quarterdeck.operations.contexts import WorkContext
    from support.work_contexts import Place

DELETE = """\
#!/bin/sh
# Writes down what it is to delete; fails as often as a file says.
echo "$1" >> "$QD_NOTES/deleted"
left=$(cat "$QD_NOTES/fails" 2>/dev/null || echo 0)
[ "$left" -gt 0 ] || exit 0
echo $((left - 1)) > "$QD_NOTES/fails"
cat "$QD_NOTES/says" >&2
exit 1
"""


def able(place: Place, **project: object) -> WorkContext:
    """A work context whose agent can delete its conversations."""
    program = place.notes.parent / "bin" / "qd-delete"
    program.write_text(DELETE)
    program.chmod(0o755)
    agent = scripted(place.notes, delete=("qd-delete", "{id}"), session_id_flag=())
    app = replace(place.work_context.project("app"), **project)  # type: ignore[arg-type] # whatever a test wants otherwise
    return replace(place.work_context, agents=Roster([agent]), projects={"app": app})


async def talked(place: Place, work_context: WorkContext, record: WorkRecord, conversation: str) -> None:
    """Have a session's agent begin a conversation."""
    (place.notes / f"conversation-{conversation}").write_text(conversation)
    await work_context.works.change_work(record.session_id, lambda held: replace(held, agent_session_id=conversation))


def deleted(place: Place) -> list[str]:
    file = place.notes / "deleted"
    return file.read_text().split() if file.exists() else []


@pytest.mark.parametrize(
    ("strategy", "resumes", "deletes"),
    [
        (Strategy.REUSE, ["--resume", "ses_new"], []),
        (Strategy.DELETE, [], ["ses_old", "ses_new"]),
        (Strategy.IGNORE, [], []),
    ],
)
async def test_earlier_conversations_about_an_issue_are_dealt_with_as_the_project_wants(
    strategy: Strategy, resumes: list[str], deletes: list[str], place: Place
) -> None:
    work_context = able(place, issue_strategy=strategy)
    for conversation, issue in (("ses_old", "5"), ("ses_new", "5"), ("ses_other", "6")):
        record = await spawn(work_context, SpawnRequest(project="app", issue=issue), place.say)
        await talked(place, work_context, record, conversation)
        await kill_work(work_context, record.session_id)

    record = await spawn(work_context, SpawnRequest(project="app", issue="5"), place.say)

    until(lambda: (place.notes / f"{record.session_id}.cwd").exists(), "the agent has started")
    words = (place.notes / f"{record.session_id}.argv").read_text().split("\n")
    assert words[: len(resumes)] == resumes
    assert ("--resume" in words) == bool(resumes)
    assert deleted(place) == deletes


@pytest.mark.parametrize(
    ("fails", "says", "attempts", "is_deleted"),
    [(0, "", 1, True), (2, "busy", 3, True), (3, "busy", 3, False), (1, "Error: Session not found: ses_1", 1, True)],
)
async def test_a_conversation_is_deleted_only_when_asked_for_and_with_patience(
    fails: int, says: str, attempts: int, is_deleted: bool, place: Place
) -> None:
    work_context = able(place)
    record = await spawn(work_context, SpawnRequest(project="app", prompt="x"), place.say)
    await talked(place, work_context, record, "ses_1")
    await kill_work(work_context, "app-1")
    await cleanup(work_context)
    assert deleted(place) == []
    (place.notes / "fails").write_text(str(fails))
    (place.notes / "says").write_text(says)

    cleaned = await cleanup(work_context, purges=True)

    assert deleted(place) == ["ses_1"] * attempts
    assert cleaned.purged == (["app-1"] if is_deleted else [])
    assert ("agent.scripted_purge_failed" in await place.kinds()) == (not is_deleted)
    if is_deleted:
        assert (await cleanup(work_context, purges=True)).purged == []
        assert (await restore(work_context, "app-1", place.say)).restore_fallback


@pytest.mark.parametrize(("strategy", "deletes"), [(Strategy.DELETE, ["ses_1"]), (Strategy.IGNORE, [])])
async def test_an_orchestrators_conversation_is_deleted_or_left_as_its_strategy_says(
    strategy: Strategy, deletes: list[str], place: Place
) -> None:
    work_context = able(place, orchestrator_strategy=strategy)
    first = await ensure_orchestrator(work_context, OrchestratorRequest(project="app"), place.say)
    await talked(place, work_context, first, "ses_1")

    second = await ensure_orchestrator(work_context, OrchestratorRequest(project="app"), place.say)

    assert second.created_at > first.created_at
    assert deleted(place) == deletes
