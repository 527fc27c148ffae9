"""What `doctor` looks at in agents, their hooks and the projects."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from quarterdeck.config.repositories import is_repository
from quarterdeck.core.ages import rough
from quarterdeck.core.text import listed
from quarterdeck.operations.hook_install import wanted_agents
from quarterdeck.operations.hook_reports import reporting, unheard
from quarterdeck.ports.agent import HookStatus
from quarterdeck.ports.clock import wall_clock
from quarterdeck.ports.doctor_check import CheckStatus, Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from quarterdeck.config.settings import Settings
    from quarterdeck.operations.hook_reports import Reporting
    from quarterdeck.paths import Places
    from quarterdeck.ports.agent import Agents


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
