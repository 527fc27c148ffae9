"""Whatever stands where we look for a file, nothing waits for it, and what comes of it is clear."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from quarterdeck.agents.agent_files import FileClaims
from quarterdeck.agents.claude_files import folder_name
from quarterdeck.agents.claude_registry import entry
from quarterdeck.agents.json_lines import FileTail
from quarterdeck.config.edit import version_of
from quarterdeck.config.loader import load
from quarterdeck.config.settings import ThoughtSettings
from quarterdeck.core.project import Project
from quarterdeck.errors import QuarterdeckError, Refused, SettingsError, StoreError, ThinkerError
from quarterdeck.forge.markdown import MarkdownTracker
from quarterdeck.forge.ownership import Managed
from quarterdeck.log import RotatingLines
from quarterdeck.operations.spawn import read_rules
from quarterdeck.ports.agent_process import AgentHome, Program
from quarterdeck.store.glances import glance
from quarterdeck.store.kept_rows import FirstRead, first_read
from quarterdeck.store.lease import Lease, holder_of
from quarterdeck.store.open_database import open_database
from quarterdeck.supervisor.repo_themes import read_theme
from quarterdeck.supervisor.reports import drain
from quarterdeck.thoughts.configured_thinkers import key_of
from quarterdeck.tui.preferences import UNREADABLE_SETTINGS, fingerprint
from quarterdeck.tui.theme import load_user
from support.cli import run_cli
from support.recordings import agent
from support.strange_files import SOON, STRANGE, at_once

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.parametrize("kind", STRANGE)

CWD = "/home/somebody/demo"
CONVERSATION = "11111111-2222-3333-4444-555555555555"


def placed(kind: str, path: Path) -> str:
    """Put one there, and answer what is said of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return STRANGE[kind](path)


def refusal(wanted: type[QuarterdeckError], call: Callable[[], object]) -> str:
    """The sentence with which something is refused."""
    with pytest.raises(wanted) as found:
        at_once(call)
    return found.value.message


def test_a_process_of_claude_says_nothing(kind: str, tmp_path: Path) -> None:
    placed(kind, tmp_path / ".claude/sessions/42.json")

    assert at_once(lambda: entry(Program(pid=42, command="claude"), AgentHome(tmp_path))) is None


@pytest.mark.parametrize(
    ("key", "file"),
    [
        ("claude", f".claude/projects/{folder_name(CWD)}/{CONVERSATION}.jsonl"),
        ("codex", f".codex/sessions/2026/01/01/rollout-2026-01-01T00-00-00-{CONVERSATION}.jsonl"),
        ("gemini", f".gemini/tmp/demo/chats/session-2026-01-01T00-00-{CONVERSATION[:8]}.jsonl"),
        ("gemini", ".gemini/projects.json"),
        ("opencode", ".local/share/opencode/opencode.db"),
        ("copilot", f".copilot/session-state/{CONVERSATION}/events.jsonl"),
        ("cline", f".cline/data/sessions/{CONVERSATION}/{CONVERSATION}.messages.json"),
        ("pi", f".pi/agent/sessions/--home-somebody-demo--/2026-01-01T00-00-00-000Z_{CONVERSATION}.jsonl"),
    ],
)
@pytest.mark.parametrize("session_id", ["", CONVERSATION])
def test_an_agent_s_own_files_tell_nothing(key: str, file: str, session_id: str, kind: str, tmp_path: Path) -> None:
    placed(kind, tmp_path / file)
    reader = agent(key).transcript(cwd=CWD, claims=FileClaims(), session_id=session_id, home=AgentHome(tmp_path))
    assert reader is not None

    assert at_once(reader.read) is None


def test_what_is_no_transcript_hides_none(kind: str, tmp_path: Path) -> None:
    folder = tmp_path / ".claude/projects" / folder_name(CWD)
    folder.mkdir(parents=True)
    (folder / "old.jsonl").write_text(f'{{"cwd":"{CWD}","sessionId":"old","type":"user","message":{{}}}}\n')
    os.utime(folder / "old.jsonl", (0, 0))
    placed(kind, folder / "new.jsonl")
    reader = agent("claude").transcript(cwd=CWD, claims=FileClaims(), home=AgentHome(tmp_path))
    assert reader is not None

    assert at_once(reader.read) is not None
    assert reader.path == folder / "old.jsonl"


def test_a_transcript_that_has_become_something_else_is_read_no_more(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "it.jsonl"
    file.write_text("{}\n")
    tail = FileTail(file)
    tail.read()
    file.unlink()
    said = placed(kind, file)

    with pytest.raises(OSError, match=said):
        at_once(tail.read)


@pytest.mark.parametrize("ending", ["-wal", "-journal"])
def test_what_lies_beside_opencode_s_database_is_not_waited_for(ending: str, kind: str, tmp_path: Path) -> None:
    file = tmp_path / ".local/share/opencode/opencode.db"
    file.parent.mkdir(parents=True)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("create table session (id)")
    placed(kind, file.with_name(file.name + ending))
    reader = agent("opencode").transcript(cwd=CWD, claims=FileClaims(), home=AgentHome(tmp_path))
    assert reader is not None

    assert at_once(reader.read) is None


def test_settings_are_refused_by_name(kind: str, tmp_path: Path) -> None:
    said = placed(kind, tmp_path / "config.toml")

    assert said in refusal(SettingsError, lambda: load(tmp_path / "config.toml"))
    assert said in refusal(SettingsError, lambda: version_of(tmp_path / "config.toml"))
    assert at_once(lambda: fingerprint(tmp_path / "config.toml")) == UNREADABLE_SETTINGS


@pytest.mark.parametrize("words", [("config", "check"), ("config", "edit"), ("ls",)], ids=" ".join)
def test_every_verb_says_what_is_wrong_with_the_settings(
    words: tuple[str, ...], kind: str, private_home: Path, tmux_socket: Path
) -> None:
    said = placed(kind, private_home / "config.toml")
    private_home.chmod(0o700)

    done = run_cli("-S", str(tmux_socket), *words, timeout=SOON, env={"EDITOR": "true"})

    assert (done.code, done.out) == (78, "")
    assert said in done.err


def test_a_theme_is_refused_by_name(kind: str, tmp_path: Path) -> None:
    said = placed(kind, tmp_path / "mine.toml")

    assert (
        refusal(SettingsError, lambda: load_user(tmp_path / "mine.toml")) == f"Theme mine.toml: cannot be read: {said}"
    )


def test_a_repository_has_no_colours(kind: str, tmp_path: Path) -> None:
    placed(kind, tmp_path / ".quarterdeck/colors.json")

    assert at_once(lambda: read_theme(tmp_path)) is None


@pytest.mark.parametrize(
    ("key", "file"),
    [("claude", ".claude/settings.json"), ("codex", ".codex/hooks.json"), ("gemini", ".gemini/settings.json")],
)
def test_hooks_are_not_added(key: str, file: str, kind: str, tmp_path: Path) -> None:
    said = placed(kind, tmp_path / file)

    assert said in refusal(
        Refused, lambda: agent(key).hook_plan(install=True, spool=tmp_path / "spool", home=AgentHome(tmp_path))
    )


def test_a_report_is_set_aside(kind: str, tmp_path: Path) -> None:
    placed(kind, tmp_path / "spool/1.report")

    drained = at_once(lambda: drain(tmp_path / "spool"))

    assert drained.reports == []
    assert (tmp_path / "spool/bad/1.report").exists()


def test_a_lease_is_nobody_s_and_cannot_be_had(kind: str, tmp_path: Path) -> None:
    lease = Lease(tmp_path / "state.db", "duty")
    said = placed(kind, lease.path)

    assert at_once(lambda: holder_of(lease.path)) is None
    assert said in refusal(StoreError, lease.try_take)


def test_a_database_that_is_none_says_so_and_is_replaced(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    said = placed(kind, file)

    assert said in refusal(StoreError, lambda: glance(file))
    assert at_once(lambda: first_read(file, "server")) == FirstRead()

    def opened() -> str:
        found = open_database(file, busy_timeout=SOON)
        found.connection.close()
        return found.notice

    assert "was damaged (it is not a file)" in at_once(opened)


@pytest.mark.parametrize("ending", ["-wal", "-shm", "-journal"])
def test_what_lies_beside_the_database_is_not_waited_for(ending: str, kind: str, tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    open_database(file, busy_timeout=SOON).connection.close()
    said = placed(kind, file.with_name(file.name + ending))

    assert said in refusal(StoreError, lambda: glance(file))
    assert at_once(lambda: first_read(file, "server")) == FirstRead()
    with pytest.raises(OSError, match=said):
        at_once(lambda: open_database(file, busy_timeout=SOON))


def test_the_lock_beside_the_database_is_not_waited_for(kind: str, tmp_path: Path) -> None:
    said = placed(kind, tmp_path / "state.db.lock")

    with pytest.raises(OSError, match=said):
        at_once(lambda: open_database(tmp_path / "state.db", busy_timeout=SOON))


def test_no_log_is_kept_and_nothing_else_is_held_up(kind: str, private_home: Path) -> None:
    placed(kind, private_home / "quarterdeck.log")
    lines = RotatingLines(private_home / "quarterdeck.log", prepare=lambda: None)

    at_once(lambda: lines.handle(logging.makeLogRecord({"msg": "words"})))

    assert lines.faults == 1


def test_a_key_is_refused_by_its_file(kind: str, tmp_path: Path) -> None:
    said = placed(kind, tmp_path / "key")

    assert said in refusal(ThinkerError, lambda: key_of(ThoughtSettings(key_file=tmp_path / "key"), {}))


def test_rules_that_cannot_be_read_stop_what_was_to_follow_them(kind: str, tmp_path: Path) -> None:
    said = placed(kind, tmp_path / "RULES.md")
    project = Project(name="app", path=tmp_path, prefix="app", rules_file="RULES.md")

    assert said in refusal(SettingsError, lambda: asyncio.run(read_rules(project)))


def test_a_file_of_tasks_holds_none(kind: str, tmp_path: Path) -> None:
    placed(kind, tmp_path / "TODO.md")

    assert at_once(lambda: asyncio.run(MarkdownTracker(tmp_path).issues())) == []


def test_a_worktree_whose_note_cannot_be_read_is_none_of_ours(kind: str, tmp_path: Path) -> None:
    managed = Managed(tmp_path)
    worktree = managed.path("app", "app-1")
    placed(kind, managed.note(worktree))

    assert at_once(lambda: managed.repository_of(worktree)) is None


@pytest.mark.parametrize(
    ("words", "code"),
    [(("orchestrator", "ensure", "app", "--prompt-file"), 2), (("import",), 1)],
    ids=["prompt", "import"],
)
def test_a_file_that_is_named_is_refused_by_what_it_is(
    words: tuple[str, ...], code: int, kind: str, tmp_path: Path, tmux_socket: Path
) -> None:
    said = placed(kind, tmp_path / "given")

    done = run_cli("-S", str(tmux_socket), *words, str(tmp_path / "given"), timeout=SOON)

    assert (done.code, done.out) == (code, "")
    assert done.err.startswith("quarterdeck: ")
    assert f"cannot be read: {said}." in done.err
