"""Workers spawned from a console, with a set-up that takes its time."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.git_repo import Repository, make_repository
from support.tmux_server import until
from support.work_contexts import write_agent

if TYPE_CHECKING:
    from support.stage import Seat, Stage

CONFIG = """\
[defaults]
agent = "scripted"
[agents.scripted]
commands = ["qd-scripted"]
[projects.app]
path = "{path}"
session_prefix = "app"
tracker = {{ kind = "none" }}
env = {{ QD_NOTES = "{notes}" }}
post_create = ["echo setting up; while [ ! -e {notes}/go ]; do sleep 0.05; done"]
"""


@pytest.fixture
def repository(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A project whose new worktrees are ready only when a file `go` is there."""
    made = make_repository(stage.folder / "r")
    notes = stage.folder / "notes"
    notes.mkdir()
    home = Path(os.environ["QUARTERDECK_HOME"])
    home.mkdir(parents=True, exist_ok=True)
    (home / "config.toml").write_text(CONFIG.format(path=made.path, notes=notes))
    monkeypatch.setenv("PATH", f"{write_agent(stage.folder)}{os.pathsep}{os.environ['PATH']}")
    stage.shell("keep")
    return made


def begin_spawn(seat: Seat) -> None:
    """Spawn a worker for issue 7, and wait until its set-up runs."""
    seat.sees("keep")
    seat.press("s")
    seat.sees("app has no tracker")
    seat.press("Enter")
    seat.type("7")
    seat.sees("as typed")
    seat.press("C-s")
    seat.sees("spawning: setting up")


def worktrees() -> list[str]:
    return [path.name for path in Path(os.environ["QUARTERDECK_HOME"]).glob("projects/app/worktrees/*")]


def test_a_spawn_says_in_its_row_how_far_it_is_and_x_takes_it_back(stage: Stage, repository: Repository) -> None:
    seat = stage.console()
    begin_spawn(seat)
    assert worktrees() == ["app-1"]

    seat.press("x")
    seat.sees("Stop spawning", "taken back")
    seat.press("y")

    seat.sees("everything is taken back")
    seat.sees_no("app-1")
    assert worktrees() == []
    assert repository.git("branch", "--list", "feat/7") == ""
    assert sorted(stage.inner.sessions()) == ["console", "keep"]

    (stage.folder / "notes" / "go").touch()
    seat.press("s")
    seat.sees("app has no tracker")
    seat.press("Enter")
    seat.type("8")
    seat.sees("as typed")
    seat.press("C-s")
    until(lambda: "app-2" in stage.inner.sessions(), "the next worker came to life")


def test_a_spawn_cut_off_with_its_console_is_taken_back_by_the_next_which_says_so(
    stage: Stage, repository: Repository
) -> None:
    seat = stage.console()
    begin_spawn(seat)
    os.kill(stage.process_in("console"), signal.SIGKILL)
    until(lambda: stage.inner.sessions() == ["keep"], "the console was gone")

    again = stage.console()

    again.sees("Took back the interrupted spawn of app-1.")
    assert worktrees() == []
    assert repository.git("branch", "--list", "feat/7") == ""
