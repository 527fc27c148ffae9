"""What agents run besides themselves, from recordings of real ones and from anything that may stand in their files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.agents import claude_files, codex_transcript
from quarterdeck.agents.agent_files import FileClaims
from quarterdeck.agents.claude_subagents import METAS_LOOKED_AT
from quarterdeck.agents.ledger import Ledger
from quarterdeck.agents.report_claims import with_subagent
from quarterdeck.agents.subagent_book import CALLS_KEPT, SUBAGENT_NAME_LENGTH, SubagentBook, subagent
from quarterdeck.core.report import Report, ReportState
from quarterdeck.core.subagent import MOST_SUBAGENTS, SUBAGENT_THOUGHT_LENGTH, Subagent, SubagentState
from quarterdeck.core.text import clean
from quarterdeck.ports.agent_process import AgentHome, Program
from support.recordings import agent, opencode_database

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.ports.agent import Transcript

RECORDED = Path(__file__).parent / "subagent_recordings"
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
SHELL = ("shell", "busy")
Brief = tuple[str, str, str | None]


def brief(subagents: Sequence[Subagent]) -> list[Brief]:
    return [(each.name, each.state.value, each.thought) for each in subagents]


class ClaudeHome:
    """A conversation of Claude Code on disk, as it lay there when it was recorded."""

    def __init__(self, folder: Path, name: str) -> None:
        recorded = RECORDED / "claude" / name
        self.conversation = (recorded / "id").read_text()
        self.rows = (recorded / "transcript.jsonl").read_text().splitlines(keepends=True)
        self.path = folder / ".claude" / "projects" / "demo" / f"{self.conversation}.jsonl"
        self.path.parent.mkdir(parents=True)
        self.path.write_text("".join(self.rows))
        if (recorded / "subagents").exists():
            shutil.copytree(recorded / "subagents", self.beside)
        if (recorded / "team.json").exists():
            self.team.parent.mkdir(parents=True)
            shutil.copy(recorded / "team.json", self.team)

    @property
    def beside(self) -> Path:
        return self.path.with_suffix("") / "subagents"

    @property
    def team(self) -> Path:
        return self.path.parents[2] / "teams" / f"session-{self.conversation[:8]}" / "config.json"

    def reader(self) -> Transcript:
        return reader_of("claude", self.path)


def reader_of(key: str, path: Path) -> Transcript:
    found = agent(key).transcript(cwd="/demo", claims=FileClaims(), path=path)
    assert found is not None
    return found


def told(reader: Transcript) -> tuple[Subagent, ...]:
    view = reader.read()
    assert view is not None
    return view.subagents


def growing(rows: Sequence[str], path: Path, reader: Transcript) -> list[list[Brief]]:
    """What is told while a transcript grows row by row, each once."""
    path.write_text("")
    seen = []
    for row in rows:
        with path.open("a") as file:
            file.write(row)
        seen.append(brief(told(reader)))
    return [each for each, _ in groupby(seen)]


def test_claudes_background_agents_and_commands_come_and_go(tmp_path: Path) -> None:
    home = ClaudeHome(tmp_path, "background")
    shutil.rmtree(home.beside)

    assert growing(home.rows, home.path, home.reader()) == [
        [],
        [("general-purpose", "busy", "Scripted subagent")],
        [],
        [(*SHELL, "sleep 20; echo yes")],
        [],
        [(*SHELL, "sleep 500")],
    ]


def test_claudes_subagent_that_goes_on_is_told_of_again_and_one_that_was_stopped_no_more(tmp_path: Path) -> None:
    home = ClaudeHome(tmp_path, "resumed")
    explores, watches = ("Explore", "busy", "Look around"), ("monitor", "busy", "sleep 2; echo one; sleep 60")
    serves = (*SHELL, "sleep 300")

    assert growing(home.rows, home.path, home.reader()) == [
        [],
        [explores],
        [],
        [explores],
        [],
        [watches],
        [watches, serves],
        [watches, serves, explores],
        [watches, serves],
    ]


def test_a_subagent_that_claude_waits_for_says_which_tool_it_runs(tmp_path: Path) -> None:
    home = ClaudeHome(tmp_path, "waited-for")

    assert brief(told(home.reader())) == [("general-purpose", "busy", "Bash: sleep 12 · Run a thing")]


def test_the_newest_subagents_are_found_among_many(tmp_path: Path) -> None:
    home = ClaudeHome(tmp_path, "waited-for")
    for number in range(2 * METAS_LOOKED_AT):
        old = home.beside / f"agent-{number}.meta.json"
        old.write_text(json.dumps({"toolUseId": f"toolu_{number}"}))
        os.utime(old, (number, number))

    assert brief(told(home.reader())) == [("general-purpose", "busy", "Bash: sleep 12 · Run a thing")]


def test_an_interrupt_ends_what_was_waited_for_and_no_command_in_the_background(tmp_path: Path) -> None:
    assert brief(told(ClaudeHome(tmp_path, "interrupted").reader())) == [(*SHELL, "sleep 400")]


@pytest.mark.parametrize(("name", "state"), [("team-works", "busy"), ("team-rests", "idle")])
def test_a_teammate_with_a_pane_says_which_and_whether_it_works(name: str, state: str, tmp_path: Path) -> None:
    (tester,) = told(ClaudeHome(tmp_path, name).reader())

    assert brief([tester]) == [("tester", state, "Check the tests")]
    assert tester.pane_id == "%1"


def test_a_teammate_that_left_its_team_is_told_of_no_more(tmp_path: Path) -> None:
    home = ClaudeHome(tmp_path, "team-works")
    team = json.loads(home.team.read_text())
    home.team.write_text(json.dumps({**team, "members": team["members"][:1]}))

    assert told(home.reader()) == ()


def test_the_team_of_another_conversation_says_nothing(tmp_path: Path) -> None:
    home = ClaudeHome(tmp_path, "team-rests")
    team = json.loads(home.team.read_text())
    home.team.write_text(json.dumps({**team, "leadSessionId": "another", "members": []}))

    assert brief(told(home.reader())) == [("tester", "busy", "Check the tests")]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"members": 5}', '{"leadSessionId": 5, "members": [1]}'])
def test_a_torn_team_file_changes_nothing(text: str, tmp_path: Path) -> None:
    home = ClaudeHome(tmp_path, "team-works")
    home.team.write_text(text)

    assert brief(told(home.reader())) == [("tester", "busy", "Check the tests")]


def test_teammates_in_the_same_process_rest_and_others_work_beside_them(tmp_path: Path) -> None:
    home = ClaudeHome(tmp_path, "in-process")

    assert brief(told(home.reader())) == [
        ("tester", "idle", "Check the tests"),
        ("Explore", "busy", "Bash: sleep 12 · Run a thing"),
    ]


def test_what_was_stopped_is_over(tmp_path: Path) -> None:
    home = ClaudeHome(tmp_path, "in-process-over")
    shutil.rmtree(home.beside)
    stages = growing(home.rows, home.path, home.reader())

    served: list[Brief] = [("tester", "busy", "Check the tests"), (*SHELL, "sleep 400")]
    assert served in stages
    assert stages[stages.index(served) + 1] == served[:1]


@pytest.mark.parametrize("name", ["background", "in-process-over", "resumed"])
def test_no_word_of_what_runs_beside_it_is_taken_for_the_operators(name: str, tmp_path: Path) -> None:
    view = ClaudeHome(tmp_path, name).reader().read()

    assert view is not None
    assert [turn for turn in view.turns if not turn.startswith(("tool:", "agent:", "slow:"))] == []


def test_the_subagents_of_a_subagent_stand_behind_it(tmp_path: Path) -> None:
    home = ClaudeHome(tmp_path, "waited-for")
    (own,) = home.beside.glob("*.jsonl")
    call = {"type": "tool_use", "id": "toolu_deeper", "name": "Agent", "input": {"subagent_type": "Plan"}}
    row = {"type": "assistant", "isSidechain": True, "message": {"content": [call], "stop_reason": "tool_use"}}
    with own.open("a") as file:
        file.write(json.dumps({**row, "timestamp": "2026-11-30T18:31:05Z"}) + "\n")

    assert [(each.name, each.depth) for each in told(home.reader())] == [("general-purpose", 0), ("Plan", 1)]


def test_a_workflow_shows_the_agents_that_it_runs_now(tmp_path: Path) -> None:
    home = ClaudeHome(tmp_path, "workflow")
    (journal,) = home.beside.glob("workflows/*/journal.jsonl")
    reader = home.reader()
    before = [(each.name, each.depth, each.thought) for each in told(reader)]
    with journal.open("a") as file:
        file.write('{"type": "result", "agentId": "a8d23d5631c653bce", "result": "done"}\n[1]\n{"type": "sta')
    after = [each.name for each in told(reader)]

    assert before == [("review", 0, "Review it all"), ("one", 1, None), ("two", 1, "Bash: sleep 11")]
    assert after == ["review", "two"]


def test_the_agents_of_a_workflow_end_with_the_process_that_ran_it(tmp_path: Path) -> None:
    found = told(ClaudeHome(tmp_path, "workflow").reader())

    assert len({each.since for each in found}) == 1
    assert found[0].since is not None


def test_reported_subagents_stay_in_the_order_in_which_they_began() -> None:
    held = ReportState()
    for key, thought in (("a", "reads"), ("b", "reads"), ("a", "writes")):
        held = with_subagent(held, subagent(key, key, thought))

    assert [(each.key, each.thought) for each in held.subagents] == [("a", "writes"), ("b", "reads")]


def test_the_folder_that_a_workflow_names_leads_nowhere_else(tmp_path: Path) -> None:
    home = ClaudeHome(tmp_path, "workflow")
    home.path.write_text("".join(home.rows).replace("wf_865246f1-a19", "../../../x"))

    assert [each.name for each in told(home.reader())] == ["review"]


def codex(folder: Path, name: str) -> tuple[Path, list[str]]:
    """The main rollout of a recording, among the others of its day, and its rows."""
    day = folder / "sessions" / "2026" / "11" / "30"
    shutil.copytree(RECORDED / "codex" / name, day)
    main = min(day.glob("rollout-*"))
    return main, main.read_text().splitlines(keepends=True)


def test_codexs_spawned_agents_and_terminals_come_and_go(tmp_path: Path) -> None:
    main, rows = codex(tmp_path, "spawned-over")

    assert growing(rows, main, reader_of("codex", main)) == [
        [],
        [("explorer", "busy", "slow: 10")],
        [("Hegel", "busy", "slow: 10")],
        [("Hegel", "busy", "slow: 10"), (*SHELL, "sleep 300")],
        [(*SHELL, "sleep 300")],
    ]


@pytest.mark.process
def test_codexs_conversation_is_its_own_while_a_spawned_agent_writes_too(tmp_path: Path) -> None:
    main, _ = codex(tmp_path, "spawned")
    (child,) = (each for each in main.parent.glob("rollout-*") if each != main)
    with child.open() as first, main.open() as second:
        process = subprocess.Popen(["/bin/sleep", "60"], pass_fds=(first.fileno(), second.fileno()))
    try:
        found = agent("codex").conversation(Program(pid=process.pid, command="codex"), home=AgentHome(tmp_path))
    finally:
        process.kill()
        process.wait()

    assert found == main.stem[-36:]


def test_codexs_named_tasks_come_and_go(tmp_path: Path) -> None:
    main, rows = codex(tmp_path, "tasks")

    assert growing(rows, main, reader_of("codex", main)) == [
        [],
        [("find_the_bug", "busy", "slow: 10")],
        [],
        [(*SHELL, "sleep 7")],
        [],
    ]


def test_opencodes_child_session_is_told_of_while_it_works(tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (RECORDED / "opencode" / "task" / "database.jsonl").read_text().splitlines()]
    running = {"type": "tool", "tool": "bash", "state": {"status": "running", "input": {"command": "pytest"}}}
    child = next(row["id"] for row in rows if row["table"] == "session" and row["parent_id"])
    part = {"table": "part", "id": "prt_z", "message_id": "msg_z", "session_id": child, "data": running}

    file = opencode_database(tmp_path / "opencode.db", rows)
    busy = opencode_database(tmp_path / "busy.db", [*rows, part])

    assert told_of(file, rows) == [("general", "busy", "Look for the bug")]
    assert told_of(busy, rows) == [("general", "busy", "bash: pytest · Look for the bug")]


def told_of(file: Path, rows: Sequence[dict[str, object]]) -> list[Brief]:
    folder = next(str(row["directory"]) for row in rows if row["table"] == "session")
    reader = agent("opencode").transcript(cwd=folder, claims=FileClaims(), path=file)
    assert reader is not None
    return brief(told(reader))


def reported(key: str, name: str) -> tuple[list[list[tuple[str, str | None]]], ReportState]:
    """What the recorded hooks add up to, one after the other and each once, and at the end."""
    held, seen = ReportState(), []
    rows = [json.loads(line) for line in (RECORDED / key / name / "reports.jsonl").read_text().splitlines()]
    for row in sorted(rows, key=itemgetter("t")):
        at = datetime.fromtimestamp(row["t"], UTC)
        told = Report(agent=key, event=row["payload"]["hook_event_name"], at=at, payload=row["payload"])
        held = agent(key).read_report(held, told)
        seen.append([(each.name, each.thought) for each in held.subagents])
    return [each for each, _ in groupby(seen)], held


def test_claudes_hooks_tell_of_what_runs_and_does_what() -> None:
    seen, _ = reported("claude", "in-process-over")
    mate = ("teammate", "Check the tests")

    assert [("tester", None)] in seen
    assert [mate, ("Explore", "Bash: sleep 12")] in seen
    assert [mate, (SHELL[0], "sleep 400")] in seen
    assert seen[-1] == [], "it said that it ends"


def test_no_report_that_claude_wrote_to_itself_is_taken_for_the_operators() -> None:
    seen, held = reported("claude", "resumed")

    assert held.last_prompt.startswith("tool: Agent")
    assert held.turns == 7
    assert [("Explore", None)] in seen


def test_codexs_hooks_tell_of_the_agents_that_it_spawned_past_the_end_of_its_turn() -> None:
    seen, _ = reported("codex", "spawned-over")

    assert seen == [[], [("explorer", None)], []]


TEXT = st.text(max_size=20) | st.sampled_from(["", "\x1b[31mred", "a\nb", "completed", "%1", "x" * 900])
KEYS = st.sampled_from(["a", "b", "c"])
STEPS = st.one_of(
    st.tuples(st.just("called"), KEYS, st.sampled_from(["Agent", "Bash", "Read"])),
    st.tuples(st.just("answered"), KEYS, st.just("")),
    st.tuples(st.just("goes_on"), KEYS, KEYS),
    st.tuples(st.just("ended"), KEYS, st.just("")),
    st.tuples(st.just("turn_over"), KEYS, st.just("")),
)


@given(st.lists(STEPS, max_size=40), TEXT)
def test_a_subagent_is_told_of_from_its_beginning_to_its_end(steps: list[tuple[str, str, str]], text: str) -> None:
    book = SubagentBook()
    waited: list[str] = []
    calls: list[str] = []
    on: list[str] = []
    for step, key, more in steps:
        match step:
            case "called":
                book.called(key, more, {"description": text, "command": text, "name": text}, NOON)
                if more != "Read":
                    calls = [each for each in calls if each != key] + [key]
                    waited = [each for each in waited if each != key] + [key] * (more == "Agent")
            case "answered":
                book.answered(key)
                waited = [each for each in waited if each != key]
            case "goes_on":
                book.goes_on(key, f"on-{more}", thought=text, pane=text, at=NOON)
                waited = [each for each in waited if each != key]
                on += [f"on-{more}"] * (f"on-{more}" not in on)
            case "ended":
                book.ended(f"on-{key}")
                on = [each for each in on if each != f"on-{key}"]
            case "turn_over":
                book.turn_over(NOON)
                waited = []

        assert {each.key for each in book.view()} == {*on, *waited}
    for each in book.view():
        assert each.name
        assert len(each.name) <= SUBAGENT_NAME_LENGTH
        assert len(each.thought or "") <= SUBAGENT_THOUGHT_LENGTH
        assert clean(each.name) == each.name
        assert clean(each.thought or "") == (each.thought or "")
        assert each.state is SubagentState.BUSY


def test_no_more_is_kept_than_can_be_told() -> None:
    book = SubagentBook()
    for number in range(3 * CALLS_KEPT):
        book.called(f"c{number}", "Agent", {}, NOON)
        book.goes_on(f"c{number}", f"k{number}")

    assert [each.key for each in book.view()][-1] == f"k{3 * CALLS_KEPT - 1}"
    assert len(book.view()) == MOST_SUBAGENTS
    assert len(book._began) == CALLS_KEPT


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), TEXT, st.lists(TEXT, max_size=2), st.dictionaries(TEXT, TEXT, max_size=2)
)
RECORDED_ROWS = {
    key: [row for file in sorted((RECORDED / key).glob("*/*.jsonl")) for row in file.read_text().splitlines()]
    for key in ("claude", "codex")
}
TAKES = {"claude": claude_files._take, "codex": codex_transcript._take}


@st.composite
def odd_rows(draw: st.DrawFn) -> tuple[str, dict[str, object]]:
    """A row of a real agent with something else in one place, and which agent's it is."""
    key = draw(st.sampled_from(sorted(RECORDED_ROWS)))
    row: dict[str, object] = json.loads(draw(st.sampled_from(RECORDED_ROWS[key])))
    place: dict[str, object] = row
    while True:
        name = draw(st.sampled_from(sorted(place)))
        inside = place[name]
        inside = inside[0] if isinstance(inside, list) and inside else inside
        if not isinstance(inside, dict) or not inside or draw(st.booleans()):
            place[name] = draw(VALUES)
            return key, row
        place = inside


@given(st.lists(odd_rows(), min_size=1, max_size=8))
@settings(max_examples=300, deadline=None)
def test_whatever_stands_in_a_row_ends_no_subagent_that_it_does_not_name(
    rows: list[tuple[str, dict[str, object]]],
) -> None:
    ledger = Ledger()
    # Of a team, since all others can be ended at once without their names.
    ledger.subagents.goes_on("call", "nobody-names-it", name="held", team="ours")
    for key, row in rows:
        TAKES[key](ledger, row)

    assert "nobody-names-it" in {each.key for each in ledger.view().subagents}


def test_a_torn_last_line_is_left_for_later(tmp_path: Path) -> None:
    home = ClaudeHome(tmp_path, "background")
    shutil.rmtree(home.beside)
    reader = home.reader()
    at = next(number for number, row in enumerate(home.rows) if "async_launched" in row)
    home.path.write_text("".join(home.rows[:at]) + home.rows[at][:200])
    before = brief(told(reader))
    with home.path.open("a") as file:
        file.write(home.rows[at][200:])

    assert before == brief(told(reader)) == [("general-purpose", "busy", "Scripted subagent")]
    assert [each.key for each in told(reader)] == ["adf54b4eb0611825f"]


def test_a_secret_in_a_command_is_masked_before_it_is_cut(tmp_path: Path) -> None:
    book = SubagentBook()
    token = "ghp_" + "x7Kq2Lm9" * 4 + "Zt5B"
    book.called("c", "Bash", {"command": "a" * (SUBAGENT_THOUGHT_LENGTH - 20) + f" --token {token}"}, NOON)
    book.goes_on("c", "k")

    assert token[:8] not in str(book.view())
