"""Repository themes on disk."""

from __future__ import annotations

import json
import logging
import os
import stat
from typing import TYPE_CHECKING, Any

import pytest

from quarterdeck.core.repo_theme import colours_of, generate_theme
from quarterdeck.ports.clock import SystemClock
from quarterdeck.supervisor.repo_themes import FILE, LARGEST_COLOUR_FILE_BYTES, LOOKED_UP_FOR, RepoThemes, find_root

if TYPE_CHECKING:
    from pathlib import Path

    from quarterdeck.core.repo_theme import RepoTheme


class HeldClock(SystemClock):
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.at = 100.0

    def monotonic(self) -> float:
        return self.at


RED = {"palette": {"body": "#FF0000", "outline": "#AA0000", "accent": "#550000", "shirt": "#00FF00"}}
BLUE = {"palette": {"body": "#0000FF", "outline": "#0000AA", "accent": "#000055", "shirt": "#00FFFF"}}


def repo(tmp_path: Path, name: str = "repo", **markers: object) -> Path:
    """A folder with marker folders; a marker's value is the content of its colour file."""
    root = tmp_path / name
    for marker, content in markers.items():
        folder = root / f".{marker}"
        folder.mkdir(parents=True)
        if content is not None:
            text = content if isinstance(content, str) else json.dumps(content)
            (folder / FILE).write_text(text)
    root.mkdir(exist_ok=True)
    return root


def theme_of(folder: Path) -> RepoTheme | None:
    found = RepoThemes(clock=SystemClock()).resolve(str(folder))
    return found.theme if found else None


def written(root: Path, marker: str = "quarterdeck") -> Any:
    path = root / f".{marker}" / FILE
    return json.loads(path.read_text()) if path.exists() else None


def test_a_folder_below_belongs_to_the_repository(tmp_path: Path) -> None:
    root = repo(tmp_path, quarterdeck=RED)
    (root / "src" / "deep").mkdir(parents=True)
    (root / "src" / "file").touch()

    found = RepoThemes(clock=SystemClock()).resolve(str(root / "src" / "deep"))

    assert found is not None
    assert (found.theme_id, found.theme.body) == (str(root), "#FF0000")
    assert find_root(str(root / "src" / "file")) == root
    assert find_root(str(root / "src" / "gone")) == root


def test_the_nearest_marker_counts(tmp_path: Path) -> None:
    outer = repo(tmp_path, quarterdeck=RED)
    inner = repo(outer, "inner", swimmers=BLUE)

    assert find_root(str(inner)) == inner


@pytest.mark.parametrize("folder", ["", "relative/path", "host:/srv", "/no/such/place", "/\0"])
def test_without_a_marker_there_is_no_theme(folder: str) -> None:
    assert RepoThemes(clock=SystemClock()).resolve(folder) is None


def test_a_marker_must_be_a_folder(tmp_path: Path) -> None:
    root = repo(tmp_path)
    (root / ".quarterdeck").touch()

    assert find_root(str(root)) != root


@pytest.mark.parametrize(
    ("markers", "body"),
    [
        pytest.param({"quarterdeck": RED, "swimmers": BLUE}, "#FF0000", id="ours before another's"),
        pytest.param({"swimmers": BLUE, "throngterm": RED}, "#0000FF", id="the newer before the older"),
        pytest.param({"throngterm": RED}, "#FF0000", id="the older alone"),
        pytest.param({"quarterdeck": None, "swimmers": BLUE}, "#0000FF", id="ours without a file"),
        pytest.param({"quarterdeck": "{", "throngterm": RED}, "#FF0000", id="ours broken"),
    ],
)
def test_valid_colours_are_used_where_they_lie(tmp_path: Path, markers: dict[str, object], body: str) -> None:
    root = repo(tmp_path, "repo", **markers)
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}

    theme = theme_of(root)

    assert theme is not None
    assert theme.body == body
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="missing"),
        pytest.param("{", id="broken"),
        pytest.param("", id="empty"),
        pytest.param({"palette": {"body": "#FF0000"}}, id="partial"),
        pytest.param("[" * 30_000, id="nested too deep"),
        pytest.param(json.dumps(RED) + " " * LARGEST_COLOUR_FILE_BYTES, id="too large"),
    ],
)
def test_colours_are_made_and_written_where_our_folder_holds_none(tmp_path: Path, content: object) -> None:
    root = repo(tmp_path, quarterdeck=content)

    theme = theme_of(root)

    assert theme == generate_theme(str(root))
    made = written(root)
    assert made is not None
    assert set(made) == {"target", "generated_at", "palette", "motif"}
    assert made["target"] == "repo"
    assert made["palette"]["body"] == theme.body
    assert (made["palette"]["skin"], made["palette"]["tan"], made["palette"]["ink"]) == (
        "#F3D2B6",
        "#DCCAB6",
        "#171717",
    )
    assert theme_of(root) == theme
    assert [path.name for path in (root / ".quarterdeck").iterdir()] == [FILE]
    assert (root / ".quarterdeck" / FILE).read_text().endswith("}\n")


def test_nothing_is_written_where_our_folder_does_not_exist(tmp_path: Path) -> None:
    root = repo(tmp_path, swimmers="{")

    theme = theme_of(root)

    assert theme == generate_theme(str(root))
    assert (root / ".swimmers" / FILE).read_text() == "{"
    assert not (root / ".quarterdeck").exists()


def test_neighbours_differ_and_what_is_written_stays(tmp_path: Path) -> None:
    first, second = repo(tmp_path, "a", quarterdeck=None), repo(tmp_path, "b", quarterdeck=None)
    one, other = theme_of(first), theme_of(second)
    third = repo(tmp_path, "c", swimmers=RED)

    assert one is not None
    assert other is not None
    assert set(colours_of(one)).isdisjoint(colours_of(other))
    assert theme_of(third) is not None
    assert (theme_of(first), theme_of(second)) == (one, other)


def test_a_file_that_changed_is_read_again_and_one_that_did_not_is_not(tmp_path: Path) -> None:
    clock, root = HeldClock(), repo(tmp_path, quarterdeck=RED)
    themes = RepoThemes(clock=clock)
    first = themes.resolve(str(root))

    (root / ".quarterdeck" / FILE).write_text(json.dumps(BLUE))
    soon = themes.resolve(str(root))
    clock.at += LOOKED_UP_FOR
    later = themes.resolve(str(root))
    clock.at += LOOKED_UP_FOR
    same = themes.resolve(str(root))

    assert first is not None
    assert later is not None
    assert same is not None
    assert (first.theme.body, soon, later.theme.body) == ("#FF0000", first, "#0000FF")
    assert same.theme is later.theme


@pytest.mark.parametrize("target", ["file", "folder"])
def test_no_link_is_followed_out_of_the_repository(tmp_path: Path, target: str) -> None:
    outside = repo(tmp_path, "outside", quarterdeck=RED)
    root = repo(tmp_path, "repo")
    if target == "folder":
        (root / ".quarterdeck").symlink_to(outside / ".quarterdeck")
    else:
        (root / ".quarterdeck").mkdir()
        (root / ".quarterdeck" / FILE).symlink_to(outside / ".quarterdeck" / FILE)

    theme = theme_of(root)

    assert theme is not None
    assert theme.body != "#FF0000"
    assert written(outside) == RED
    assert (root / ".quarterdeck").is_symlink() or (root / ".quarterdeck" / FILE).is_symlink()


def test_what_is_no_file_is_neither_read_nor_replaced(tmp_path: Path) -> None:
    root = repo(tmp_path, quarterdeck=None)
    os.mkfifo(root / ".quarterdeck" / FILE)

    assert theme_of(root) == generate_theme(str(root))
    assert stat.S_ISFIFO((root / ".quarterdeck" / FILE).stat().st_mode)


def test_a_failed_write_is_only_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    root = repo(tmp_path, quarterdeck="{")
    monkeypatch.setattr(os, "replace", full)

    with caplog.at_level(logging.WARNING):
        theme = theme_of(root)

    assert theme == generate_theme(str(root))
    assert "No space left" in caplog.text
    assert [path.name for path in (root / ".quarterdeck").iterdir()] == [FILE]


async def test_many_folders_are_looked_up_at_once_and_off_the_loop(tmp_path: Path) -> None:
    root = repo(tmp_path, quarterdeck=RED)
    themes = RepoThemes(clock=SystemClock())

    found = await themes.look({str(root), "/no/such/place"})

    assert found is not None
    colours = {folder: each.theme.body if each else None for folder, each in found.items()}
    assert colours == {str(root): "#FF0000", "/no/such/place": None}
