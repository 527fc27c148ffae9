"""`shell-integration`: what it prints, and the folder it makes."""

from __future__ import annotations

import shutil
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from quarterdeck.paths import find_places
from support.cli import run_cli

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.process
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_it_prints_what_the_shell_understands_and_makes_a_folder_of_ours_alone(tmp_path: Path, shell: str) -> None:
    home = tmp_path / "it's here"
    told = run_cli("--home", str(home), "shell-integration", shell)

    folder = find_places(home).shells
    assert (told.code, told.err) == (0, "")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert "@" not in told.out.replace("[@]", "")
    if shutil.which(shell):
        subprocess.run([shell, "-n", "-c", told.out], check=True)


@pytest.mark.process
def test_no_other_shell_is_known() -> None:
    assert run_cli("shell-integration", "tcsh").code == 2
