"""Copilot CLI and pi: which conversation a process shows, and what their own files tell besides the state."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from quarterdeck.agents.agent_files import FileClaims, began_at, named
from quarterdeck.core.reading import UNBEGUN
from quarterdeck.core.session import Need, SessionState
from quarterdeck.core.text import clean_lines
from quarterdeck.ports.agent import ScreenLook
from quarterdeck.ports.agent_process import AgentHome, Program
from support.recordings import FULL, NOW, agent, recordings
from support.tmux_server import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from quarterdeck.core.transcript import TranscriptView

FIRST, SECOND = "0123abcd-0000-4000-8000-000000000001", "0123abcd-0000-4000-8000-000000000002"
RECORDED = {(each.agent_key, each.name): each for each in recordings(FULL)}
OWN = Program(pid=os.getpid(), command="python")
GONE = Program(pid=2**22 + 1, command="node")


def view_of(key: str, name: str, folder: Path) -> TranscriptView:
    path = RECORDED[key, name].transcript_in(folder)
    reader = agent(key).transcript(cwd="$HOME/work/demo", claims=FileClaims(), path=path)
    assert reader is not None
    view = reader.read()
    assert view is not None
    return view


def view_of_rows(key: str, rows: list[dict[str, object]], folder: Path) -> TranscriptView:
    file = folder / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    reader = agent(key).transcript(cwd="/", claims=FileClaims(), path=file)
    assert reader is not None
    view = reader.read()
    assert view is not None
    return view


@pytest.mark.parametrize("key", ["copilot", "pi"])
def test_a_new_session_in_which_nothing_was_said_is_not_the_one_before(key: str) -> None:
    unbegun = {
        name
        for (kind, name), each in RECORDED.items()
        if kind == key and agent(key).conversation(GONE, screen=clean_lines(each.screen)) == UNBEGUN
    }

    assert unbegun == {"new-session"}


def test_words_of_a_model_begin_no_new_session() -> None:
    said = " ❯ what does it print?\n ● Started a new session. It prints that.\n"
    box = "─" * 80 + "\n❯\n" + "─" * 80 + "\n ? help\n"

    assert agent("copilot").conversation(GONE, screen=said + box) == ""
    assert (
        agent("pi").conversation(GONE, screen=f" ✓ New session started\n\n say: Hello\n{'─' * 80}\n\n{'─' * 80}\n")
        == ""
    )


@pytest.mark.parametrize("key", ["copilot", "pi"])
def test_prompts_words_model_and_tokens_are_in_the_sessions_own_file(key: str, tmp_path: Path) -> None:
    view = view_of(key, "finished", tmp_path)

    assert view.turns == ("say: Hello there, my friend.",)
    assert view.last_text == "Hello there, my friend."
    assert view.model == "mock-model"
    assert view.token_count == 100
    assert view.context_limit == (200_000 if key == "copilot" else None)
    assert len(view.session_id) == 36


@pytest.mark.parametrize("key", ["copilot", "pi"])
def test_the_tool_that_runs_and_the_question_that_is_open_are_told(key: str, tmp_path: Path) -> None:
    assert view_of(key, "working-tool", tmp_path).current_tool.startswith("bash: ")
    asked = view_of(key, "question", tmp_path)
    assert asked.last_question.startswith("Which colour?")
    assert asked.reading is not None
    assert asked.reading.choices == ("Red", "Blue")


def test_copilot_writes_down_what_it_wants_leave_for(tmp_path: Path) -> None:
    reading = view_of("copilot", "permission", tmp_path).reading

    assert reading is not None
    assert (reading.state, reading.needs) == (SessionState.ATTENTION, Need.PERMISSION)
    assert reading.question == "shell: touch bang.txt"


def test_what_a_subagent_of_copilots_does_is_not_its_own(tmp_path: Path) -> None:
    def row(kind: str, *, agent_id: str = "", **data: object) -> dict[str, object]:
        return {"type": kind, "timestamp": "2026-11-30T09:00:00.000Z", "agentId": agent_id, "data": data}

    said = [row("user.message", content="Do it."), row("assistant.message", content="Done.", toolRequests=[])]
    theirs = [row("user.message", content="Look.", agent_id="a1"), row("session.error", message="no", agent_id="a1")]

    view = view_of_rows("copilot", [*said, row("assistant.turn_end"), *theirs], tmp_path)

    assert view.turns == ("Do it.",)
    assert view.reading is not None
    assert view.reading.cause == "transcript_over"


def test_pi_tries_again_before_an_error_is_one(tmp_path: Path) -> None:
    def row(role: str, **more: object) -> dict[str, object]:
        message = {"role": role, "content": [{"type": "text", "text": "x"}], **more}
        return {"type": "message", "timestamp": "2026-11-30T09:00:00.000Z", "message": message}

    failed = row("assistant", stopReason="error", errorMessage="500 refused")
    refused = row("assistant", stopReason="error", errorMessage="400 refused")

    states = [
        view_of_rows("pi", [row("user"), *rows], tmp_path).reading
        for rows in ([failed], [failed] * 3, [failed] * 4, [refused], [failed, row("user"), failed])
    ]

    assert [each.state if each else None for each in states] == [
        SessionState.BUSY,
        SessionState.BUSY,
        SessionState.ERROR,
        SessionState.ERROR,
        SessionState.BUSY,
    ]


def test_words_of_a_model_that_read_like_an_end_of_pis_are_none() -> None:
    rule = "─" * 60
    mine = f"\x1b[49m Error: I made that up\n\n{rule}\n\x1b[7m \x1b[0m\n{rule}\n~/work\n0.0%/200k"
    its = mine.replace("\x1b[49m Error: I made that up", " \x1b[38;2;204;102;102mError: 400 refused\x1b[39m")

    said, failed = (agent("pi").read_screen(ScreenLook(text=f"\n{text}", at=NOW)) for text in (mine, its))

    assert said is not None
    assert said.state is SessionState.IDLE
    assert failed is not None
    assert failed.state is SessionState.ERROR


def held_by_copilot(home: Path, *ids: str) -> list[Path]:
    """What a Copilot CLI of our own process number keeps open of these conversations."""
    files = [home / ".copilot" / "session-state" / each / f"inuse.{OWN.pid}.hold" for each in ids]
    for file in files:
        file.parent.mkdir(parents=True)
        file.touch()
    return files


def test_the_conversation_that_a_copilot_has_open_is_the_one_it_shows(tmp_path: Path) -> None:
    home = AgentHome(tmp_path)
    assert agent("copilot").conversation(OWN, home=home) == ""

    (file,) = held_by_copilot(tmp_path, FIRST)
    with file.open("a"):
        assert agent("copilot").conversation(OWN, home=home) == FIRST


def test_of_several_that_a_copilot_has_open_its_log_says_which_is_in_front(tmp_path: Path) -> None:
    home = AgentHome(tmp_path)
    log = tmp_path / ".copilot" / "logs" / f"process-1796072691925-{OWN.pid}.log"
    log.parent.mkdir(parents=True)
    first, second = held_by_copilot(tmp_path, FIRST, SECOND)
    os.utime(first, (1, 1))
    with log.open("a") as told, first.open("a"), second.open("a"):
        assert agent("copilot").conversation(OWN, home=home) == SECOND  # the newest, where nothing is logged

        for shown in (FIRST, SECOND, FIRST):
            told.write(f"2026-11-30T21:09:20.650Z [INFO] Registering foreground session: {shown}\n")
            told.flush()
            assert agent("copilot").conversation(OWN, home=home) == shown


@pytest.fixture
def pi_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the sessions of the folder lie that we are in."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    folder = tmp_path / ".pi" / "agent" / "sessions" / f"--{str(work).strip('/').replace('/', '-')}--"
    folder.mkdir(parents=True)
    return folder


def begun(folder: Path, session_id: str, at: datetime, *, written: datetime | None = None) -> None:
    """A session of pi's that began then, and was written last then."""
    file = folder / f"{at:%Y-%m-%dT%H-%M-%S-000Z}_{session_id}.jsonl"
    head = {"type": "session", "version": 3, "id": session_id, "timestamp": at.isoformat(), "cwd": str(Path.cwd())}
    file.write_text(json.dumps(head) + "\n")
    last = (written or at).timestamp()
    os.utime(file, (last, last))


def test_the_session_that_began_with_a_pi_is_its_own(pi_folder: Path, tmp_path: Path) -> None:
    start = began_at(OWN.pid)
    assert start is not None
    begun(pi_folder, SECOND, start - timedelta(minutes=5))
    assert agent("pi").conversation(OWN, home=AgentHome(tmp_path)) == ""

    begun(pi_folder, FIRST, start + timedelta(seconds=1))
    assert agent("pi").conversation(OWN, home=AgentHome(tmp_path)) == FIRST


def test_a_pi_that_is_alone_in_its_folder_is_in_what_was_written_last(pi_folder: Path, tmp_path: Path) -> None:
    start = began_at(OWN.pid)
    assert start is not None
    begun(pi_folder, FIRST, start + timedelta(seconds=1))
    begun(pi_folder, SECOND, start - timedelta(days=1), written=start + timedelta(seconds=2))

    assert agent("pi").conversation(OWN, home=AgentHome(tmp_path)) == SECOND


COPILOT_ANEW = """
 [Current]  Sessions   Issues   Pull requests   Gists

 ● Started a new session. Execution mode carried forward: Interactive. Permission policy carried
   forward: Manual Approval for this session. Defaults for future sessions: unchanged.

 ! Model "mock-model" is not in the built-in catalog. Using defaults for: output tokens

 ● MCP Servers reloaded: 0 servers connected
""".strip("\n")
COPILOT_BOX = "\n".join(("", " ~/work/demo [⎇ main]", "─" * 60, "❯", "─" * 60, " ← open sidebar · / commands"))


@pytest.mark.parametrize(
    ("screen", "state"),
    [
        (COPILOT_ANEW, SessionState.IDLE),
        (COPILOT_ANEW.rpartition("\n\n")[0], SessionState.IDLE),
        (COPILOT_ANEW + "\n\n ❯ paint it blue\n", None),
        (COPILOT_ANEW + "\n\n ❯ paint it blue\n\n ✗ Request failed.\n", SessionState.ERROR),
    ],
)
def test_a_copilot_that_has_begun_anew_rests_while_it_loads(screen: str, state: SessionState | None) -> None:
    read = agent("copilot").read_screen(ScreenLook(text=screen + COPILOT_BOX, at=NOW, still_for=0.0))

    assert (read.state if read else None) is state


def pi_screen(*said: str, used: str = "↑100 ↓7 0.1%") -> str:
    """A screen of pi's with these lines on it, and this in its foot."""
    rule = "─" * 60
    return "\n".join(
        (" pi v0.74.2", "", *said, "", rule, "", rule, "~/work (main)", f"{used}/200k (auto)   mock-model")
    )


def test_what_pi_was_in_before_is_left_with_new_until_the_next_is_written_down(pi_folder: Path, tmp_path: Path) -> None:
    start = began_at(OWN.pid)
    assert start is not None
    home, anew = AgentHome(tmp_path), " ✓ New session started"

    def shown(*said: str, used: str) -> str:
        return agent("pi").conversation(OWN, home=home, screen=pi_screen(*said, used=used))

    begun(pi_folder, FIRST, start + timedelta(seconds=1))
    assert shown(" Done.", used="↑100 ↓7 0.1%") == FIRST
    assert shown(anew, used="↑100 ↓7 0.1%") == FIRST, "a model may say so too"

    assert shown(anew, used="0.0%") == UNBEGUN
    assert shown(anew, "", " paint it blue", used="0.0%") == UNBEGUN, "nothing was answered yet"
    assert agent("pi").conversation(OWN, home=home) == FIRST  # who has no screen goes by the files
    assert shown(anew, "", " paint it blue", used="0.0%") == UNBEGUN

    begun(pi_folder, SECOND, start + timedelta(minutes=1))
    assert shown(anew, "", " paint it blue", " Error: no", used="0.0%") == SECOND
    assert shown(anew, used="0.0%") == UNBEGUN
    assert shown(" Resumed session", used="↑100 ↓7 0.1%") == SECOND


def test_a_pi_that_has_just_started_has_left_nothing(pi_folder: Path, tmp_path: Path) -> None:
    start = began_at(OWN.pid)
    assert start is not None
    begun(pi_folder, FIRST, start + timedelta(seconds=1))

    found = agent("pi").conversation(OWN, home=AgentHome(tmp_path), screen=pi_screen(used="0.0%"))
    assert found == FIRST


@contextmanager
def another_pi(folder: Path) -> Iterator[Program]:
    """Another program that is called `pi`, in the same folder."""
    file = folder / "pi"
    if not file.exists():
        shutil.copy(shutil.which("sleep") or "sleep", file)
    with subprocess.Popen([str(file), "600"]) as process:
        until(lambda: process.pid in named("pi"), "it is called so")
        yield Program(pid=process.pid, command="pi")
        process.kill()


@pytest.mark.process
def test_of_two_pis_in_one_folder_nothing_is_claimed_that_may_be_the_others(pi_folder: Path, tmp_path: Path) -> None:
    home = AgentHome(tmp_path)
    with another_pi(tmp_path) as one:
        start = began_at(one.pid)
        assert start is not None
        begun(pi_folder, FIRST, start + timedelta(seconds=1))
        assert agent("pi").conversation(one, home=home) == FIRST

        with another_pi(tmp_path) as two:
            begun(pi_folder, SECOND, start + timedelta(minutes=1))
            found = [agent("pi").conversation(each, home=home) for each in (one, two)]

        assert found == ["", ""]
        assert agent("pi").conversation(one, home=home) == SECOND
