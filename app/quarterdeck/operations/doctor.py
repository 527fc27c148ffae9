"""Look whether everything Quarterdeck stands on is there and right; the checks are a table of functions."""

from __future__ import annotations

import asyncio
import os
import platform
import shlex
import shutil
import stat
import sys
from typing import TYPE_CHECKING

from quarterdeck.config.loader import load
from quarterdeck.config.references import is_repository
from quarterdeck.core import tmux_versions
from quarterdeck.core.text import listed
from quarterdeck.core.times import rough
from quarterdeck.errors import ProgramMissing, QuarterdeckError
from quarterdeck.operations.hook_install import wanted_agents
from quarterdeck.operations.hook_reports import reporting, unheard
from quarterdeck.paths import FILE_MODE, FOLDER_MODE
from quarterdeck.ports.agent import HookStatus
from quarterdeck.ports.clock import wall_clock
from quarterdeck.ports.doctor_check import Check, CheckStatus, Finding
from quarterdeck.process import run
from quarterdeck.programs import find_tmux, install_hint, tmux_missing_error, tmux_program, tmux_too_old_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from quarterdeck.config.settings import Settings
    from quarterdeck.operations.hook_reports import Reporting
    from quarterdeck.paths import Places
    from quarterdeck.ports.agent import Agents

OLDEST_PYTHON = (3, 11)
PROGRAM_SECONDS = 5.0
VERSION_SECONDS = 2.0
"""What tmux gets to say its version, and other words than that are not read to their end."""
VERSION_BYTES = 1000


async def examine(places: Places, checks: Sequence[Check]) -> list[Finding]:
    """All findings, in the order of the checks."""
    found = await asyncio.gather(*(_one(check, places) for check in checks))
    return [finding for findings in found for finding in findings]


async def _one(check: Check, places: Places) -> Sequence[Finding]:
    try:
        found = await check.look(places)
    except QuarterdeckError as error:
        return (Finding(check.name, CheckStatus.FAIL, error.message, error.hint),)
    return (found,) if isinstance(found, Finding) else found


async def python(_: Places) -> Finding:
    """The Python that runs us."""
    version = platform.python_version()
    if sys.version_info < OLDEST_PYTHON:
        return Finding("python", CheckStatus.FAIL, f"Python {version} is too old.", "Install Python 3.11 or newer.")
    return Finding("python", CheckStatus.OK, f"Python {version}.")


async def tmux(_: Places) -> Finding:
    """Whether tmux is there and new enough, and what is known of its version."""
    try:
        said = await run((tmux_program(), "-V"), timeout=VERSION_SECONDS, limit_bytes=VERSION_BYTES)
    except ProgramMissing:
        raise tmux_missing_error() from None
    answer = said.out.strip()
    if not answer.startswith("tmux "):
        return Finding("tmux", CheckStatus.FAIL, f"{find_tmux()} is not tmux.", install_hint("tmux"))
    if not tmux_versions.is_usable_tmux(answer):
        raise tmux_too_old_error(answer.removeprefix("tmux "), tmux_versions.OLDEST)
    return Finding("tmux", CheckStatus.OK, tmux_versions.verdict(answer))


async def git(_: Places) -> Finding:
    """Whether git is there; without it only spawning in worktrees is impossible."""
    try:
        answer = (await run(("git", "--version"), timeout=PROGRAM_SECONDS)).out.strip()
    except ProgramMissing:
        return Finding(
            "git",
            CheckStatus.FAIL,
            "git is not installed, so nothing can be spawned in a worktree.",
            install_hint("git"),
        )
    return Finding("git", CheckStatus.OK, f"{answer}.")


async def settings(places: Places) -> Finding:
    """Whether the settings are right."""
    loaded = load(places.config_file)
    has_file = loaded.file.exists()
    return Finding(
        "settings",
        CheckStatus.OK,
        f"{loaded.file} is valid." if has_file else "There is no settings file, so the defaults apply.",
    )


async def folders(places: Places) -> Sequence[Finding]:
    """Whether our folders can be used, and are closed to others: each that is not as it should be, and all the rest."""
    there = [folder for folder in places.folders if folder.exists()]
    found = [*map(_folder, there), *_unmade(places), *(_file(file) for file in places.files if file.exists())]
    wrong = [finding for finding in found if finding.status is not CheckStatus.OK]
    well = len(found) - len(wrong)
    missing = 0 if any(finding.status is CheckStatus.FAIL for finding in wrong) else len(places.folders) - len(there)
    said = [f"{well} folders and files of Quarterdeck are readable by you alone."] if well else []
    said += [f"{missing} more will be made when needed."] if missing else []
    return [*wrong, Finding("folders", CheckStatus.OK, " ".join(said))] if said else wrong


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))


def _folder(folder: Path) -> Finding:
    name = f"folder {folder}"
    if not folder.is_dir():
        return Finding(
            name,
            CheckStatus.FAIL,
            "There is something else in its place, and not a folder.",
            f"Move {_quoted(folder)} elsewhere.",
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        return Finding(name, CheckStatus.FAIL, "It cannot be written to.", f'sudo chown "$USER" {_quoted(folder)}')
    return _mode(name, folder, FOLDER_MODE)


def _unmade(places: Places) -> Iterator[Finding]:
    """What keeps folders that are not there yet from being made; those of ours that are there speak for themselves."""
    lacking = {next(up for up in folder.parents if up.exists()) for folder in places.folders if not folder.exists()}
    for above in sorted(lacking.difference(places.folders)):
        if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
            why = "it cannot be written to" if above.is_dir() else "it is not a folder"
            yield Finding(
                f"folder {above}",
                CheckStatus.FAIL,
                f"Our folders cannot be made there: {why}.",
                "Choose another folder with --home.",
            )


def _file(file: Path) -> Finding:
    return _mode(f"file {file}", file, FILE_MODE)


def _mode(name: str, path: Path, wanted: int) -> Finding:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & ~wanted:
        return Finding(
            name, CheckStatus.WARN, f"Others can read it (mode {mode:04o}).", f"chmod {wanted:o} {_quoted(path)}"
        )
    return Finding(name, CheckStatus.OK, f"Only you can read it (mode {mode:04o}).")


CHECKS: tuple[Check, ...] = (
    Check("python", python),
    Check("tmux", tmux),
    Check("git", git),
    Check("settings", settings),
    Check("folders", folders),
)
"""What is checked with no adapter at hand; whoever composes the program adds theirs."""


def agents_check(agents: Agents) -> Sequence[Finding]:
    """Which coding agents are on this machine."""
    known = agents.all()
    found = [
        Finding(f"agent {agent.spec.key}", CheckStatus.OK, f"{agent.spec.name} is {path}.")
        for agent in known
        if (path := next(filter(None, map(shutil.which, agent.spec.commands)), None))
    ]
    if found:
        return found
    names = ", ".join(agent.spec.name for agent in known[:4])
    hint = next((agent.spec.install for agent in known if agent.spec.install), "")
    return (Finding("agents", CheckStatus.WARN, f"No coding agent is on PATH: neither {names} nor another.", hint),)


def hooks_check(
    agents: Agents,
    places: Places,
    heard: Callable[[Path], Mapping[str, datetime]],
    at_work: Callable[[Path], Mapping[str, datetime]],
) -> Sequence[Finding]:
    """Whether the agents that are here report to us; `heard` and `at_work` read what is kept of them."""
    found: list[Finding] = []
    silent: list[Reporting] = []
    here = [agent.spec.key for agent in wanted_agents(agents, ())]
    reports = reporting(agents, places, heard(places.state_file), here) if here else []
    unheard_of = unheard(agents, reports, at_work(places.state_file))
    now = wall_clock()
    for each in reports:
        name = f"hooks {each.agent}"
        cure = f"quarterdeck hooks install {each.agent}"
        if each.agent in unheard_of:
            cause = f"{each.name} has worked since its hooks were installed, but none of them has reported."
            cure = f"Start {each.name} again, and let it run its hooks if it asks."
            found.append(Finding(name, CheckStatus.WARN, cause, cure))
        elif each.status is HookStatus.INSTALLED:
            said = f"{each.name} reports what it does; heard {rough(each.heard_at, now)}."
            if each.heard_at is None:
                said = f"The hooks of {each.name} are in place; nothing was heard yet."
            found.append(Finding(name, CheckStatus.OK, said))
        elif each.status is HookStatus.OUTDATED:
            found.append(
                Finding(
                    name,
                    CheckStatus.WARN,
                    f"The hooks of {each.name} belong to another version of Quarterdeck, or report to another folder.",
                    cure,
                )
            )
        else:
            silent.append(each)
    if len(silent) > 1:
        names = listed([each.name for each in silent])
        cause = f"{names} do not report by themselves; their state is read from their screens and files."
        found.append(Finding("hooks", CheckStatus.WARN, cause, "quarterdeck hooks install"))
    for each in silent if len(silent) == 1 else ():
        cause = f"{each.name} does not report by itself; its state is read from its screen and files."
        found.append(Finding(f"hooks {each.agent}", CheckStatus.WARN, cause, f"quarterdeck hooks install {each.agent}"))
    return found


def projects_check(settings: Settings) -> Sequence[Finding]:
    """Whether each project's repository is there, with what its tracker needs."""
    found = []
    for name, project in settings.projects.items():
        label = f"project {name}"
        if not is_repository(project.path):
            cause = f"{project.path} is not a git repository."
            found.append(Finding(label, CheckStatus.FAIL, cause, "quarterdeck config edit"))
            continue
        program = {"github": "gh", "gitlab": "glab"}.get(project.tracker.kind)
        if program is not None and shutil.which(program) is None:
            cause = f"Its issues need {program}, which is not installed."
            found.append(
                Finding(label, CheckStatus.WARN, cause, f"Install {program}, or set projects.{name}.tracker.kind.")
            )
            continue
        found.append(Finding(label, CheckStatus.OK, f"{project.path} is there."))
    return found
