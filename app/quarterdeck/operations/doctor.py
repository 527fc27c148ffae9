"""Most checks of `doctor`, tmux's version among them; `runtime/setup_checks` lists these and those of adapters."""

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
from quarterdeck.core import tmux_versions
from quarterdeck.core.text import listed
from quarterdeck.core.times import rough
from quarterdeck.errors import ProgramMissing, QuarterdeckError
from quarterdeck.operations.agent_hooks import reporting, unheard, wanted_agents
from quarterdeck.paths import FILE_MODE, FOLDER_MODE
from quarterdeck.ports.agent import HookStatus
from quarterdeck.ports.clock import wall_clock
from quarterdeck.ports.doctor_check import Check, CheckStatus, Finding
from quarterdeck.process import run
from quarterdeck.programs import find_tmux, install_hint, tmux_missing_error, tmux_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from quarterdeck.config.settings import Settings
    from quarterdeck.operations.agent_hooks import Reporting
    from quarterdeck.paths import Places
    from quarterdeck.ports.agent import Agents

OK, WARN, FAIL = CheckStatus.OK, CheckStatus.WARN, CheckStatus.FAIL
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
        return (Finding(check.name, FAIL, error.message, error.hint),)
    return (found,) if isinstance(found, Finding) else found


async def python(_: Places) -> Finding:
    """The Python that runs us."""
    version = platform.python_version()
    if sys.version_info < OLDEST_PYTHON:
        return Finding("python", FAIL, f"Python {version} is too old.", "Install Python 3.11 or newer.")
    return Finding("python", OK, f"Python {version}.")


async def tmux(_: Places) -> Finding:
    """Whether tmux is there and new enough, and what is known of its version."""
    try:
        said = await run((tmux_program(), "-V"), timeout=VERSION_SECONDS, limit_bytes=VERSION_BYTES)
    except ProgramMissing:
        raise tmux_missing_error() from None
    answer = said.out.strip()
    if not answer.startswith("tmux "):
        return Finding("tmux", FAIL, f"{find_tmux()} is not tmux.", install_hint("tmux"))
    if not tmux_versions.is_usable_tmux(answer):
        cause = f"{answer} is too old: Quarterdeck needs {tmux_versions.OLDEST} or newer."
        return Finding("tmux", FAIL, cause, install_hint("tmux"))
    return Finding("tmux", OK, tmux_versions.verdict(answer))


async def git(_: Places) -> Finding:
    """Whether git is there; without it only spawning in worktrees is impossible."""
    try:
        answer = (await run(("git", "--version"), timeout=PROGRAM_SECONDS)).out.strip()
    except ProgramMissing:
        cause = "git is not installed, so nothing can be spawned in a worktree."
        return Finding("git", FAIL, cause, install_hint("git"))
    return Finding("git", OK, f"{answer}.")


async def settings(places: Places) -> Finding:
    """Whether the settings are right."""
    file = load(places.config_file).file
    said = f"{file} is valid." if file.exists() else "There is no settings file, so the defaults apply."
    return Finding("settings", OK, said)


async def folders(places: Places) -> Sequence[Finding]:
    """Whether our folders can be used, and are closed to others: each that is not as it should be, and all the rest."""
    there = [folder for folder in places.folders if folder.exists()]
    found = [
        *map(_folder, there),
        *_unmade(places),
        *(_mode(f"file {file}", file, FILE_MODE) for file in places.files if file.exists()),
    ]
    wrong = [finding for finding in found if finding.status is not OK]
    well = len(found) - len(wrong)
    missing = 0 if any(finding.status is FAIL for finding in wrong) else len(places.folders) - len(there)
    said = [f"{well} folders and files of Quarterdeck are readable by you alone."] if well else []
    said += [f"{missing} more will be made when needed."] if missing else []
    return [*wrong, Finding("folders", OK, " ".join(said))] if said else wrong


def _folder(folder: Path) -> Finding:
    name, quoted = f"folder {folder}", shlex.quote(str(folder))
    if not folder.is_dir():
        cause = "There is something else in its place, and not a folder."
        return Finding(name, FAIL, cause, f"Move {quoted} elsewhere.")
    if not os.access(folder, os.W_OK | os.X_OK):
        return Finding(name, FAIL, "It cannot be written to.", f'sudo chown "$USER" {quoted}')
    return _mode(name, folder, FOLDER_MODE)


def _unmade(places: Places) -> Iterator[Finding]:
    """What keeps folders that are not there yet from being made; those of ours that are there speak for themselves."""
    lacking = {next(up for up in folder.parents if up.exists()) for folder in places.folders if not folder.exists()}
    for above in sorted(lacking.difference(places.folders)):
        if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
            why = "it cannot be written to" if above.is_dir() else "it is not a folder"
            cause = f"Our folders cannot be made there: {why}."
            yield Finding(f"folder {above}", FAIL, cause, "Choose another folder with --home.")


def _mode(name: str, path: Path, wanted: int) -> Finding:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & ~wanted:
        cure = f"chmod {wanted:o} {shlex.quote(str(path))}"
        return Finding(name, WARN, f"Others can read it (mode {mode:04o}).", cure)
    return Finding(name, OK, f"Only you can read it (mode {mode:04o}).")


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
        Finding(f"agent {agent.spec.key}", OK, f"{agent.spec.name} is {path}.")
        for agent in known
        if (path := next(filter(None, map(shutil.which, agent.spec.commands)), None))
    ]
    if found:
        return found
    names = ", ".join(agent.spec.name for agent in known[:4])
    hint = next((agent.spec.install for agent in known if agent.spec.install), "")
    return (Finding("agents", WARN, f"No coding agent is on PATH: neither {names} nor another.", hint),)


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
        name, cure = f"hooks {each.agent}", f"quarterdeck hooks install {each.agent}"
        if each.agent in unheard_of:
            cause = f"{each.name} has worked since its hooks were installed, but none of them has reported."
            cure = f"Start {each.name} again, and let it run its hooks if it asks."
            found.append(Finding(name, WARN, cause, cure))
        elif each.status is HookStatus.INSTALLED and each.heard_at is None:
            found.append(Finding(name, OK, f"The hooks of {each.name} are in place; nothing was heard yet."))
        elif each.status is HookStatus.INSTALLED:
            found.append(Finding(name, OK, f"{each.name} reports what it does; heard {rough(each.heard_at, now)}."))
        elif each.status is HookStatus.OUTDATED:
            cause = f"The hooks of {each.name} belong to another version of Quarterdeck, or report to another folder."
            found.append(Finding(name, WARN, cause, cure))
        else:
            silent.append(each)
    if len(silent) > 1:
        names = listed([each.name for each in silent])
        cause = f"{names} do not report by themselves; their state is read from their screens and files."
        found.append(Finding("hooks", WARN, cause, "quarterdeck hooks install"))
    elif silent:
        cause = f"{silent[0].name} does not report by itself; its state is read from its screen and files."
        cure = f"quarterdeck hooks install {silent[0].agent}"
        found.append(Finding(f"hooks {silent[0].agent}", WARN, cause, cure))
    return found


def projects_check(settings: Settings) -> Sequence[Finding]:
    """Whether each project's repository is there, with what its tracker needs."""
    found = []
    for name, project in settings.projects.items():
        label, program = f"project {name}", {"github": "gh", "gitlab": "glab"}.get(project.tracker.kind)
        if not (project.path / ".git").exists():
            cause = f"{project.path} is not a git repository."
            found.append(Finding(label, FAIL, cause, "quarterdeck config edit"))
        elif program is not None and shutil.which(program) is None:
            cause = f"Its issues need {program}, which is not installed."
            cure = f"Install {program}, or set projects.{name}.tracker.kind."
            found.append(Finding(label, WARN, cause, cure))
        else:
            found.append(Finding(label, OK, f"{project.path} is there."))
    return found
