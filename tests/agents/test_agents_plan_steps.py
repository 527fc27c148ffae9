"""The steps an agent has set itself, as each kind of agent keeps them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.agents.agent_files import FileClaims
from quarterdeck.agents.ledger import Ledger
from quarterdeck.agents.plan_steps import PlanSteps
from support.recordings import agent

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


def steps(*calls: tuple[str, dict[str, Any]]) -> str:
    found = PlanSteps()
    for tool, arguments in calls:
        found.called(tool, arguments)
    return found.now()


def rows(words: str, *statuses: str) -> list[dict[str, str]]:
    return [{words: f"step {number}", "status": status} for number, status in enumerate(statuses, 1)]


@pytest.mark.parametrize(
    ("tool", "key", "words"),
    [
        ("update_plan", "plan", "step"),
        ("TodoWrite", "todos", "content"),
        ("todowrite", "todos", "content"),
        ("write_todos", "todos", "description"),
        ("todo_write", "todos", "content"),
    ],
)
def test_the_step_that_it_is_at_is_told_with_its_number(tool: str, key: str, words: str) -> None:
    def told(*statuses: str) -> str:
        return steps((tool, {key: rows(words, *statuses)}))

    assert told("completed", "in_progress", "pending") == "2/3 step 2"
    assert told("completed", "cancelled", "in_progress") == "2/2 step 3"
    assert told("completed", "completed") == ""
    assert told("pending", "pending") == ""


def test_claudes_tasks_are_made_and_moved_one_by_one() -> None:
    made = [("TaskCreate", {"subject": f"Paint {what}", "description": "all of it"}) for what in ("a", "b", "c")]

    assert steps(*made) == ""
    begun = ("TaskUpdate", {"taskId": "2", "status": "in_progress"})
    assert steps(*made, begun) == "2/3 Paint b"
    assert steps(*made, begun, ("TaskUpdate", {"taskId": "1", "status": "deleted"})) == "1/2 Paint b"
    assert steps(*made, begun, ("TaskUpdate", {"taskId": "2", "subject": "Paint it all"})) == "2/3 Paint it all"
    assert steps(*made, ("TaskUpdate", {"taskId": "9", "status": "in_progress"})) == ""


def test_a_plan_that_is_words_alone_is_no_list() -> None:
    kept = ("update_plan", {"plan": rows("step", "in_progress")})

    assert steps(kept, ("ExitPlanMode", {"plan": "# Paint it"})) == "1/1 step 1"
    assert steps(kept, ("todos", {"todos": [{"name": "no status"}]})) == "1/1 step 1"


def test_something_else_that_is_asked_for_has_no_step_of_before() -> None:
    ledger = Ledger()
    ledger.prompt("paint it", NOW)
    ledger.called("1", "update_plan", {"plan": rows("step", "in_progress", "pending")}, NOW, asks=False)
    assert ledger.view().plan_step == "1/2 step 1"

    ledger.prompt("and now the door", NOW)
    assert ledger.view().plan_step == ""


def test_codex_writes_its_plan_into_its_rollout(tmp_path: Path) -> None:
    file = tmp_path / "rollout.jsonl"
    plan = json.dumps({"plan": rows("step", "completed", "in_progress")})
    call = {"type": "function_call", "name": "update_plan", "call_id": "1", "arguments": plan}
    asked = {"type": "message", "role": "user", "content": [{"text": "paint it"}]}
    told = [{"type": "session_meta", "payload": {"id": "x", "cwd": "/"}}]
    told += [{"type": "response_item", "payload": each} for each in (asked, call)]
    file.write_text("".join(json.dumps({"timestamp": NOW.isoformat(), **row}) + "\n" for row in told))

    reader = agent("codex").transcript(cwd="/", claims=FileClaims(), path=file)
    assert reader is not None
    view = reader.read()
    assert view is not None
    assert view.plan_step == "2/2 step 2"


ANY = st.recursive(
    st.one_of(st.none(), st.text(max_size=9), st.integers(), st.sampled_from(["in_progress", "completed"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["plan", "todos", "step", "content", "status", "taskId", "subject"]), inner, max_size=4
        ),
    ),
)
CALLS = st.lists(
    st.tuples(
        st.sampled_from(["TaskCreate", "TaskUpdate", "update_plan"]),
        st.dictionaries(st.sampled_from(["plan", "todos", "taskId", "subject", "status"]), ANY),
    )
)


@given(CALLS)
def test_whatever_is_called_the_step_is_one_line_or_none(calls: list[tuple[str, dict[str, Any]]]) -> None:
    told = steps(*calls)

    assert "\n" not in told
    if told:
        number, _, of = told.partition(" ")[0].partition("/")
        assert 1 <= int(number) <= int(of)
