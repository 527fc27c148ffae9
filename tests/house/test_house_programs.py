"""Programs beside Python."""

from __future__ import annotations

import pytest

from quarterdeck.programs import install_command, is_usable_tmux, tmux_missing_error, tmux_version


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


@pytest.mark.parametrize(
    ("answer", "version", "usable"),
    [
        ("tmux 3.3a", (3, 3), True),
        ("tmux 3.2", (3, 2), True),
        ("tmux 3.1c", (3, 1), False),
        ("tmux 2.9", (2, 9), False),
        ("tmux 3.10", (3, 10), True),
        ("tmux next-3.6", (3, 6), True),
        ("tmux master", None, True),
    ],
)
def test_tmux_is_judged_by_what_it_says_of_itself(answer: str, version: tuple[int, int] | None, usable: bool) -> None:
    assert tmux_version(answer) == version
    assert is_usable_tmux(answer) is usable


def test_a_missing_tmux_exits_4_and_says_how_to_get_it() -> None:
    error = tmux_missing_error()

    assert error.exit_code == 4
    assert "nstall" in error.hint
