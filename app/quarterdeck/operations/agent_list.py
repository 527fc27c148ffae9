"""The agents there are: the versions that are here and run, the rules in force, and what states came from."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from quarterdeck.core.source_counts import UNSURE
from quarterdeck.operations.program_versions import installed_version, version_of
from quarterdeck.ports.agent_process import Program
from quarterdeck.ports.doctor_check import CheckStatus, Finding
from quarterdeck.supervisor.processes import ProcessReader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from quarterdeck.ports.agent import Agent, Agents, RulesInfo

MOST_RUNNING = 200
"""Processes whose version is looked for."""


class RulesUsed(Struct, frozen=True, kw_only=True):
    """By which rules an agent is read."""

    date: str
    versions: tuple[str, ...]
    file: Path | None
    own: bool


class KnownAgent(Struct, frozen=True, kw_only=True):
    """One agent, and what is known of it here."""

    key: str
    name: str
    program: str | None
    """Where it is found on PATH."""
    version: str | None
    """Of that program."""
    running: Mapping[str, int] = field(default_factory=dict)
    """How many run of each version; "" where that is not known."""
    rules: RulesUsed | None = None
    states_from: Mapping[str, int] = field(default_factory=dict)
    """How many states of the last day each source told."""
    unsure: int = 0
    """How many states of the last day were shown as unsure."""
    newer: tuple[str, ...] = ()
    """Versions here that are newer than any that the rules were made with."""


def list_agents(agents: Agents, sources: Mapping[str, Counter[str]]) -> list[KnownAgent]:
    """All of them, as they are known. Blocking, bounded."""
    running = _running(agents)
    return [_known(agent, running.get(agent.spec.key, Counter()), sources) for agent in agents.all()]


def _known(agent: Agent, running: Counter[str], sources: Mapping[str, Counter[str]]) -> KnownAgent:
    spec = agent.spec
    program = next(filter(None, map(shutil.which, spec.commands)), None)
    version = installed_version(Path(program), spec) if program else ""
    rules, told, used = agent.rules, sources.get(spec.name, Counter()), None
    if rules is not None:
        used = RulesUsed(date=str(rules.date), versions=rules.versions, file=rules.file, own=rules.is_own)
    seen = dict.fromkeys(filter(None, (version, *running)))
    return KnownAgent(
        key=spec.key,
        name=spec.name,
        program=program,
        version=version or None,
        running=dict(running),
        rules=used,
        states_from={source: count for source, count in told.most_common() if source != UNSURE},
        unsure=told[UNSURE],
        newer=tuple(each for each in seen if rules is not None and is_newer(each, rules)),
    )


def _running(agents: Agents) -> dict[str, Counter[str]]:
    """The versions that run of each agent; a process that another one of the same agent has started is part of that."""
    found: dict[str, Counter[str]] = {}
    kinds: dict[int, str] = {}
    processes = sorted(ProcessReader()(), key=lambda each: each.started)
    parents = {each.pid: each.ppid for each in processes}
    agent_programs: list[tuple[Agent, Program]] = []
    for each in processes:
        program = Program(pid=each.pid, command=each.name, argv=each.argv)
        if detected := agents.detect([program]):
            kinds[each.pid] = detected[0].spec.key
            agent_programs.append((detected[0], program))
    for agent, program in islice(agent_programs, MOST_RUNNING):
        if kinds.get(parents[program.pid]) != agent.spec.key:
            found.setdefault(agent.spec.key, Counter())[version_of(program, agent.spec)] += 1
    return found


def is_newer(version: str, rules: RulesInfo) -> bool:
    """Whether a version came after all that the rules were made with."""
    return bool(rules.versions) and _numbers(version) > max(map(_numbers, rules.versions))


def outdated(known: KnownAgent) -> str:
    """What to say of rules that are older than the program; "" where they are not."""
    if not known.newer or known.rules is None:
        return ""
    newest, made_with = (max(each, key=_numbers) for each in (known.newer, known.rules.versions))
    return f"{known.name}: rules made with {made_with}, you run {newest}."


def rules_findings(known: Sequence[KnownAgent]) -> Iterator[Finding]:
    """What `doctor` says of rules: those older than the program; a warning where more than its last number differs."""
    for each in known:
        said = outdated(each)
        if said and each.rules is not None:
            newest, made_with = (max(map(_numbers, them)) for them in (each.newer, each.rules.versions))
            status = CheckStatus.OK if newest[:2] == made_with[:2] else CheckStatus.WARN
            cure = "Where a row is wrong: quarterdeck agents record SESSION" if status is CheckStatus.WARN else ""
            yield Finding(f"rules {each.key}", status, said, cure)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d{1,9}", version)[:4])
