"""Which agents report to us: whether their hooks are in place, and when they were last heard of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.operations.hook_install import is_installed, wanted_agents
from quarterdeck.ports.agent import HookStatus
from quarterdeck.supervisor.spool import unread

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from quarterdeck.paths import Places
    from quarterdeck.ports.agent import Agent, Agents

SILENCE = timedelta(minutes=1)
"""An agent that has been at work for so long has had something to report."""


class Reporting(Struct, frozen=True, kw_only=True):
    """Whether one agent reports to us."""

    agent: str
    name: str
    status: HookStatus
    installed: bool
    """Whether its program is on this machine."""
    path: Path | None
    """The file that says so, or would."""
    heard_at: datetime | None
    """When it last reported; None = never yet."""


def reporting(
    agents: Agents, places: Places, heard: Mapping[str, datetime], keys: Sequence[str] = ()
) -> list[Reporting]:
    """How it is with each agent that can report, or with those that are named; `heard`: when each was, by its key."""
    found = []
    lying = unread(places.spool)
    for agent in wanted_agents(agents, keys, all_of_them=True):
        status = agent.hook_status(spool=places.spool)
        if status is HookStatus.INSTALLED and not _has_place(agent, places):
            status = HookStatus.OUTDATED
        times = [at for each in (heard, lying) if (at := each.get(agent.spec.key))]
        found.append(
            Reporting(
                agent=agent.spec.key,
                name=agent.spec.name,
                status=status,
                installed=is_installed(agent),
                path=agent.hook_file(),
                heard_at=max(times, default=None),
            )
        )
    return found


def _has_place(agent: Agent, places: Places) -> bool:
    """Whether the hooks can report: without their script, or the folder, they do nothing, and say nothing of it."""
    plan = agent.hook_plan(install=True, spool=places.spool)
    if plan is not None and plan.files:
        return all(file.is_file() for file in plan.files)
    return places.spool.is_dir()


def unheard(agents: Agents, found: Sequence[Reporting], seen_at_work: Mapping[str, datetime]) -> set[str]:
    """Those whose hooks are in place, that were at work since, and that were not heard all the same.

    `seen_at_work`: when each agent was last at work, by the name that rows have of it.
    """
    at_work: dict[str, datetime] = {}
    for name, at in seen_at_work.items():
        agent = agents.get(name)
        if agent is not None:
            at_work[agent.spec.key] = max(at, at_work.get(agent.spec.key, at))
    silent = set()
    for each in found:
        since = _changed_at(each.path)
        if each.status is not HookStatus.INSTALLED or since is None:
            continue
        # Shells tell whole seconds only, and files the time of their last change, whoever made it.
        is_heard = each.heard_at is not None and each.heard_at > since - SILENCE
        if not is_heard and each.agent in at_work and at_work[each.agent] > since + SILENCE:
            silent.add(each.agent)
    return silent


def _changed_at(file: Path | None) -> datetime | None:
    try:
        return datetime.fromtimestamp(file.stat().st_mtime, UTC) if file else None
    except OSError:
        return None
