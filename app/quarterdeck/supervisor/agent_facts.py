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
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from quarterdeck.ports.agent_process import AgentHome
from quarterdeck.supervisor.processes import boot_time
from quarterdeck.supervisor.reading_plan import MOVED_GAP, NEVER_READ, ReadingPlan

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from quarterdeck.core.pane import PaneId
    from quarterdeck.core.reading import Reading
    from quarterdeck.core.transcript import TranscriptView
    from quarterdeck.ports.agent import Agent, Agents, Claims
    from quarterdeck.ports.agent_process import Program
    from quarterdeck.ports.clock import Clock
    from quarterdeck.supervisor.file_watcher import FileWatcher
    from quarterdeck.supervisor.session_memory import SessionMemory
    from quarterdeck.supervisor.written_files import WrittenFiles

logger = logging.getLogger(__name__)

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
    files: tuple[Path, ...] | None = None
    """None: those that were known before."""
    prompt: str = ""
    """The one in which skills have been looked for."""
    waits: bool = False
    """Whether it is left open which transcript is its own."""

    @property
    def named(self) -> str:
        """The conversation it is in by what its process or its reports say; "" where one has to guess."""
        return self.conversation or self.memory.report.session_id

    @property
    def pane_id(self) -> PaneId:
        """Where it runs."""
        return self.memory.pane.pane_id

    @property
    def told_path(self) -> str:
        """The transcript that its reports name, unless they are of another conversation."""
        told = self.memory.report
        return told.transcript_path if not self.conversation or self.conversation == told.session_id else ""

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
    """Brings registries and transcripts of the live agents up to date, each when there is a reason for it."""

    def __init__(self, *, clock: Clock, claims: Claims, agents: Agents) -> None:
        self._clock = clock
        self._claims = claims
        self._agents = agents
        self._plans: dict[PaneId, ReadingPlan] = {}
        self._chosen_at = NEVER_READ
        """When it was last found out which transcript is whose."""
        self._written: WrittenFiles | None = None
        self._running: asyncio.Future[_Round] | None = None

    def listen(self, file_watcher: FileWatcher, told: Callable[[PaneId], None]) -> None:
        """From now on have the kernel tell of what agents write; `told` gets the pane."""
        # Here, since a single look has no use for it.
        from quarterdeck.supervisor.written_files import WrittenFiles

        def written(pane_id: PaneId) -> None:
            plan = self._plans.get(pane_id)
            if plan is not None and not plan.is_written:
                plan.is_written = True
                told(pane_id)

        self._written = WrittenFiles(file_watcher, written)

    async def refresh(self, memories: Sequence[SessionMemory], *, moved: Collection[PaneId] | None) -> bool:
        """Read again what may have changed (None: all may have); answers whether anything was read.

        While a disk does not answer, what is known stays.
        """
        now = self._clock.monotonic()
        tasks = [_Task(each, each.agent, each.program) for each in memories if each.agent and each.program]
        self._plan(tasks, moved, now)
        due = {pane_id for pane_id, plan in self._plans.items() if (at := plan.due_at()) is not None and at <= now}
        if self._running is None or self._running.done():
            if not due:
                return False
            for pane_id in due:
                self._plans[pane_id].begin(now)
            asked = [task for task in tasks if task.pane_id in due]
            others = [task for task in tasks if task.pane_id not in due]
            may_choose = now - self._chosen_at >= MOVED_GAP
            reading = asyncio.to_thread(self._read, asked, others if may_choose else None, self._clock.now())
            self._running = asyncio.ensure_future(reading)
        done, _ = await asyncio.wait({self._running}, timeout=FACTS_TIMEOUT_SECONDS)
        if not done:
            logger.warning("reading what agents wrote took longer than %s s", FACTS_TIMEOUT_SECONDS)
            return False
        self._take(self._running.result(), now)
        return True

    def _plan(self, tasks: Sequence[_Task], moved: Collection[PaneId] | None, now: float) -> None:
        """Note why each agent should be read again."""
        for gone in self._plans.keys() - {task.pane_id for task in tasks}:
            del self._plans[gone]
            if self._written is not None:
                self._written.forget(gone)
        for task in tasks:
            plan = self._plans.get(task.pane_id)
            if plan is None or plan.program != task.program:
                plan = self._plans[task.pane_id] = ReadingPlan(task.program)
            plan.note(task.memory.report, now, moved=moved is None or task.pane_id in moved)
            task.home, task.prompt = plan.home, plan.prompt

    def _take(self, told: _Round, now: float) -> None:
        """Put what was read where it belongs."""
        if told.has_chosen:
            self._chosen_at = now
        for task in told.tasks:
            memory, plan = task.memory, self._plans.get(task.pane_id)
            is_other = bool(memory.conversation and task.conversation) and task.conversation != memory.conversation
            memory.skill = task.skill or (None if is_other else memory.skill)
            memory.limited_until = None if is_other else memory.limited_until
            memory.registry, memory.conversation, memory.view = task.registry, task.conversation, task.view
            memory.program_since = task.since
            if plan is None or plan.program != task.program:
                continue
            plan.home, plan.prompt = task.home, task.prompt
            # Who could not be given a transcript yet is looked at again.
            plan.has_moved |= task.waits
            if self._written is not None and task.files is not None and plan.files != task.files:
                is_told = self._written.follow(task.pane_id, task.files)
                # Of a transcript that is not there yet nobody can tell.
                plan.files, plan.is_told = task.files, is_told and not _is_missing(memory)

    def due_in(self) -> float | None:
        """Seconds until something should be read again, or None."""
        times = [at for plan in self._plans.values() if (at := plan.due_at()) is not None]
        return max(min(times) - self._clock.monotonic(), 0.0) if times else None

    def _read(self, asked: list[_Task], others: list[_Task] | None, at: datetime) -> _Round:
        """Read these; all, if for one of them it has to be found out which transcript is its own."""
        for task in asked:
            with _alone(task):
                self._ask_process(task, at)
        has_chosen = others is not None and any(map(self._has_to_choose, asked))
        if others is not None and has_chosen:
            for task in others:
                with _alone(task):
                    self._ask_process(task, at)
            asked = [*asked, *others]
            _give_up_wrong_guesses(asked)
        guesses = Counter(task.crowd for task in asked if not task.named)
        # Who has to guess gets what is left by those whose conversation is known, by those that had one, and by those
        # that began later.
        for task in sorted(asked, key=lambda task: (not task.named, not task.kept, at - (task.since or at))):
            with _alone(task):
                if not has_chosen and self._has_to_choose(task):
                    task.waits, task.view = True, _view_so_far(task)
                    continue
                task.view = self._view(task, is_crowded=guesses[task.crowd] > 1)
                task.files = _files_of(task)
                prompt = task.view.last_prompt if task.view else task.memory.report.last_prompt
                if prompt and prompt != task.prompt:
                    # Here, since only agents have prompts, and its patterns take longer to compile than most modules.
                    from quarterdeck.core.skills import last_skill

                    task.prompt, task.skill = prompt, last_skill(prompt, installed_skills(task.home, self._agents))
        return _Round(asked, has_chosen)

    def _has_to_choose(self, task: _Task) -> bool:
        """Whether it is open which transcript is its own."""
        return _is_missing(task.memory) or task.memory.transcript_of != _chosen_by(task)

    def _ask_process(self, task: _Task, at: datetime) -> None:
        task.home = task.home or home_of(task.program, task.agent)
        task.since = started_at(task.program)
        # What the process is in now is surer than what was reported last: a conversation can be left without a word.
        memory = task.memory
        task.conversation = task.agent.conversation(
            task.program, home=task.home, title=memory.pane.title, screen=memory.screen or ""
        )
        task.registry = task.agent.read_registry(task.program, at=at, home=task.home, conversation=task.conversation)

    def _view(self, task: _Task, *, is_crowded: bool) -> TranscriptView | None:
        memory = task.memory
        key = _chosen_by(task)
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
                path=Path(task.told_path) if task.told_path else None,
                home=task.home,
            )
        return memory.transcript.read() if memory.transcript else None


class _Round(NamedTuple):
    """What a reading brought."""

    tasks: list[_Task]
    has_chosen: bool
    """Whether it was found out which transcript is whose."""


def _is_missing(memory: SessionMemory) -> bool:
    """Whether its agent keeps a transcript that has not been found yet."""
    return memory.transcript is not None and memory.transcript.path is None


def _view_so_far(task: _Task) -> TranscriptView | None:
    """What its transcript of before says, unless that is of another conversation."""
    memory = task.memory
    if memory.transcript is None or memory.transcript.path is None:
        return None
    view = memory.transcript.read()
    return view if view is None or task.named in {"", view.session_id} else None


def _chosen_by(task: _Task) -> object:
    """By what a transcript is chosen: another one may be its own when that changes."""
    return task.agent.spec.key, task.program.pid, task.memory.pane.path, task.named, task.told_path


def _files_of(task: _Task) -> tuple[Path, ...]:
    """The files in which the agent says what it does."""
    path = task.memory.transcript.path if task.memory.transcript is not None else None
    written = (path, *((path.with_name(f"{path.name}-wal"),) if path.suffix == ".db" else ())) if path else ()
    return (*written, *task.agent.files(task.program, home=task.home))


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
    if not environ:
        return None  # it is only just beginning, and has none yet
    pairs = (os.fsdecode(entry).partition("=") for entry in environ.split(b"\0"))
    told = {name: value for name, _, value in pairs if value and (name == "HOME" or name in agent.spec.home_variables)}
    home = told.pop("HOME", "")
    return AgentHome(Path(home) if home else Path.home(), tuple(sorted(told.items())))
