"""What agents write down about themselves, read off the loop: their registries and their transcripts."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import sys
from collections import Counter
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.ports.agent_process import AgentHome
from quarterdeck.supervisor.processes import boot_time

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from quarterdeck.core.reading import Reading
    from quarterdeck.core.transcript import TranscriptView
    from quarterdeck.ports.agent import Agent, Agents, Claims
    from quarterdeck.ports.agent_process import Program
    from quarterdeck.ports.clock import Clock
    from quarterdeck.supervisor.session_memory import SessionMemory

logger = logging.getLogger(__name__)

ROUND_GAP_SECONDS = 0.8
"""Seconds between two rounds, however much moves."""
TRAILING = 3.0
"""An agent may write down what it did a moment after its screen showed it, so there is one more round later."""
FACTS_TIMEOUT_SECONDS = 2.0
ENVIRON_BYTES = 262_144


class _Task(Struct):
    memory: SessionMemory
    agent: Agent
    program: Program
    registry: Reading | None = None
    conversation: str = ""
    view: TranscriptView | None = None
    skill: str | None = None
    since: datetime | None = None
    home: AgentHome | None = None

    @property
    def named(self) -> str:
        """The conversation it is in by what its process or its reports say; "" where one has to guess."""
        return self.conversation or self.memory.report.session_id

    @property
    def crowd(self) -> tuple[str, str, AgentHome | None]:
        """What those share that one could mistake for each other."""
        return self.agent.spec.key, self.memory.pane.path, self.home

    @property
    def kept(self) -> str:
        """The conversation that its row named before, if this very process was seen then."""
        kept = self.memory.kept
        is_its = kept is not None and self.since is not None and self.since <= kept.at
        return kept.conversation if kept is not None and is_its and kept.tool == self.agent.spec.name else ""


class AgentFacts:
    """Brings registries and transcripts of the live agents up to date, one round at a time."""

    def __init__(self, *, clock: Clock, claims: Claims, agents: Agents) -> None:
        self._clock = clock
        self._claims = claims
        self._agents = agents
        self._at = float("-inf")
        self._again_at: float | None = None
        self._running: asyncio.Future[list[_Task]] | None = None

    async def refresh(self, memories: Sequence[SessionMemory], *, moved: bool) -> None:
        """Read again what may have changed; while a disk does not answer, what is known stays."""
        now = self._clock.monotonic()
        if moved:
            self._again_at = now + TRAILING
        due = moved or self._at == float("-inf") or (self._again_at is not None and now >= self._again_at)
        if not due or now - self._at < ROUND_GAP_SECONDS:
            return
        if self._again_at is not None and now >= self._again_at:
            self._again_at = None
        self._at = now
        tasks = [_Task(each, each.agent, each.program) for each in memories if each.agent and each.program]
        if not tasks:
            return
        if self._running is None or self._running.done():
            self._running = asyncio.ensure_future(asyncio.to_thread(self._read, tasks, self._clock.now()))
        done, _ = await asyncio.wait({self._running}, timeout=FACTS_TIMEOUT_SECONDS)
        if not done:
            logger.warning("reading what agents wrote took longer than %s s", FACTS_TIMEOUT_SECONDS)
            return
        for task in self._running.result():
            memory = task.memory
            is_other = bool(memory.conversation and task.conversation) and task.conversation != memory.conversation
            memory.skill = task.skill or (None if is_other else memory.skill)
            memory.registry, memory.conversation, memory.view = task.registry, task.conversation, task.view
            memory.program_since = task.since

    def due_in(self) -> float | None:
        """Seconds until there should be another round, or None."""
        if self._again_at is None:
            return None
        now = self._clock.monotonic()
        rested = self._at + ROUND_GAP_SECONDS
        return max((rested if now < rested else self._again_at) - now, 0.0)

    def _read(self, tasks: list[_Task], at: datetime) -> list[_Task]:
        for task in tasks:
            with _alone(task):
                self._ask_process(task, at)
        _give_up_wrong_guesses(tasks)
        guesses = Counter(task.crowd for task in tasks if not task.named)
        # Who has to guess gets what is left by those whose conversation is known, by those that had one, and by those
        # that began later.
        for task in sorted(tasks, key=lambda task: (not task.named, not task.kept, at - (task.since or at))):
            with _alone(task):
                task.view = self._view(task, is_crowded=guesses[task.crowd] > 1)
                prompt = task.view.last_prompt if task.view else task.memory.report.last_prompt
                if prompt:
                    # Here, since only agents have prompts, and its patterns take longer to compile than most modules.
                    from quarterdeck.core.skills import last_skill

                    task.skill = last_skill(prompt, installed_skills(task.home, self._agents))
        return tasks

    def _ask_process(self, task: _Task, at: datetime) -> None:
        task.home = home_of(task.program, task.agent)
        task.since = started_at(task.program)
        # What the process is in now is surer than what was reported last: a conversation can be left without a word.
        memory = task.memory
        task.conversation = task.agent.conversation(
            task.program, home=task.home, title=memory.pane.title, screen=memory.screen or ""
        )
        task.registry = task.agent.read_registry(task.program, at=at, home=task.home, conversation=task.conversation)

    def _view(self, task: _Task, *, is_crowded: bool) -> TranscriptView | None:
        memory, told = task.memory, task.memory.report
        path = told.transcript_path if not task.conversation or task.conversation == told.session_id else ""
        key = (task.agent.spec.key, task.program.pid, memory.pane.path, task.named, path)
        if memory.transcript is None or memory.transcript_of != key:
            if memory.transcript is not None:
                memory.transcript.close()
            memory.transcript_of = key
            # Alone in its folder it is in the newest there, whatever it was in when nobody looked.
            before = task.kept if is_crowded else ""
            memory.transcript = task.agent.transcript(
                cwd=memory.pane.path,
                claims=self._claims,
                session_id=task.named or before or session_id_in(task.program.argv, task.agent.spec.conversation_words),
                since=task.since,
                path=Path(path) if path else None,
                home=task.home,
            )
        return memory.transcript.read() if memory.transcript else None


@contextmanager
def _alone(task: _Task) -> Iterator[None]:
    """One agent's odd file must not hide the others' states."""
    try:
        yield
    except Exception:  # a boundary, as is said above
        logger.exception("what %s wrote could not be read", task.agent.spec.name)


def _give_up_wrong_guesses(tasks: Sequence[_Task]) -> None:
    """Let go of each transcript that was guessed and that somebody else turns out to write."""
    named = {task.named for task in tasks if task.named}
    for memory in (task.memory for task in tasks if not task.named):
        if memory.transcript is not None and memory.view is not None and memory.view.session_id in named:
            memory.transcript.close()
            memory.transcript = None


def conversation_of(agent: Agent, program: Program, title: str) -> str:
    """The conversation a live agent is in, by what it wrote down or by its command line; "" when neither says."""
    written = agent.conversation(program, home=home_of(program, agent), title=title)
    return written or session_id_in(program.argv, agent.spec.conversation_words)


def session_id_in(argv: Sequence[str], words: Collection[str]) -> str:
    """The conversation a command line names, where it does: the id after one of these words."""
    for word, value in itertools.pairwise(argv):
        is_id = len(value) >= 16 and not value.startswith("-") and value.replace("-", "").replace("_", "").isalnum()
        if word in words and is_id:
            return value
    return ""


def installed_skills(home: AgentHome | None, agents: Agents) -> frozenset[str]:
    """Names of the skills an operator has installed for any agent."""
    root = home.path if home else Path.home()
    names: set[str] = set()
    for folder in filter(None, (agent.spec.skill_folder for agent in agents.all())):
        # A folder that is not there, or may not be read, holds no skills.
        with suppress(OSError), os.scandir(root / folder) as entries:
            names |= {entry.name for entry in entries if entry.is_dir()}
    return frozenset(names)


def started_at(program: Program) -> datetime | None:
    """When a process started; None where the system does not say it in a way we read."""
    if sys.platform != "linux" or not program.started:
        return None
    booted = boot_time()
    try:
        after = float(program.started) / os.sysconf("SC_CLK_TCK")
    except ValueError:
        return None
    return None if booted is None else datetime.fromtimestamp(booted + after, UTC)


def home_of(program: Program, agent: Agent) -> AgentHome | None:
    """Where an agent keeps its files, by its own process's environment; None where that cannot be seen."""
    if sys.platform != "linux":
        return None
    try:
        with open(f"/proc/{program.pid}/environ", "rb") as file:  # noqa: PTH123 - the system's own small file
            environ = file.read(ENVIRON_BYTES)
    except OSError:
        return None
    pairs = (os.fsdecode(entry).partition("=") for entry in environ.split(b"\0"))
    told = {name: value for name, _, value in pairs if value and (name == "HOME" or name in agent.spec.home_variables)}
    home = told.pop("HOME", "")
    return AgentHome(Path(home) if home else Path.home(), tuple(sorted(told.items())))
