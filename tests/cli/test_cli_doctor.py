"""`doctor`."""

from __future__ import annotations

import os
import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.pane import Client, PaneId, TmuxSessionId
from quarterdeck.errors import AgentError
from quarterdeck.operations.doctor import examine
from quarterdeck.paths import Places, find_places
from quarterdeck.ports.clock import wall_clock
from quarterdeck.ports.doctor_check import Check, CheckStatus, Finding
from quarterdeck.tmux.server_check import advise
from quarterdeck.values import replace
from support.cli import run_cli, run_cli_in_terminal
from support.store import open_store, session
from support.tmux_server import TmuxServer
from support.tmux_terminal import Terminals

if TYPE_CHECKING:
    from collections.abc import Iterator


def findings(*args: str, env: dict[str, str] | None = None) -> tuple[int, dict[str, dict[str, str]]]:
    done = run_cli("doctor", "--json", *args, env=env)
    return done.code, {finding["name"]: finding for finding in done.json()}


@pytest.fixture
def no_programs(tmp_path: Path) -> dict[str, str]:
    """An environment in which no program can be found but Python itself."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python").symlink_to(sys.executable)
    return {"PATH": str(folder), "TMUX_BIN": ""}


def fake_program(folder: Path, name: str, says: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\necho '{says}'\n")
    file.chmod(0o755)


@pytest.mark.process
def test_where_all_is_well_it_says_so_and_exits_0() -> None:
    code, found = findings()

    assert code == 0
    assert {name: found[name]["status"] for name in ("python", "tmux", "git", "settings", "state", "engine")} == (
        dict.fromkeys(("python", "tmux", "git", "settings", "state", "engine"), "ok")
    )
    assert found["tmux"]["cause"].startswith("tmux ")
    assert "tried" in found["tmux"]["cause"]


@pytest.mark.process
def test_missing_programs_fail_each_with_its_cure(no_programs: dict[str, str]) -> None:
    code, found = findings(env=no_programs)

    assert code == 1
    for name in ("tmux", "git"):
        assert found[name]["status"] == "fail"
        assert "not installed" in found[name]["cause"]
        assert name in found[name]["cure"]
    assert found["python"]["status"] == "ok"


@pytest.mark.process
def test_a_tmux_that_is_too_old_fails(no_programs: dict[str, str]) -> None:
    fake_program(Path(no_programs["PATH"]), "tmux", "tmux 3.1c")

    code, found = findings(env=no_programs)

    assert code == 1
    assert found["tmux"]["cause"] == "tmux 3.1c is too old: Quarterdeck needs 3.2 or newer."


@pytest.mark.process
def test_wrong_settings_are_told_and_do_not_stop_the_rest(private_home: Path) -> None:
    private_home.mkdir(mode=0o700)
    (private_home / "config.toml").write_text("x = 1\n")

    code, found = findings()

    assert code == 1
    assert "config.toml:1: x: unknown key" in found["settings"]["cause"]
    assert found["tmux"]["status"] == "ok"


@pytest.mark.process
def test_an_open_folder_is_a_warning_with_the_command_that_closes_it(private_home: Path) -> None:
    private_home.mkdir()
    private_home.chmod(0o755)

    code, found = findings()

    finding = found[f"folder {private_home}"]
    assert code == 0
    assert finding["status"] == "warn"
    assert finding["cure"] == f"chmod 700 {private_home}"


@pytest.mark.process
def test_folders_that_are_as_they_should_be_take_one_line() -> None:
    _, found = findings()

    assert [name for name in found if name.startswith("folder")] == ["folders"]
    assert "made when needed" in found["folders"]["cause"]


@pytest.mark.process
def test_a_file_in_the_place_of_a_folder_fails(private_home: Path) -> None:
    private_home.mkdir(mode=0o700)
    (private_home / "spool").write_text("")

    code, found = findings()

    assert code == 1
    assert "not a folder" in found[f"folder {private_home}/spool"]["cause"]


@pytest.mark.process
def test_folders_that_cannot_be_made_fail(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    code, found = findings("--home", str(tmp_path / "file" / "home"))

    assert code == 1
    assert found[f"folder {tmp_path / 'file'}"]["cause"] == "Our folders cannot be made there: it is not a folder."
    assert "folders" not in found


@pytest.mark.process
def test_it_makes_nothing_and_mends_nothing(private_home: Path) -> None:
    findings()

    assert not private_home.exists()


async def test_a_check_that_raises_is_a_failure_with_its_hint(tmp_path: Path) -> None:
    async def broken(_: Places) -> Finding:
        raise AgentError("No agent.", hint="Install one.")

    assert await examine(find_places(tmp_path), [Check("agents", broken)]) == [
        Finding("agents", CheckStatus.FAIL, "No agent.", "Install one.")
    ]


@pytest.fixture
def server(tmux_socket: Path) -> Iterator[TmuxServer]:
    with TmuxServer(tmux_socket) as server:
        server.session("work")
        server.run("unbind-key", "g")
        yield server


def test_options_of_tmux_are_told_with_what_follows_and_the_command_that_changes_them(server: TmuxServer) -> None:
    # Else it is 500 up to tmux 3.4, and 10 since.
    server.run("set", "-s", "escape-time", "500")
    _, before = findings("-S", server.socket)
    for name, cure in (
        ("escape-time", "tmux set -s escape-time 10"),
        ("focus-events", "tmux set -g focus-events on"),
        ("detach-on-destroy", "tmux set -g detach-on-destroy off"),
    ):
        assert (before[name]["status"], before[name]["cure"]) == ("warn", cure)
        server.run(*cure.split()[1:])
    server.run("set", "-g", "allow-passthrough", "all", check=False)
    run_cli("-S", server.socket, "bind", "g")

    code, after = findings("-S", server.socket)

    assert code == 0
    assert [after[name]["status"] for name in ("escape-time", "focus-events", "detach-on-destroy")] == ["ok"] * 3
    assert after["key"]["cause"] == "C-b g opens the console."
    assert before["key"]["cure"] == "quarterdeck bind"


def test_what_terminals_get_is_told(server: TmuxServer, short_folder: Path) -> None:
    with Terminals(short_folder / "outer", server) as terminals:
        terminals.attach("=work:")

        _, found = findings("-S", server.socket)

        assert found["true colour"]["status"] == "ok"
        assert found["UTF-8"]["status"] == "ok"


@pytest.mark.process
def test_advice_is_given_only_where_there_is_something_to_say() -> None:
    fine = {"escape-time": "0", "focus-events": "on", "detach-on-destroy": "no-detached"}
    without = Client(name="/dev/pts/1", tmux_id=TmuxSessionId("$1"), pane_id=PaneId("%1"))

    assert all(advice.status is CheckStatus.OK for advice in advise(fine, {}, []))
    assert advise({}, {}, []) == []
    assert [advice.status for advice in advise({}, {"/dev/pts/1": "RGB,title"}, [without])] == ["ok", "warn"]
    assert advise({"allow-passthrough": "all"}, {}, [])[0].status is CheckStatus.WARN


def test_a_server_that_does_not_answer_fails(server: TmuxServer) -> None:
    server.stop()
    try:
        code, found = findings("-S", server.socket)
    finally:
        server.cont()

    assert code == 1
    assert found["server"]["status"] == "fail"


@pytest.fixture
def with_claude(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("CLAUDE_CONFIG_DIR", raising=False)
    fake_program(tmp_path, "claude", "")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")


@pytest.mark.usefixtures("with_claude")
@pytest.mark.process
def test_agents_and_their_hooks_are_told(private_home: Path) -> None:
    _, before = findings()
    run_cli("hooks", "install", "--yes")
    _, after = findings()
    (private_home / "spool" / "claude.sh").unlink()
    _, lost = findings()

    assert "Claude Code is /" in before["agent claude"]["cause"]
    assert before["hooks claude"]["cure"] == "quarterdeck hooks install claude"
    assert [each["hooks claude"]["status"] for each in (before, after, lost)] == ["warn", "ok", "warn"]
    assert "nothing was heard yet" in after["hooks claude"]["cause"]


@pytest.mark.usefixtures("with_claude")
@pytest.mark.process
async def test_hooks_of_an_agent_that_worked_and_was_not_heard_are_doubted(private_home: Path, tmp_path: Path) -> None:
    run_cli("hooks", "install", "--yes")
    settings = tmp_path / ".claude" / "settings.json"
    now = wall_clock().replace(microsecond=0)
    installed = now - timedelta(hours=1)
    os.utime(settings, (installed.timestamp(), installed.timestamp()))
    said = {}
    async with open_store(private_home / "state.db") as store:
        for what, active, heard in (
            ("worked before", installed - timedelta(hours=1), None),
            ("worked since", now, None),
            ("heard before", now, installed - timedelta(hours=2)),
            ("heard since", now, now - timedelta(minutes=3)),
        ):
            await store.checkpoint([replace(session(1), tool="Claude Code", last_activity_at=active)])
            if heard:
                await store.note_heard({"claude": heard})
            await store.flush()
            _, found = findings()
            said[what] = found["hooks claude"]

    assert {what: found["status"] for what, found in said.items()} == {
        "worked before": "ok",
        "worked since": "warn",
        "heard before": "warn",
        "heard since": "ok",
    }
    assert "none of them has reported" in said["worked since"]["cause"]
    assert "Start Claude Code again" in said["worked since"]["cure"]
    assert re.search(r"heard [3-9] min ago", said["heard since"]["cause"])


@pytest.mark.parametrize(
    ("settings", "name", "status", "cause"),
    [
        ('[thoughts]\nbackend = "command"\ncommand = ["no-such", "-p"]', "engine", "fail", "no-such"),
        ('[thoughts]\nbackend = "command"\ncommand = ["sh", "-c", "x"]', "engine", "ok", "`sh -c x`"),
        ('[thoughts]\nbackend = "openai"', "engine", "warn", "without a key"),
        ('[thoughts]\nbackend = "openai"\nkey = "k"', "engine", "ok", "words from panes go there"),
        ("[thoughts]\nenabled = false", "engine", "ok", "off"),
        ('[projects.web]\npath = "/no/such"', "project web", "fail", "not a git repository"),
    ],
)
@pytest.mark.process
def test_the_engine_and_projects_are_checked_without_asking_anybody(
    private_home: Path, settings: str, name: str, status: str, cause: str
) -> None:
    private_home.mkdir(mode=0o700)
    (private_home / "config.toml").write_text(settings + "\n")

    code, found = findings()

    assert found[name]["status"] == status
    assert cause in found[name]["cause"]
    assert code == (1 if status == "fail" else 0)


@pytest.mark.process
def test_a_state_that_cannot_be_read_fails(private_home: Path) -> None:
    private_home.mkdir(mode=0o700)
    (private_home / "state.db").write_text("no database" * 100)

    code, found = findings()

    assert code == 1
    assert "cannot be read" in found["state"]["cause"]


@pytest.mark.process
def test_on_a_terminal_each_cure_stands_below_its_cause(private_home: Path) -> None:
    private_home.mkdir()
    private_home.chmod(0o755)

    shown = run_cli_in_terminal("doctor", env={"TERM": "xterm-256color"})
    plain = run_cli_in_terminal("doctor", env={"NO_COLOR": "1"})

    assert "\x1b[32m✓ \x1b[0mpython" in shown
    assert "could be better." in shown
    assert f"→ chmod 700 {private_home}" in plain.replace("\n", " ")
    assert "\x1b" not in plain
