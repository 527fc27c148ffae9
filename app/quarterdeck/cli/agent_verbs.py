"""`agents`: the agents there are, and recordings of what they show."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.cli.call import services
from quarterdeck.cli.output import print_json, print_table, say, warn
from quarterdeck.core.row_name import row_name
from quarterdeck.core.source_counts import SourceCounts
from quarterdeck.core.text import clean, listed
from quarterdeck.operations.agent_list import list_agents, outdated
from quarterdeck.operations.agent_recording import record as recorded
from quarterdeck.paths import write_private
from quarterdeck.ports.clock import wall_clock
from quarterdeck.runtime.agent_loading import load_agents, rule_faults
from quarterdeck.store import glances

if TYPE_CHECKING:
    from quarterdeck.cli.call import Call
    from quarterdeck.operations.agent_list import KnownAgent
    from quarterdeck.operations.agent_recording import AgentRecording

RECORDINGS = "recordings"
"""The folder that recordings are put in, where none is named."""


def list_all(call: Call) -> int:
    """List the agents, and what is known of each."""
    agents = load_agents(call.settings.agents, call.places.agent_rules)
    counts = SourceCounts()
    for kept in glances.sources(call.places.state_file):
        with suppress(ValueError):
            counts.take(json.loads(kept))
    found = list_agents(agents, counts.day(wall_clock()))
    if call.json:
        print_json(found)
        return 0
    print_table(
        ("AGENT", "PROGRAM", "RUNS", "RULES", "STATES OF THE LAST DAY FROM"),
        [(each.key, _program(each), _running(each), _rules(each), _sources(each)) for each in found],
    )
    for said in filter(None, map(outdated, found)):
        say(said)
    for fault in rule_faults(call.places.agent_rules, agents):
        warn(fault)
    return 0


def _program(known: KnownAgent) -> str:
    return known.version or ("found" if known.program else "not found")


def _running(known: KnownAgent) -> str:
    return listed([f"{count} of {version or 'unknown version'}" for version, count in known.running.items()])


def _rules(known: KnownAgent) -> str:
    if known.rules is None:
        return ""
    return f"{known.rules.date}{', your own' if known.rules.own else ''}"


def _sources(known: KnownAgent) -> str:
    told = [f"{source} {count}" for source, count in known.states_from.items()]
    return ", ".join([*told, *([f"unsure {known.unsure}"] if known.unsure else [])])


async def record(call: Call) -> int:
    """Write down all that is seen of an agent now, without what is private."""
    options = call.options
    async with services(call) as opened:
        context = opened.context
        session = context.session(options.session)
        made = await recorded(context, session, truth=options.truth or "", name=options.name or "")
    folder = _written(made, options.out or RECORDINGS)
    names = sorted(made.files)
    return call.tell(
        {"folder": folder, "files": names, "state": made.truth, "session_id": session.session_id},
        f"Recorded {clean(row_name(session))} as {made.truth}: {listed(names)} in {folder}.\n"
        "Secrets are masked, and so are the names of this machine and of you. Read it before you send it:"
        " what was said is in it.",
    )


def _written(made: AgentRecording, out: str) -> Path:
    """The folder that it is written in."""
    folder = Path(out).expanduser().absolute() / made.folder
    for name, text in made.files.items():
        write_private(folder / name, text)
    return folder
