"""Programs beside Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from quarterdeck.programs import (
    TMUX_VARIABLE,
    chosen_tmux,
    find_tmux,
    install_command,
    tmux_missing_error,
    tmux_program,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("system", "release", "expected"),
    [
        ("Linux", "ID=debian\n", "sudo apt install tmux"),
        ("Linux", 'ID=linuxmint\nID_LIKE="ubuntu debian"\n', "sudo apt install tmux"),
        ("Linux", 'NAME="Fedora Linux"\nID=fedora\n', "sudo dnf install tmux"),
        ("Linux", 'ID="rocky"\nID_LIKE="rhel centos fedora"\n', "sudo dnf install tmux"),
        ("Linux", "ID=arch\n", "sudo pacman -S tmux"),
        ("Linux", "ID=alpine\n", "sudo apk add tmux"),
        ("Darwin", "", "brew install tmux"),
        ("Linux", "ID=plan9\n", ""),
        ("Linux", "", ""),
    ],
)
def test_each_system_has_its_install_command(system: str, release: str, expected: str) -> None:
    assert install_command("tmux", system, release) == expected


def test_a_missing_tmux_exits_4_and_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TMUX_VARIABLE, raising=False)
    error = tmux_missing_error()

    assert error.exit_code == 4
    assert "nstall" in error.hint


def test_the_environment_chooses_the_tmux_that_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "tmux-of-ours"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "bin", prepend=":")
    monkeypatch.setenv("HOME", str(tmp_path))

    for chosen in (str(program), "./bin/tmux-of-ours", "~/bin/tmux-of-ours"):
        monkeypatch.setenv(TMUX_VARIABLE, chosen)
        assert (tmux_program(), find_tmux()) == (str(program), str(program))
    monkeypatch.setenv(TMUX_VARIABLE, "tmux-of-ours")
    assert (tmux_program(), find_tmux()) == ("tmux-of-ours", "bin/tmux-of-ours")
    for none in ("", None):
        monkeypatch.setenv(TMUX_VARIABLE, none) if none is not None else monkeypatch.delenv(TMUX_VARIABLE)
        assert (tmux_program(), chosen_tmux()) == ("tmux", "")


def test_a_chosen_tmux_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = str(tmp_path / "tmux")
    monkeypatch.setenv(TMUX_VARIABLE, missing)

    error = tmux_missing_error()

    assert find_tmux() is None
    assert error.exit_code == 4
    assert missing in error.message
    assert TMUX_VARIABLE in error.hint
