"""Where things are kept, and who may look."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.errors import QuarterdeckError, UsageError
from quarterdeck.paths import find_places, private_folder
from quarterdeck.roots import absolute


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_everything_is_under_the_home_that_the_environment_names(tmp_path: Path) -> None:
    places = find_places(environ={"QUARTERDECK_HOME": str(tmp_path)})

    assert places.home == tmp_path
    assert {
        path.relative_to(tmp_path).as_posix()
        for path in (places.config_file, places.state_file, places.spool, places.projects, places.log_file)
    } == {"config.toml", "state.db", "spool", "projects", "quarterdeck.log"}


def test_the_flag_wins_over_the_environment(tmp_path: Path) -> None:
    assert find_places(tmp_path, {"QUARTERDECK_HOME": "/elsewhere"}).home == tmp_path


def test_an_empty_flag_is_refused_and_an_empty_variable_means_nothing() -> None:
    with pytest.raises(UsageError):
        find_places("")
    assert find_places(environ={"QUARTERDECK_HOME": ""}).home is None


def test_without_a_home_the_system_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONFIG", "STATE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))

    places = find_places(environ={})

    assert places.home is None
    assert places.config_file == tmp_path / "config/quarterdeck/config.toml"
    assert places.state_file == tmp_path / "state/quarterdeck/state.db"
    assert places.projects == tmp_path / "data/quarterdeck/projects"
    assert places.log_file.name == "quarterdeck.log"


def test_a_relative_home_becomes_a_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert find_places("here").home == tmp_path / "here"


@given(st.sampled_from(["", "/", "~/", "./"]), st.lists(st.sampled_from(["a", "..", ".", "", " "]), max_size=6))
def test_a_whole_path_is_the_one_that_pathlib_makes(start: str, parts: list[str]) -> None:
    path = start + "/".join(parts)

    assert absolute(path) == "/" + str(Path(path).expanduser().absolute()).lstrip("/")


def test_the_home_of_somebody_unknown_is_refused() -> None:
    with pytest.raises(UsageError, match="~nobody-of-that-name/deck"):
        find_places("~nobody-of-that-name/deck")


def test_folders_are_made_for_the_operator_alone(tmp_path: Path) -> None:
    made = private_folder(tmp_path / "deep" / "down" / "below")

    assert {mode(folder) for folder in (made, made.parent, made.parent.parent)} == {0o700}


def test_an_open_folder_is_closed(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir(mode=0o755)

    private_folder(folder)

    assert mode(folder) == 0o700


def test_a_folder_that_others_share_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)

    with pytest.raises(QuarterdeckError, match="not for Quarterdeck alone"):
        private_folder(shared)

    assert mode(shared) == 0o1777


def test_the_users_whole_home_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o755)
    monkeypatch.setenv("HOME", str(tmp_path))

    with pytest.raises(QuarterdeckError, match="not for Quarterdeck alone"):
        private_folder(tmp_path)

    assert mode(tmp_path) == 0o755


def test_a_file_in_the_place_of_a_folder_is_an_error_that_names_it(tmp_path: Path) -> None:
    blocked = tmp_path / "spool"
    blocked.write_text("")

    with pytest.raises(QuarterdeckError, match=str(blocked)):
        private_folder(blocked)


def test_a_folder_that_is_gone_from_under_us_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()

    with pytest.raises(UsageError, match="is gone"):
        absolute("here")
