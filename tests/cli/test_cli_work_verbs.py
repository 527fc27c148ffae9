"""Spawning as a script does it: what it reads, and what tells it that it asked wrongly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.cli import run_cli
from support.git_repo import make_repository
from support.tmux_server import TmuxServer

if TYPE_CHECKING:
    from pathlib import Path

    from support.cli import Done

pytestmark = pytest.mark.process


def test_with_json_a_spawn_that_fails_late_leaves_one_object_on_stderr(short_folder: Path) -> None:
    repository = make_repository(short_folder / "r")
    program = short_folder / "bin" / "claude"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexec cat\n")
    program.chmod(0o755)
    home = short_folder / "h"
    home.mkdir(mode=0o700)
    (home / "config.toml").write_text(f'[projects.app]\npath = "{repository.path}"\npost_create = ["exit 7"]\n')

    def qd(*words: str) -> Done:
        path = f"{program.parent}:/usr/local/bin:/usr/bin:/bin"
        return run_cli("-S", str(short_folder / "s"), "--home", str(home), *words, env={"PATH": path})

    with TmuxServer(short_folder / "s"):
        late, quiet = qd("spawn", "app"), qd("spawn", "app", "--json")
        unknown = qd("spawn", "app", "--agent", "nobody", "--json")

    assert "making the worktree" in late.err
    assert (quiet.code, "7" in quiet.error()["message"]) == (1, True)
    assert (unknown.code, unknown.error()["code"]) == (2, "usage")


def test_a_folder_of_a_user_who_is_not_known_is_wrong_usage(short_folder: Path) -> None:
    done = run_cli("-S", str(short_folder / "s"), "new", "--cwd", "~nobody-has-this-name/x")

    assert done.code == 2
    assert "not known here" in done.err
