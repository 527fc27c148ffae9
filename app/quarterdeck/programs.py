"""Programs we need beside Python: whether they are here, and how this system installs them."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.errors import TmuxMissing
from quarterdeck.roots import absolute

if TYPE_CHECKING:
    from collections.abc import Mapping

OS_RELEASE = Path("/etc/os-release")
TMUX_VARIABLE = "TMUX_BIN"
"""The environment variable that says which tmux is used."""

INSTALL = {
    **dict.fromkeys(("debian", "ubuntu"), "apt install"),
    **dict.fromkeys(("fedora", "rhel", "centos"), "dnf install"),
    **dict.fromkeys(("suse", "opensuse"), "zypper install"),
    "arch": "pacman -S",
    "alpine": "apk add",
}
"""Install command of each family of systems, by `ID` or `ID_LIKE` of os-release."""


def install_command(program: str, system: str, os_release: str) -> str:
    """The command that installs `program` on this system, or an empty text when it is not known."""
    if system == "Darwin":
        return f"brew install {program}"
    names = dict(re.findall(r'^(ID|ID_LIKE)="?([^"\n]*)"?$', os_release, re.MULTILINE))
    for family in (names.get("ID", ""), *names.get("ID_LIKE", "").split()):
        if family in INSTALL:
            return f"sudo {INSTALL[family]} {program}"
    return ""


PACKAGED = ("tmux", "git", "gh", "glab")
"""Programs that systems package under their own name."""


def install_hint(program: str) -> str:
    """One sentence on how to get `program` here."""
    if program not in PACKAGED:
        return f"Install {program}, or put its folder on PATH."
    release = OS_RELEASE.read_text(encoding="utf-8", errors="replace") if OS_RELEASE.exists() else ""
    command = install_command(program, os.uname().sysname, release)
    return f"Install it with `{command}`." if command else f"Install {program} with your system's package manager."


def chosen_tmux(environ: Mapping[str, str] = os.environ) -> str:
    """The tmux that the environment chooses, by a path that holds in any folder or a name on PATH; "" for none."""
    chosen = environ.get(TMUX_VARIABLE, "")
    return absolute(chosen) if os.sep in chosen else chosen


def tmux_program() -> str:
    """The tmux that is run: the chosen one, else the first on PATH."""
    return chosen_tmux() or "tmux"


def find_tmux() -> str | None:
    """Where the tmux that is run lies; None when it is not there."""
    return shutil.which(tmux_program())


def tmux_missing_error() -> TmuxMissing:
    """There is no tmux here: the error that says so, with the install command for this system."""
    if chosen := chosen_tmux():
        return TmuxMissing(
            f"There is no program {chosen}, which {TMUX_VARIABLE} names.", hint=f"Correct or unset {TMUX_VARIABLE}."
        )
    return TmuxMissing("tmux is not installed, and Quarterdeck cannot work without it.", hint=install_hint("tmux"))


def tmux_trouble() -> TmuxMissing | None:
    """Why there is no tmux to run; None when there is one."""
    return tmux_missing_error() if find_tmux() is None else None


def require_tmux() -> None:
    """Raise when there is no tmux to run."""
    if trouble := tmux_trouble():
        raise trouble
