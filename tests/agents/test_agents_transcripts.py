from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.agents.agent_files import FileClaims
from quarterdeck.agents.claude_files import folder_name
from quarterdeck.agents.gist import action_kind, asked, tool_gist
from quarterdeck.agents.json_lines import FileTail
from quarterdeck.core.session import Need
from quarterdeck.core.transcript import ACTIONS_KEPT, TURN_LENGTH, TURNS_KEPT, ActionKind, TranscriptView
from quarterdeck.ports.agent_process import AgentHome
from support.recordings import AGENTS, FULL, Recording, agent, recordings

if TYPE_CHECKING:
    from pathlib import Path

RECORDED = {(each.made_with, each.name): each for each in recordings(FULL)}
CWD = "$HOME/work/demo"


def view_of(recording: Recording, folder: Path) -> TranscriptView:
    path = recording.transcript_in(folder)
    assert path is not None
    reader = agent(recording.agent_key).transcript(cwd=CWD, claims=FileClaims(), path=path)
    assert reader is not None
    view = reader.read()
    assert view is not None
    return view


@pytest.mark.parametrize("key", AGENTS)
def test_the_tokens_of_the_last_model_call_are_told(key: str, tmp_path: Path) -> None:
    assert view_of(RECORDED[key, "resumed-finished"], tmp_path).token_count == 6_500


@pytest.mark.parametrize("key", AGENTS)
def test_a_transcript_gives_prompts_words_model_and_the_id_to_continue_with(key: str, tmp_path: Path) -> None:
    view = view_of(RECORDED[key, "resumed-finished"], tmp_path)

    assert view.turns[-1] == "say: BACK AGAIN"
    assert view.turns[:2] == ("slow: 9", "think: 8")
    assert view.turns.count("slow: 9") == 1
    assert view.turn_count == len(view.turns)
    assert view.last_text == "BACK AGAIN"
    assert view.model
    assert len(view.session_id) > 20
    assert view.current_tool == ""
    if key == "codex":
        assert view.context_limit == 258_400
    if key == "opencode":
        assert view.cost_usd == pytest.approx(0.0572, abs=0.001)


@pytest.mark.parametrize(
    ("key", "gist"),
    [
        ("claude", "Bash: touch made-by-agent.txt && sleep 6"),
        ("codex", "exec_command: touch made-by-agent.txt && sleep 6"),
        ("opencode", "bash: touch made-by-agent.txt && sleep 6"),
    ],
)
def test_the_tool_that_runs_is_named(key: str, gist: str, tmp_path: Path) -> None:
    assert view_of(RECORDED[key, "working-tool"], tmp_path).current_tool == gist


@pytest.mark.parametrize("key", ["claude", "codex", "opencode"])
def test_an_open_question_is_captured(key: str, tmp_path: Path) -> None:
    view = view_of(RECORDED[key, "question"], tmp_path)

    assert view.last_question == "Which colour should the button be?"
    assert view.reading is not None
    assert view.reading.choices == ("Red", "Blue")


@pytest.mark.parametrize("key", AGENTS)
def test_a_refusal_is_no_second_prompt(key: str, tmp_path: Path) -> None:
    turns = view_of(RECORDED[key, "permission-denied"], tmp_path).turns

    assert len(turns) == len(set(turns))


# ---- finding and claiming


def lay_out(key: str, home: Path, recording: Recording, *, name: str = "") -> Path:
    """The transcript where the agent would keep it."""
    text = "".join(recording.transcript_lines())
    session = next(
        found
        for line in text.splitlines()
        if (found := json.loads(line).get("sessionId") or json.loads(line).get("payload", {}).get("id"))
    )
    session = name or session
    path = {
        "claude": home / ".claude" / "projects" / folder_name(CWD) / f"{session}.jsonl",
        "codex": home / ".codex/sessions/2026/11/21" / f"rollout-2026-11-21T08-09-38-{session}.jsonl",
        "gemini": home / ".gemini/tmp/demo/chats" / f"session-2026-11-21T08-05-{session[:8]}.jsonl",
    }[key]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    (home / ".gemini").mkdir(exist_ok=True)
    (home / ".gemini/projects.json").write_text(json.dumps({"projects": {CWD: "demo"}}))
    return path


@pytest.mark.parametrize("key", ["claude", "codex", "gemini"])
def test_two_sessions_in_one_folder_never_share_a_transcript(key: str, tmp_path: Path) -> None:
    older = lay_out(key, tmp_path, RECORDED[key, "finished"], name="aaaaaaaa-0000")
    newer = lay_out(key, tmp_path, RECORDED[key, "finished"], name="bbbbbbbb-0000")
    os.utime(older, (1, 1))
    claims = FileClaims()
    first = agent(key).transcript(cwd=CWD, claims=claims, home=AgentHome(tmp_path))
    second = agent(key).transcript(cwd=CWD, claims=claims, home=AgentHome(tmp_path))
    third = agent(key).transcript(cwd=CWD, claims=claims, home=AgentHome(tmp_path))
    assert first is not None
    assert second is not None
    assert third is not None

    assert first.read() is not None
    assert second.read() is not None
    assert third.read() is None
    assert {first.path, second.path} == {older, newer}
    if key != "codex":
        assert first.path == newer
    first.close()
    assert third.read() is not None


@pytest.mark.parametrize("key", AGENTS)
def test_what_was_written_before_the_program_began_is_not_its_own(key: str, tmp_path: Path) -> None:
    if key == "opencode":
        data = tmp_path / ".local/share/opencode"
        data.mkdir(parents=True)
        written = view_of(RECORDED[key, "finished"], data).updated_at
        assert written is not None
    else:
        written = datetime.fromtimestamp(lay_out(key, tmp_path, RECORDED[key, "finished"]).stat().st_mtime, UTC)

    def read(since: datetime) -> object:
        reader = agent(key).transcript(cwd=CWD, claims=FileClaims(), since=since, home=AgentHome(tmp_path))
        assert reader is not None
        return reader.read()

    assert read(written + timedelta(minutes=1)) is None
    assert read(written - timedelta(minutes=1)) is not None


def test_a_chat_of_geminis_that_lost_its_first_row_is_found_by_its_name(tmp_path: Path) -> None:
    file = lay_out("gemini", tmp_path, RECORDED["gemini", "finished"])
    first, *rest = file.read_text().splitlines(keepends=True)
    file.write_text("".join(row for row in rest if "sessionId" not in row))

    reader = agent("gemini").transcript(
        cwd=CWD, claims=FileClaims(), session_id=json.loads(first)["sessionId"], home=AgentHome(tmp_path)
    )

    assert reader is not None
    assert reader.read() is not None


@pytest.mark.parametrize("key", ["claude", "codex", "gemini"])
def test_a_transcript_of_another_folder_is_not_ours(key: str, tmp_path: Path) -> None:
    lay_out(key, tmp_path, RECORDED[key, "finished"])

    reader = agent(key).transcript(cwd="/somewhere/else", claims=FileClaims(), home=AgentHome(tmp_path))

    assert reader is not None
    assert reader.read() is None


@pytest.mark.parametrize("key", ["claude", "codex", "gemini"])
def test_a_known_conversation_is_found_by_its_id(key: str, tmp_path: Path) -> None:
    path = lay_out(key, tmp_path, RECORDED[key, "finished"])
    session = view_of(RECORDED[key, "finished"], tmp_path).session_id

    found = agent(key).transcript(cwd="/moved", claims=FileClaims(), session_id=session, home=AgentHome(tmp_path))
    hostile = agent(key).transcript(
        cwd=CWD, claims=FileClaims(), session_id="../../etc/passwd", home=AgentHome(tmp_path)
    )

    assert found is not None
    assert found.read() is not None
    assert found.path == path
    assert hostile is not None
    assert hostile.read() is None


# ---- reading what grows


def test_only_whole_lines_are_taken_and_each_once(tmp_path: Path) -> None:
    file = tmp_path / "t"
    tail = FileTail(file)
    file.write_bytes(b"one\ntw")
    assert tail.read() == (True, [b"one"])
    assert tail.read() == (False, [])

    with file.open("ab") as more:
        more.write(b"o\n\nthree\n")

    assert tail.read() == (False, [b"two", b"three"])


@pytest.mark.parametrize("how", ["truncated", "replaced", "rewritten longer"])
def test_a_file_that_is_another_one_now_is_read_anew(tmp_path: Path, how: str) -> None:
    file = tmp_path / "t"
    file.write_bytes(b"one\ntwo\nthree\n")
    tail = FileTail(file)
    tail.read()

    if how == "replaced":
        file.rename(tmp_path / "old")
    file.write_bytes(b"NEW\n" * (10 if how == "rewritten longer" else 1))
    fresh, lines = tail.read()

    assert fresh
    assert set(lines) == {b"NEW"}


def test_a_long_file_is_read_from_its_end_on(tmp_path: Path) -> None:
    file = tmp_path / "t"
    file.write_bytes(b"".join(b"line %d\n" % number for number in range(1_000)))
    tail = FileTail(file, limit=100)

    _, lines = tail.read()

    assert lines[-1] == b"line 999"
    assert 5 <= len(lines) <= 12
    assert all(line.startswith(b"line ") for line in lines)


def test_a_line_longer_than_all_we_read_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "t"
    tail = FileTail(file, limit=100)
    file.write_bytes(b"first\n")
    tail.read()
    with file.open("ab") as more:
        more.write(b"x" * 350)
    assert tail.read()[1] == []
    with file.open("ab") as more:
        more.write(b"yy\nnext\n")

    assert tail.read()[1] == [b"next"]


@given(st.lists(st.binary(max_size=30), max_size=12))
def test_however_it_is_written_every_line_arrives_once(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes]
) -> None:
    file = tmp_path_factory.mktemp("tail") / "t"
    file.touch()
    tail = FileTail(file)
    seen: list[bytes] = []
    for part in parts:
        with file.open("ab") as more:
            more.write(part)
        seen += tail.read()[1]

    whole = b"".join(parts)
    assert seen == [line for line in whole[: whole.rfind(b"\n") + 1].split(b"\n") if line.strip()]


def test_a_folder_or_a_pipe_in_its_place_is_an_error_and_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    for path in (tmp_path, tmp_path / "pipe", tmp_path / "nothing"):
        with pytest.raises(OSError, match=r".+"):
            FileTail(path).read()


def test_rubbish_in_a_transcript_is_passed_over(tmp_path: Path) -> None:
    recording = RECORDED["claude", "finished"]
    file = tmp_path / "t.jsonl"
    rows = recording.transcript_lines()
    rubbish = [
        "not json\n",
        "[]\n",
        '{"type": "user", "message": 7}\n',
        '{"type": "assistant"}\n',
        "\x00\x01\n",
        '{"a"\n',
    ]
    file.write_text("".join(row + rubbish[number % len(rubbish)] for number, row in enumerate(rows)))
    reader = agent("claude").transcript(cwd=CWD, claims=FileClaims(), path=file)
    assert reader is not None

    view = reader.read()

    assert view is not None
    assert view.reading is not None
    assert view.reading.cause == "transcript_over"


ROW_WORDS = (
    "user",
    "assistant",
    "gemini",
    "response_item",
    "event_msg",
    "message",
    "user.message",
    "tool.execution_start",
)


@pytest.mark.parametrize("key", ["claude", "codex", "gemini", "copilot", "pi"])
@given(
    row=st.recursive(
        st.none() | st.integers() | st.text(max_size=6) | st.booleans(),
        lambda x: (
            st.lists(x, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["type", "message", "content", "payload", "role", "timestamp", "usage", "$set", "data"]
                ),
                x | st.sampled_from(ROW_WORDS),
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_no_row_whatever_it_holds_breaks_a_reader(
    key: str, row: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("rows") / "t.jsonl"
    file.write_text(json.dumps(row) + "\n")
    reader = agent(key).transcript(cwd=CWD, claims=FileClaims(), path=file)
    assert reader is not None

    assert reader.read() is not None


def test_what_is_kept_is_bounded(tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    prompt = {"type": "user", "timestamp": "2026-11-21T08:00:00Z", "message": {"role": "user", "content": "p" * 9_000}}
    call = {
        "type": "assistant",
        "message": {
            "id": "m",
            "content": [{"type": "tool_use", "id": "t", "name": "Bash", "input": {"command": "ls"}}],
        },
    }
    file.write_text((json.dumps(prompt) + "\n" + json.dumps(call) + "\n") * 500)
    reader = agent("claude").transcript(cwd=CWD, claims=FileClaims(), path=file)
    assert reader is not None

    view = reader.read()

    assert view is not None
    assert len(view.turns) == TURNS_KEPT
    assert view.turn_count == 500
    assert len(view.turns[0]) == TURN_LENGTH
    assert len(view.actions) <= ACTIONS_KEPT


# ---- what a tool call means


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("git commit -m 'x'", ActionKind.COMMIT),
        ("cd a && git -C b commit -qm x", ActionKind.COMMIT),
        ("git status --short", ActionKind.DIRTY_CHECK),
        ("git diff | cat", ActionKind.DIRTY_CHECK),
        ("pytest -q tests", ActionKind.CHECK),
        ("FOO=1 .venv/bin/pytest", ActionKind.CHECK),
        ("python -m pytest", ActionKind.CHECK),
        ("cd web; npm run build", ActionKind.CHECK),
        ("cargo clippy", ActionKind.CHECK),
        ("make -j4 check", ActionKind.CHECK),
        ("ls", ActionKind.TOOL),
        ("grep -r 'git commit' .", ActionKind.TOOL),
        ("echo pytest", ActionKind.TOOL),
        ("cat Makefile", ActionKind.TOOL),
        ("apply_patch <<'EOF'", ActionKind.EDIT),
    ],
)
def test_a_command_is_known_by_the_program_it_runs(command: str, kind: ActionKind) -> None:
    assert action_kind("Bash", {"command": command}) is kind


def test_a_tool_call_is_told_in_few_words() -> None:
    assert tool_gist("Write", {"file_path": "/a/b/notes.txt"}) == "Write: notes.txt"
    assert tool_gist("exec_command", {"cmd": "ls -l"}) == "exec_command: ls -l"
    assert tool_gist("shell", {"command": ["bash", "-lc", "ls -l"]}) == "shell: ls -l"
    assert tool_gist("Grep", {"pattern": "x.*"}) == "Grep: x.*"
    assert tool_gist("Thing", {}) == "Thing"
    assert len(tool_gist("Bash", {"command": "x" * 500})) < 100
    assert asked({"questions": [{"question": "A?", "options": [{"label": "x"}]}, {"question": "B?"}]}) == ("A?\nB?", ())


def test_a_long_paste_that_claude_code_queued_is_a_prompt_without_its_wrapping(tmp_path: Path) -> None:
    file = tmp_path / "session.jsonl"
    content = '<pasted_content id="cb47">\nfix this\nand that\n</pasted_content>\n'
    file.write_text(json.dumps({"type": "user", "message": {"role": "user", "content": content}}) + "\n")

    reader = agent("claude").transcript(cwd=CWD, claims=FileClaims(), path=file)
    assert reader is not None
    view = reader.read()

    assert view is not None
    assert [turn.strip() for turn in view.turns] == ["fix this\nand that"]


def test_geminis_quota_is_an_error_with_its_end(tmp_path: Path) -> None:
    reading = view_of(RECORDED["gemini@0.61.0", "limit-stopped"], tmp_path).reading

    assert reading is not None
    assert (reading.needs, reading.until) == (Need.ERROR, reading.at + timedelta(seconds=3600))
