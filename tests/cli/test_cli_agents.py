"""What the command line tells of agents and their rules."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from quarterdeck.agents.agent_files import FileClaims
from quarterdeck.agents.claude_files import folder_name
from quarterdeck.cli.setup_verbs import TRUTHS
from quarterdeck.core.events import Health, SessionChanged
from quarterdeck.core.session import Confidence, Evidence, SessionState, Source
from quarterdeck.ports.clock import wall_clock
from quarterdeck.supervisor.day_history import DayHistory
from quarterdeck.values import replace
from support.cli import run_cli
from support.recordings import TRUTH, Recording, recordings, verdict
from support.rungs import rungs
from support.store import session
from support.tmux_server import TmuxServer, until
from support.workers import services_on

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.process
WRONG = 'agent = "claude"\ndate = 2099-01-01\n[[screen]]\nid = "a"\nmeans = "idle"\nregion = "lost"\npattern = "x"\n'
TOLD = "screen rule a: region: there is no 'lost'"


@pytest.fixture
def rules(private_home: Path) -> Path:
    """A file of the operator's own with a fault."""
    file = private_home / "agents" / "claude.toml"
    file.parent.mkdir(mode=0o700, parents=True)
    private_home.chmod(0o700)
    file.write_text(WRONG)
    return file


def test_wrong_rules_are_told_by_doctor_and_by_config_check(rules: Path) -> None:
    doctor, check = run_cli("doctor", "--json"), run_cli("config", "check")

    (found,) = (each for each in doctor.json() if each["name"] == "rules")
    assert doctor.code == 1
    assert found["status"] == "fail"
    assert f"{rules}: {TOLD}" in found["cause"]
    assert check.code == 78
    assert f"{rules}: {TOLD}" in check.err


def test_right_rules_are_nothing_to_tell(rules: Path) -> None:
    rules.write_text(WRONG.replace("lost", "last"))

    assert run_cli("config", "check").code == 0
    assert "rules" not in {each["name"] for each in run_cli("doctor", "--json").json()}


async def test_who_watches_is_told_of_wrong_rules(rules: Path, private_home: Path, short_folder: Path) -> None:
    assert rules.exists()
    async with services_on(short_folder / "s", private_home, persistent=True) as services:
        health, detail = services.workers.supervisor.fleet.workers["agents' rules"]

    assert health is Health.DEGRADED
    assert TOLD in detail


# ---- recordings

SECRET = "ghp_" + "aB3dE5fG7h" * 3 + "Xy12Zq"


@pytest.fixture
def asking(short_folder: Path) -> Iterator[TmuxServer]:
    """Claude Code as it asks, by all that is seen of it: a program of that name, its screen, and its files."""
    recorded = next(each for each in recordings("80x24") if str(each) == "claude-permission-80x24")
    home = short_folder / "maria"
    program = home / ".local/share/claude/versions/2.1.300"
    program.parent.mkdir(parents=True)
    shutil.copy(shutil.which("cat") or "/bin/cat", program)
    work = home / "web"
    work.mkdir()
    (home / "screen").write_text(recorded.screen.replace("touch made-by-agent.txt", f"rm {home}/web/x"))
    with TmuxServer(short_folder / "s") as server:
        server.session("here", "env", f"HOME={home}", str(program), str(home / "screen"), "-", cwd=work)
        until(lambda: "1. Yes" in server.run("capture-pane", "-p", "-t", "here"), "the dialog was there")
        pid = int(server.ask("here", "#{pane_pid}"))
        session = "eb2316bf-3da4-41d5-bec4-9d217e01c4a0"
        entry = {"pid": pid, "sessionId": session, "status": "waiting", "waitingFor": "permission prompt"}
        transcript = home / ".claude" / "projects" / folder_name(str(work)) / f"{session}.jsonl"
        for file, text in (
            (home / ".claude" / "sessions" / f"{pid}.json", json.dumps(entry)),
            (
                transcript,
                json.dumps({"type": "user", "cwd": str(work), "message": {"content": f"use {SECRET}"}}) + "\n",
            ),
        ):
            file.parent.mkdir(parents=True)
            file.write_text(text)
        yield server


def record(server: TmuxServer, out: Path, *words: str) -> Recording:
    told = run_cli("-S", str(server.socket), "agents", "record", "here", "--out", str(out), "--json", *words).json()
    size, made_with, name = told["folder"].removeprefix(f"{out}/").split("/")
    return Recording(made_with, name, size, out / size / made_with / name)


def test_a_recording_is_read_as_those_of_the_tests_are(asking: TmuxServer, tmp_path: Path) -> None:
    made = record(asking, tmp_path / "out")

    assert str(made) == "claude@2.1.300-waiting-permission-80x24"
    assert (made.agent_key, made.truth, made.title != "") == ("claude", "waiting-permission", True)
    told = rungs(made, tmp_path / "home")
    assert verdict(told["screen"], made.truth) == "right"
    assert verdict(told["registry"], made.truth) == "right"
    path = made.transcript_in(tmp_path / "home")
    assert path is not None
    reader = made.agent.transcript(cwd="$HOME/web", claims=FileClaims(), path=path)
    assert reader is not None
    view = reader.read()
    assert view is not None
    assert view.turns == ("use [redacted]",)
    assert made.facts["row"]["state"] == "attention"  # type: ignore[index]


def test_nothing_private_is_in_it(asking: TmuxServer, tmp_path: Path, short_folder: Path) -> None:
    made = record(asking, tmp_path / "out", "--as", "idle", "--name", "../x y")
    texts = {file.name: file.read_text() for file in made.folder.iterdir()}

    assert made.folder.name == "x-y"
    assert made.truth == "idle"
    assert sorted(texts) == ["facts.json", "screen.ansi", "transcript.jsonl"]
    assert not [name for name, text in texts.items() if str(short_folder / "maria") in text or SECRET in text]
    assert "rm $HOME" in texts["screen.ansi"]
    assert {file.stat().st_mode & 0o777 for file in made.folder.iterdir()} == {0o600}


def test_reports_that_nobody_has_taken_are_in_it(asking: TmuxServer, tmp_path: Path, private_home: Path) -> None:
    spool = private_home / "spool"
    spool.mkdir(parents=True, mode=0o700)
    private_home.chmod(0o700)
    payload = {"hook_event_name": "PermissionRequest", "tool_name": "Bash", "session_id": "x", "cwd": "/w"}
    for number, pane in enumerate(("%0", "%7")):
        head = f"quarterdeck-report 1 claude - {pane} /elsewhere,1,0"
        (spool / f"{number}.claude.report").write_text(f"{head}\n{json.dumps(payload)}")

    made = record(asking, tmp_path / "out")

    (report,) = made.reports(before=made.seen_at)
    assert report.event == "PermissionRequest"
    assert report.payload == payload


def test_a_program_that_is_no_agent_is_recorded_under_its_name(short_folder: Path, tmp_path: Path) -> None:
    with TmuxServer(short_folder / "s") as server:
        server.session("here", "sleep", "3600")

        made = record(server, tmp_path / "out")

    assert made.made_with == "sleep"


def test_the_words_for_what_is_true_are_those_that_tests_know() -> None:
    assert set(TRUTHS) - {"exited"} == set(TRUTH)


# ---- the list


def installed(folder: Path, version: str) -> dict[str, str]:
    """An environment in which Claude Code of a version is on PATH, and nothing else is."""
    package = folder / "claude-code"
    package.mkdir(parents=True)
    (package / "package.json").write_text(json.dumps({"name": "@anthropic-ai/claude-code", "version": version}))
    (package / "claude").write_text("#!/bin/sh\nexit 3\n")
    (package / "claude").chmod(0o755)
    return {"PATH": str(package)}


def test_the_list_tells_versions_and_rules(tmp_path: Path) -> None:
    env = installed(tmp_path, "99.1.0")

    found = {each["key"]: each for each in run_cli("agents", "--json", env=env).json()}
    doctor = {each["name"]: each for each in run_cli("doctor", "--json", env=env).json()}

    claude = found["claude"]
    assert list(found)[:2] == ["claude", "codex"]
    assert (claude["version"], claude["program"]) == ("99.1.0", f"{env['PATH']}/claude")
    assert "99.1.0" in claude["newer"]
    assert claude["rules"]["file"].endswith("rules/claude.toml")
    assert claude["states_from"] == {}
    assert (found["grok"]["program"], found["grok"]["rules"]) == (None, None)
    assert doctor["rules claude"]["status"] == "warn"
    assert "you run 99.1.0." in doctor["rules claude"]["cause"]


def test_people_see_a_table_and_what_is_older(tmp_path: Path, rules: Path) -> None:
    rules.write_text(WRONG.replace("lost", "last").replace("[[screen]]", 'versions = ["1.0"]\n[[screen]]'))

    done = run_cli("agents", env=installed(tmp_path, "1.2.0"))

    assert done.code == 0
    assert done.out.splitlines()[0].split("\t")[:2] == ["claude", "1.2.0"]
    assert "2099-01-01, your own" in done.out
    assert "Claude Code: rules made with 1.0, you run " in done.out


def test_the_list_needs_neither_tmux_nor_a_state(tmp_path: Path) -> None:
    done = run_cli("agents", env={"PATH": str(tmp_path), "TMUX_BIN": str(tmp_path / "none")})

    assert done.code == 0
    assert "claude\tnot found" in done.out


def test_what_runs_is_told_with_its_version(asking: TmuxServer) -> None:
    assert asking.alive()
    found = {each["key"]: each for each in run_cli("agents", "--json").json()}

    assert found["claude"]["running"]["2.1.300"] >= 1


async def test_what_states_came_from_is_kept_for_the_list(private_home: Path, short_folder: Path) -> None:
    async with services_on(short_folder / "s", private_home, persistent=True) as services:
        context = services.context
        history = DayHistory(store=context.store, clock=context.clock, server="s", is_writer=lambda: True)
        before = replace(session(1), tool="Claude Code")
        told = Evidence(cause="c", source=Source.HOOK, confidence=Confidence.HIGH, observed_at=wall_clock())
        busy = replace(before, state=SessionState.BUSY, state_evidence=told)
        history.note(SessionChanged(before=before, after=busy, at=wall_clock()))
        history.note(SessionChanged(before=busy, after=busy, at=wall_clock()))
        await history.load()
        await history.save()

    (claude,) = (each for each in run_cli("agents", "--json").json() if each["key"] == "claude")

    assert claude["states_from"] == {"hook": 1}
