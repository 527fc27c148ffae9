"""Programs we need beside Python: whether they are here, and how this system installs them."""

from __future__ import annotations

import os
import re
from pathlib import Path

from quarterdeck.errors import TmuxMissing

OLDEST_TMUX = (3, 2)
OS_RELEASE = Path("/etc/os-release")

INSTALL = {
    "debian": "apt install",
    "ubuntu": "apt install",
    "fedora": "dnf install",
    "rhel": "dnf install",
    "centos": "dnf install",
    "arch": "pacman -S",
    "alpine": "apk add",
    "suse": "zypper install",
    "opensuse": "zypper install",
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


def tmux_missing_error() -> TmuxMissing:
    """There is no tmux here: the error that says so, with the install command for this system."""
    return TmuxMissing("tmux is not installed, and Quarterdeck cannot work without it.", hint=install_hint("tmux"))


def tmux_too_old_error(version: str) -> TmuxMissing:
    """The tmux here is older than we can use."""
    oldest = ".".join(map(str, OLDEST_TMUX))
    return TmuxMissing(f"tmux {version} is too old: Quarterdeck needs {oldest} or newer.", hint=install_hint("tmux"))


def tmux_version(answer: str) -> tuple[int, int] | None:
    """The version in what `tmux -V` says: `tmux 3.3a`, `tmux next-3.6`, `tmux openbsd-7.4`.

    None when there is no number to compare; such builds come from tmux's newest sources.
    """
    found = re.search(r"^tmux (?:next-)?(\d+)\.(\d+)", answer)
    return (int(found[1]), int(found[2])) if found else None


def is_usable_tmux(answer: str) -> bool:
    """Whether the tmux that gave this answer to `-V` is new enough."""
    version = tmux_version(answer)
    return version is None or version >= OLDEST_TMUX
