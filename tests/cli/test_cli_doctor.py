"""`doctor`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from quarterdeck.errors import AgentError
from quarterdeck.operations.doctor import Check, Finding, Status, examine
from quarterdeck.paths import Places, find_places
from support.cli import run_cli


def findings(*args: str, env: dict[str, str] | None = None) -> tuple[int, dict[str, dict[str, str]]]:
    done = run_cli("doctor", "--json", *args, env=env)
    return done.code, {finding["name"]: finding for finding in done.json()}


@pytest.fixture
def no_programs(tmp_path: Path) -> dict[str, str]:
    """An environment in which no program can be found but Python itself."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python").symlink_to(sys.executable)
    return {"PATH": str(folder)}


def fake_program(folder: Path, name: str, says: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\necho '{says}'\n")
    file.chmod(0o755)


def test_where_all_is_well_it_says_so_and_exits_0() -> None:
    code, found = findings()

    assert code == 0
    assert {name: finding["status"] for name, finding in found.items() if " " not in name} == {
        "python": "ok",
        "tmux": "ok",
        "git": "ok",
        "settings": "ok",
    }
    assert found["tmux"]["cause"].startswith("tmux ")


def test_missing_programs_fail_each_with_its_cure(no_programs: dict[str, str]) -> None:
    code, found = findings(env=no_programs)

    assert code == 1
    for name in ("tmux", "git"):
        assert found[name]["status"] == "fail"
        assert "not installed" in found[name]["cause"]
        assert name in found[name]["cure"]
    assert found["python"]["status"] == "ok"


def test_a_tmux_that_is_too_old_fails(no_programs: dict[str, str]) -> None:
    fake_program(Path(no_programs["PATH"]), "tmux", "tmux 3.1c")

    code, found = findings(env=no_programs)

    assert code == 1
    assert found["tmux"]["cause"] == "tmux 3.1c is too old: Quarterdeck needs 3.2 or newer."


def test_wrong_settings_are_told_and_do_not_stop_the_rest(private_home: Path) -> None:
    private_home.mkdir(mode=0o700)
    (private_home / "config.toml").write_text("x = 1\n")

    code, found = findings()

    assert code == 1
    assert "config.toml:1: x: unknown key" in found["settings"]["cause"]
    assert found["tmux"]["status"] == "ok"


def test_an_open_folder_is_a_warning_with_the_command_that_closes_it(private_home: Path) -> None:
    private_home.mkdir()
    private_home.chmod(0o755)

    code, found = findings()

    finding = found[f"folder {private_home}"]
    assert code == 0
    assert finding["status"] == "warn"
    assert finding["cure"] == f"chmod 700 {private_home}"


def test_a_file_in_the_place_of_a_folder_fails(private_home: Path) -> None:
    private_home.mkdir(mode=0o700)
    (private_home / "spool").write_text("")

    code, found = findings()

    assert code == 1
    assert "no folder" in found[f"folder {private_home}/spool"]["cause"]


def test_it_makes_nothing_and_mends_nothing(private_home: Path) -> None:
    findings()

    assert not private_home.exists()


async def test_a_check_that_raises_is_a_failure_with_its_hint(tmp_path: Path) -> None:
    async def broken(_: Places) -> Finding:
        raise AgentError("No agent.", hint="Install one.")

    assert await examine(find_places(tmp_path), [Check("agents", broken)]) == [
        Finding("agents", Status.FAIL, "No agent.", "Install one.")
    ]
