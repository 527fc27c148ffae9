"""Claude Code's sessions that run without a terminal, and the terminals that show one."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from quarterdeck.agents.claude_background import ClaudeService
from quarterdeck.core.reading import UNBEGUN
from quarterdeck.core.session import Need, SessionState
from quarterdeck.ports.agent_process import AgentHome, Program
from quarterdeck.ports.agent_service import ConversationTarget, ServiceOutcome
from support.recordings import NOW, agent

CLAUDE = agent("claude")
SERVICE = ClaudeService()
CONVERSATION = "c67fb831-938e-4c63-959b-11fd848d4c11"
QUESTIONS = {"status": "waiting", "waitingFor": "input needed"}
ASKS = {"status": "waiting", "waitingFor": "permission prompt"}


def started(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]


class Home:
    """Files as Claude Code 2.1.332 writes them."""

    def __init__(self, root: Path) -> None:
        self.home = AgentHome(root)
        self.folder = root / ".claude"
        (self.folder / "sessions").mkdir(parents=True)

    def session(self, pid: int, **fields: object) -> None:
        told = {"pid": pid, "sessionId": CONVERSATION, "cwd": "/work/demo", "kind": "bg", "jobId": "c67fb831"}
        told |= {
            "procStart": started(pid) if pid == os.getpid() else "1",
            "name": "paint it",
            "status": "idle",
        } | fields
        (self.folder / "sessions" / f"{pid}.json").write_text(json.dumps(told))

    def job(self, **fields: object) -> None:
        folder = self.folder / "jobs" / "c67fb831"
        folder.mkdir(parents=True)
        (folder / "state.json").write_text(json.dumps({"state": "working", "intent": "paint it blue", **fields}))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.mark.parametrize(
    ("session", "job", "state", "needs", "question"),
    [
        (ASKS, {"needs": "approve Bash: ls"}, SessionState.ATTENTION, Need.PERMISSION, "approve Bash: ls"),
        (QUESTIONS, {"needs": "answer: Which?"}, SessionState.ATTENTION, Need.QUESTION, "answer: Which?"),
        ({"status": "busy"}, {}, SessionState.BUSY, None, ""),
        ({"status": "idle"}, {"tokens": 77}, SessionState.IDLE, Need.FINISHED, ""),
        ({"status": "idle"}, {}, SessionState.IDLE, None, ""),
        ({"status": "idle"}, {"state": "failed", "detail": "API Error: 400"}, SessionState.ERROR, Need.ERROR, ""),
    ],
)  # fmt: skip
def test_a_session_in_the_background_is_told_of_with_what_it_does_and_needs(
    home: Home,
    session: dict[str, object],
    job: dict[str, object],
    state: SessionState,
    needs: Need | None,
    question: str,
) -> None:
    home.session(os.getpid(), **session)
    home.job(**job)

    (told,) = SERVICE.conversations(home.home, at=NOW)

    assert (told.conversation, told.cwd, told.name) == (CONVERSATION, "/work/demo", "paint it")
    assert (told.reading.state, told.reading.needs, told.reading.question) == (state, needs, question)
    assert told.thought == job.get("detail", "paint it blue")


@pytest.mark.parametrize(
    "fields",
    [{"kind": "interactive"}, {"spare": True}, {"procStart": "1"}, {"status": "something new"}, {"sessionId": ""}],
    ids=str,
)
def test_one_with_a_terminal_or_without_a_task_or_that_is_gone_is_not(home: Home, fields: dict[str, object]) -> None:
    home.session(os.getpid(), **fields)

    assert SERVICE.conversations(home.home, at=NOW) == ()


def test_odd_files_hide_nothing(home: Home) -> None:
    home.session(os.getpid())
    os.mkfifo(home.folder / "sessions" / "1.json")
    (home.folder / "sessions" / "2.json").write_text('{"pid": 2, "kind": "bg"')
    (home.folder / "sessions" / "3.json").write_text('{"pid": "x", "kind": "bg", "sessionId": 7, "jobId": "../../x"}')
    (home.folder / "jobs" / "c67fb831").mkdir(parents=True)
    os.mkfifo(home.folder / "jobs" / "c67fb831" / "state.json")

    assert [each.conversation for each in SERVICE.conversations(home.home, at=NOW)] == [CONVERSATION]


@pytest.mark.parametrize("words", ["attach c67fb831", "attach paint", "--debug attach c67fb831"])
def test_a_terminal_that_shows_one_shows_its_conversation(home: Home, words: str) -> None:
    home.session(os.getpid(), **ASKS)
    program = Program(pid=99_999, command="claude", argv=("claude", *words.split()))

    reading = CLAUDE.read_registry(program, at=NOW, home=home.home)

    assert CLAUDE.conversation(program, home=home.home) == CONVERSATION
    assert reading is not None
    assert (reading.needs, reading.conversation) == (Need.PERMISSION, CONVERSATION)


def test_one_that_was_put_in_the_background_is_still_what_its_terminal_is_about(home: Home) -> None:
    home.session(os.getpid(), **ASKS)
    home.session(77, sessionId="first", kind="interactive", jobId=None, parkedJobId="c67fb831")
    program = Program(pid=77, command="claude", argv=("claude",), started="1")

    assert CLAUDE.conversation(program, home=home.home) == CONVERSATION

    (home.folder / "sessions" / f"{os.getpid()}.json").unlink()
    assert CLAUDE.conversation(program, home=home.home) == "first"


@pytest.mark.parametrize(
    ("words", "conversation"),
    [("", ""), ("fix the agents page", ""), ("attach", UNBEGUN), ("attach another", UNBEGUN), ("agents", UNBEGUN)],
)
def test_a_terminal_that_shows_none_of_them_shows_none(home: Home, words: str, conversation: str) -> None:
    home.session(os.getpid())
    program = Program(pid=99_999, command="claude", argv=("claude", *([words] if " page" in words else words.split())))

    assert CLAUDE.conversation(program, home=home.home) == conversation


def test_files_are_looked_for_where_its_own_process_keeps_them(home: Home, tmp_path: Path) -> None:
    home.session(os.getpid(), kind="interactive", **ASKS)
    elsewhere = tmp_path / "elsewhere"
    home.folder.rename(elsewhere)
    own = AgentHome(tmp_path, (("CLAUDE_CONFIG_DIR", str(elsewhere)),))
    program = Program(pid=os.getpid(), command="claude", argv=("claude",), started=started(os.getpid()))

    reading = CLAUDE.read_registry(program, at=NOW, home=own)

    assert reading is not None
    assert reading.needs is Need.PERMISSION
    assert CLAUDE.read_registry(program, at=NOW, home=home.home) is None


def target(home: Home, conversation: str = CONVERSATION) -> ConversationTarget:
    return ConversationTarget(conversation=conversation, home=home.home)


def test_one_is_opened_by_claude_itself_and_takes_no_words_without_a_terminal(home: Home) -> None:
    home.session(os.getpid())

    assert SERVICE.attach(target(home)) == ("claude", "attach", "c67fb831")
    assert SERVICE.attach(target(home, "another")) == ()
    assert SERVICE.send(target(home), "hello").outcome is ServiceOutcome.UNAVAILABLE
    assert SERVICE.answer(target(home), "Which?", [0], "").outcome is ServiceOutcome.UNAVAILABLE


@pytest.mark.process
def test_one_is_stopped_by_claude_itself_in_its_own_home(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.session(os.getpid())
    programs = tmp_path / "bin"
    programs.mkdir()
    claude = programs / "claude"
    claude.write_text('#!/bin/sh\necho "$@" > "$HOME/said"\n[ "$2" = c67fb831 ] && echo stopped $2\n')
    claude.chmod(0o700)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)

    stopped = SERVICE.stop(target(home))

    assert (stopped.outcome, stopped.evidence) == (ServiceOutcome.DONE, "stopped c67fb831")
    assert (tmp_path / "said").read_text() == "stop c67fb831\n"
    assert SERVICE.stop(target(home, "another")).outcome is ServiceOutcome.REFUSED
    claude.write_text("#!/bin/sh\necho no such session >&2\nexit 1\n")
    refused = SERVICE.stop(target(home))
    assert (refused.outcome, refused.evidence) == (ServiceOutcome.REFUSED, "no such session")


def test_claude_knows_the_operators_own_commands_and_skills(home: Home, tmp_path: Path) -> None:
    project = tmp_path / "project"
    deep = project / "src" / "part"
    deep.mkdir(parents=True)
    (project / ".git").mkdir()
    for name in (".claude/commands/fix.md", ".claude/commands/front/paint.md", "project/.claude/commands/ship.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("Do it.")
    for name, head in {"look": "name: look-around", "secret": "user-invocable: false"}.items():
        folder = home.folder / "skills" / name
        folder.mkdir(parents=True)
        (folder / "SKILL.md").write_text(f"---\n{head}\ndescription: x\n---\n")

    known = CLAUDE.habits(cwd=str(deep), home=home.home).commands

    assert {"fix", "front:paint", "paint", "ship", "look", "look-around", "compact", "code-review"} <= set(known)
    assert not {"secret", "README"} & set(known)
    assert "ship" not in CLAUDE.habits(cwd=str(tmp_path), home=home.home).commands
