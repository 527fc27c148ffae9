"""`hooks`: let agents report what they do; the user is asked first, and can undo it exactly."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

from quarterdeck.cli.output import Colour, agrees, coloured, print_json, print_table, say, show_error, write
from quarterdeck.core.text import clean
from quarterdeck.core.times import rough
from quarterdeck.errors import QuarterdeckError
from quarterdeck.operations import agent_hooks
from quarterdeck.operations.agent_hooks import reporting, summary
from quarterdeck.ports.agent import HookStatus
from quarterdeck.ports.clock import wall_clock
from quarterdeck.runtime.agent_loading import load_agents
from quarterdeck.store import glances

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from quarterdeck.cli.call import Call
    from quarterdeck.operations.agent_hooks import HookChange, Reporting

LINE_COLOURS = {"+": Colour.GREEN, "-": Colour.RED, "@": Colour.CYAN}


def status(call: Call) -> int:
    """Say which agents report."""
    heard = glances.heard(call.places.state_file)
    found = reporting(
        load_agents(call.settings.agents, call.places.agent_rules), call.places, heard, call.options.agent
    )
    if call.json:
        print_json(found)
        return 0
    now = wall_clock()
    print_table(
        ("AGENT", "HOOKS", "PROGRAM", "FILE"),
        [
            (each.agent, _status(each, now), "found" if each.installed else "not found", str(each.path or ""))
            for each in found
        ],
    )
    return 0


def _status(found: Reporting, now: datetime) -> str:
    """Whether the hooks are in place, and what came of it."""
    if found.heard_at is not None:
        return f"{found.status}, heard {rough(found.heard_at, now)}"
    return found.status if found.status is HookStatus.ABSENT else f"{found.status}, nothing heard yet"


def _change(call: Call, *, install: bool) -> int:
    agents = load_agents(call.settings.agents, call.places.agent_rules)
    failed: list[QuarterdeckError] = []
    changes: list[HookChange] = []
    for agent in agent_hooks.wanted_agents(agents, call.options.agent, all_of_them=not install):
        try:
            changes.append(agent_hooks.change(agent, call.places, install=install))
        except QuarterdeckError as error:
            failed.append(error)
    wanted = [change for change in changes if change.plan.changes]
    # In a pipe nobody can ask for more, so that it stands there at once.
    is_short = sys.stdout.isatty() and not call.options.diff
    if not call.json and (changes or not failed):
        _show(changes, install=install, is_short=is_short)
    if wanted and not call.options.yes:
        what = "report" if install else "stop reporting"
        names = ", ".join(clean(change.agent.spec.name) for change in wanted)
        if not agrees(
            f"Change {'this file' if len(wanted) == 1 else 'these files'} so that {names} will {what}?",
            otherwise="Nothing was changed: there is nobody to ask.",
            hint="--yes goes ahead without asking.",
            more=(lambda: _show(wanted, install=install, is_short=False)) if is_short else None,
        ):
            say("Nothing was changed.")
            return 1
    done: list[tuple[HookChange, Path | None]] = []
    for change in changes:
        try:
            done.append((change, agent_hooks.carry_out(change, call.places)))
        except QuarterdeckError as error:
            failed.append(error)
    _tell(call, done)
    for failure in failed[:-1]:
        show_error(failure, as_json=call.json)
    if failed:
        raise failed[-1]
    return 0


install = partial(_change, install=True)
uninstall = partial(_change, install=False)


def _show(changes: list[HookChange], *, install: bool, is_short: bool) -> None:
    if not changes:
        say("No agent that can report is on this machine." if install else "No agent reports.")
    for change in changes:
        name = clean(change.agent.spec.name)
        if change.plan.changes:
            say(f"{name}: {change.plan.path}")
            for line in (is_short and summary(change)) or agent_hooks.difference(change):
                write(f"  {coloured(line, LINE_COLOURS.get(line[:1]))}\n")
        else:
            say(f"{name}: {'reports already' if install else 'has no Quarterdeck hooks'}.")


def _tell(call: Call, done: Sequence[tuple[HookChange, Path | None]]) -> None:
    if call.json:
        names = ("agent", "path", "changed", "backup", "note")
        rows = [(c.agent.spec.key, c.plan.path, c.plan.changes, backup, c.plan.note) for c, backup in done]
        print_json([dict(zip(names, row, strict=True)) for row in rows])
        return
    for change, backup in done:
        if change.plan.changes:
            kept = f" As it was before: {backup}" if backup else ""
            if backup and not change.install:
                kept = f" The file has other changes since, so it is kept as it was before too: {backup}"
            say(f"{change.agent.spec.name}: done.{kept}" + (f"\n  {change.plan.note}" if change.plan.note else ""))
