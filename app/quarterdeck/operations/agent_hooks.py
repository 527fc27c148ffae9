"""Agents' hooks in the user's own settings: what a change would do, carrying it out, and who reports."""

from __future__ import annotations

import difflib
import json
import os
import shutil
import stat
import textwrap
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.text import clean
from quarterdeck.errors import NotFound, QuarterdeckError, Refused
from quarterdeck.foreign_files import exact_text
from quarterdeck.paths import FILE_MODE, private_folder, write_private
from quarterdeck.ports.agent import HookStatus, backup_path
from quarterdeck.ports.agent_spec import HookKind
from quarterdeck.supervisor.reports import unread

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from quarterdeck.paths import Places
    from quarterdeck.ports.agent import Agent, Agents, HookPlan


OUR_FILE_MARK = "Written by quarterdeck"
"""Stands in every whole file of ours."""


class HookChange(Struct, frozen=True):
    """What would be done for one agent."""

    agent: Agent
    plan: HookPlan
    install: bool


def wanted_agents(agents: Agents, keys: Sequence[str], *, all_of_them: bool = False) -> list[Agent]:
    """The agents that are named; without names those that can report and are on this machine, or all that can."""
    if not keys:
        able = [agent for agent in agents.all() if agent.spec.hooks is not HookKind.NONE]
        return [agent for agent in able if all_of_them or is_installed(agent)]
    return list({agent.spec.key: agent for agent in (_named(agents, key) for key in keys)}.values())


def _named(agents: Agents, key: str) -> Agent:
    agent = agents.get(key)
    if agent is None:
        able = ", ".join(each.spec.key for each in agents.all() if each.spec.hooks is not HookKind.NONE)
        raise NotFound(f"There is no agent {key!r}.", hint=f"Agents that can report: {able}.")
    if agent.spec.hooks is HookKind.NONE:
        raise Refused(f"{agent.spec.name} has no hooks.", hint="What it does is read from its screen and its files.")
    return agent


def is_installed(agent: Agent) -> bool:
    """Whether the agent's program is on this machine."""
    return any(shutil.which(command) for command in agent.spec.commands)


def change(agent: Agent, places: Places, *, install: bool) -> HookChange:
    """What would be done; raises Refused when the agent's file cannot be changed safely."""
    plan = agent.hook_plan(install=install, spool=places.spool)
    if plan is None:
        raise Refused(f"{agent.spec.name} has no hooks.")
    return HookChange(agent, plan, install)


def difference(change: HookChange) -> Iterator[str]:
    """What would change in the file, as `diff -u` says it."""
    plan = change.plan
    before, after = ((text or "").splitlines() for text in (plan.before, plan.after))
    lines = list(difflib.unified_diff(before, after, lineterm="", n=2))
    yield from (clean(line) for line in lines[2:])
    if plan.after is None:
        yield "(the file is removed)"


def carry_out(wanted: HookChange, places: Places) -> Path | None:
    """Do it; answers where the file as it was is kept, if it is. What changed meanwhile is refused."""
    plan = wanted.plan
    if wanted.install:
        # Whatever reports finds the folder, and a plugin has no script that would have made it.
        private_folder(places.spool)
        for file, text in plan.files.items():
            write_private(file, text)
    backup = backup_path(plan.path)
    try:
        if plan.changes:
            _change(wanted, backup)
        if not wanted.install and backup.is_file() and exact_text(backup) in {plan.after, None}:
            backup.unlink(missing_ok=True)
    except OSError as error:
        raise QuarterdeckError(f"{plan.path} cannot be changed: {error.strerror or error}.") from error
    return backup if plan.changes and backup.is_file() else None


def _change(wanted: HookChange, backup: Path) -> None:
    """Put the new text in the place of the old one, if that is still as it was shown."""
    plan = wanted.plan
    # A link to where somebody keeps their settings stays one.
    file = plan.path.resolve()
    if file.exists() and not os.access(file, os.W_OK):
        raise Refused(f"{plan.path} is read-only, so it is left alone.", hint="Make it writable, and try again.")
    with ExitStack() as undo:
        draft = _draft(file, plan.after, like=file, undo=undo) if plan.after is not None else None
        # The user's own file is kept as it is, unless something of ours is in it.
        is_theirs = wanted.install and plan.before is not None and not plan.is_ours
        kept = _draft(backup, plan.before, like=file, undo=undo) if is_theirs else None
        # From here on nothing takes time in which somebody else could write.
        if exact_text(file) != plan.before:
            raise _changed_meanwhile(plan)
        if kept:
            kept.replace(backup)
            undo.callback(backup.unlink)
        if draft is None:
            file.unlink()
        elif plan.before is None:
            _appear(draft, file, plan)
        else:
            draft.replace(file)
        undo.pop_all()


def _draft(file: Path, text: str | None, *, like: Path, undo: ExitStack) -> Path:
    """The whole text beside the file that it is for, open to whom `like` is open."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_EXCL | os.O_CLOEXEC, FILE_MODE), "wb") as stream:
        undo.callback(draft.unlink, missing_ok=True)
        stream.write((text or "").encode())
        if like.exists():
            facts = like.stat()
            with suppress(PermissionError):
                os.fchown(stream.fileno(), facts.st_uid, facts.st_gid)
            os.fchmod(stream.fileno(), stat.S_IMODE(facts.st_mode))
    return draft


def _appear(draft: Path, file: Path, plan: HookPlan) -> None:
    """Put a new file where none is; one that came meanwhile is not written over."""
    try:
        file.hardlink_to(draft)
    except FileExistsError as error:
        raise _changed_meanwhile(plan) from error
    except OSError:
        # Not every file system has hard links.
        draft.replace(file)
    draft.unlink(missing_ok=True)


def _changed_meanwhile(plan: HookPlan) -> Refused:
    return Refused(f"{plan.path} was changed meanwhile, so it is left alone.", hint="Try again.")


WIDTH = 66
"""Cells, so that no word is broken in a dialog."""
SETTINGS_STAY = "  nothing else in it changes"


def summary(change: HookChange) -> list[str]:
    """The change in the signs of `diff`; [] where only the difference itself can tell it truly."""
    before, after = change.plan.before, change.plan.after
    whole = after if before is None else before if after is None else None
    if whole is not None and OUR_FILE_MARK in whole:
        what, sign = ("a file of its own", "+") if before is None else ("the whole file, which is ours", "-")
        notes = [line.removeprefix("//").strip() for line in whole.splitlines() if line.startswith("//")]
        return [f"{sign} {what}, {len(whole.splitlines())} lines:", *(f"{sign}   {clean(note)}" for note in notes)]
    try:
        was, will = _read(before), _read(after)
    except ValueError:
        return []
    if {**was, "hooks": None} != {**will, "hooks": None}:
        return []
    lines = [*_told("-", _hooks(was), _hooks(will)), *_told("+", _hooks(will), _hooks(was))]
    if not lines:
        return []
    if before is None:
        return [*lines, "  a new file, with nothing else in it"]
    return [*lines, "  the file is removed: nothing else is in it" if after is None else SETTINGS_STAY]


def _told(sign: str, these: Mapping[str, list[str]], those: Mapping[str, list[str]]) -> list[str]:
    """The groups that only one side has: for which events, and what they hold."""
    events: dict[str, list[str]] = {}
    for event, groups in these.items():
        for group in groups:
            if group not in those.get(event, ()):
                events.setdefault(group, []).append(event)
    lines = []
    for group, named in events.items():
        said = f"{len(named)} hooks, for {', '.join(named)}" if len(named) > 1 else f"a hook for {named[0]}"
        lines += [f"{sign} {clean(line)}" for line in textwrap.wrap(said, WIDTH)]
        lines.append(f"{sign} {'each is' if len(named) > 1 else 'it is'}: {clean(group)}")
    return lines


def _read(text: str | None) -> dict[str, object]:
    text = (text or "").removeprefix("\ufeff")
    found = json.loads(text) if text.strip() else {}
    return found if isinstance(found, dict) else {"": found}


def _hooks(settings: Mapping[str, object]) -> dict[str, list[str]]:
    """Each event with its groups, as JSON."""
    hooks = settings.get("hooks")
    return {
        event: [json.dumps(group, ensure_ascii=False) for group in groups]
        for event, groups in (hooks.items() if isinstance(hooks, dict) else ())
        if isinstance(groups, list)
    }


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
    return all(file.is_file() for file in plan.files) if plan and plan.files else places.spool.is_dir()


def unheard(agents: Agents, found: Sequence[Reporting], seen_at_work: Mapping[str, datetime]) -> set[str]:
    """Those with hooks in place that were not heard though they were at work since (`seen_at_work`, by their name)."""
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
