"""The thought engine: says in one line why each session does what it does, when there is something new to say."""

from __future__ import annotations

import asyncio
import logging
from asyncio import TaskGroup
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.command_failure import progress_in
from quarterdeck.core.events import SessionChanged, SessionCreated, SessionDeleted, SessionForgotten
from quarterdeck.core.insight import same_words
from quarterdeck.core.model_calls import EngineHealth, Skip
from quarterdeck.core.reading import DROWSY_AFTER
from quarterdeck.core.screen_text import last_line
from quarterdeck.core.session import RestState, Session, SessionState
from quarterdeck.core.thought import tidy_answer
from quarterdeck.errors import BudgetSpent, ThinkerError
from quarterdeck.ports.thinker import Subject
from quarterdeck.supervisor.session_thoughts import SHOWN_FACTS, TOLD_FACTS, ThoughtMemory, memory_from
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from quarterdeck.core.events import Event, Health
    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.insight import Insight
    from quarterdeck.core.session import SessionId
    from quarterdeck.ports.clock import Clock
    from quarterdeck.ports.thinker import EngineSetup, LineMaker, Thinker
    from quarterdeck.supervisor.session_thoughts import Novelty, ThoughtPublisher

logger = logging.getLogger(__name__)

THOUGHTS_WORKER = "thoughts"
THOUGHTS_TOGETHER_SECONDS = 0.1
"""What changes within this time is thought about together."""
URGENT_GAP = 1.0
"""Seconds between two lines about a plain terminal that are made here, when its state changed."""
LINE_GAP = 5.0
"""The same, when only its words or tools changed."""
BREATH = 10
"""Sessions after which others get their turn in the loop."""


class ThoughtEngine(Struct, kw_only=True, dict=True, eq=False):
    """Attends to sessions that changed; asks a model where one is set, and never lets a fault out."""

    fleet: Callable[[], Fleet]
    insight: Callable[[Session], Insight | None]
    publisher: ThoughtPublisher
    line_of: LineMaker
    setup: EngineSetup
    clock: Clock
    report: Callable[[str, Health, str], None]
    is_writer: Callable[[], bool]

    def __post_init__(self) -> None:
        self.skipped = self.publisher.skipped
        self.health = EngineHealth()
        self._memories: dict[SessionId, ThoughtMemory] = {}
        self._due: dict[SessionId, float] = {}
        self._asked: set[SessionId] = set()
        self._not_before = 0.0
        self._in_step = False
        """Whether lines are made for rows that are about to be told."""
        self._wake = asyncio.Event()
        self._room = asyncio.Semaphore(self.setup.concurrency)

    def use(self, setup: EngineSetup) -> None:
        """Work in another way from now on; what a model before this one still answers is dropped."""
        if setup.thinker is not self.setup.thinker:
            self.health = EngineHealth()
            self._not_before = 0.0
            for memory in self._memories.values():
                memory.forget_question()
        self._room = asyncio.Semaphore(setup.concurrency)
        self.setup = setup
        self.think_again()

    def think_again(self) -> None:
        """Attend to every session."""
        self.moved(self.fleet().sessions)

    def note(self, event: Event) -> None:
        """Hear of a change; what only a thought changed is none."""
        match event:
            case SessionChanged(before=before, after=after) if SHOWN_FACTS(before) == SHOWN_FACTS(after):
                if TOLD_FACTS(before) != TOLD_FACTS(after):
                    self.moved([after.session_id])
            case SessionCreated(session=session) | SessionChanged(after=session):
                self._due[session.session_id] = self.clock.monotonic() + THOUGHTS_TOGETHER_SECONDS
                self._wake.set()
            case SessionDeleted(session=Session(session_id=gone)) | SessionForgotten(session_id=gone):
                self._memories.pop(gone, None)
                self._due.pop(gone, None)
            case _:
                return

    def moved(self, sessions: Collection[SessionId]) -> None:
        """The words of these are others now; how soon that is looked at depends on when it last was."""
        soon = self.clock.monotonic() + THOUGHTS_TOGETHER_SECONDS
        for session_id in sessions:
            due = max(soon, self._opens_for_words(self._memories.get(session_id)))
            self._due[session_id] = min(due, self._due.get(session_id, due))
        if sessions:
            self._wake.set()

    def keep_in_step(self, rows: Mapping[SessionId, Session]) -> None:
        """Say of rows that are about to be told what can be said without a model, so that it is told with them."""
        before = self.fleet().sessions
        self._in_step = self.publisher.is_told_with_rows = True
        try:
            for session_id, row in rows.items():
                if session_id in before and SHOWN_FACTS(before[session_id]) != SHOWN_FACTS(row):
                    self._attend_safely(session_id, None, row)
        finally:
            self._in_step = self.publisher.is_told_with_rows = False

    def glance(self) -> None:
        """Say of every session what can be said without a model, and no more."""
        if self.is_writer():
            for session_id in tuple(self.fleet().sessions):
                self._attend_safely(session_id, None)

    async def run(self) -> None:
        """Think until cancelled."""
        self.think_again()
        async with TaskGroup() as tasks:
            while True:
                self._wake.clear()
                pause = await self.attend_due(tasks)
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._wake.wait()

    async def attend_due(self, tasks: TaskGroup) -> float | None:
        """Attend to the sessions whose time has come; answers in how many seconds the next one's comes."""
        now = self.clock.monotonic()
        ready = [session_id for session_id, due in self._due.items() if due <= now]
        for number, session_id in enumerate(ready, 1):
            self._due.pop(session_id, None)
            if self.is_writer():
                self._attend_safely(session_id, tasks)
            if number % BREATH == 0:
                await asyncio.sleep(0)
        return max(0.0, min(self._due.values()) - self.clock.monotonic()) if self._due else None

    def _opens_for_words(self, memory: ThoughtMemory | None) -> float:
        """The time before which a change of words alone is not looked at."""
        if memory is None or memory.is_asleep or memory.text == "":
            return 0.0
        if memory.called_at is None or self.setup.thinker is not None:
            return memory.attended_at + URGENT_GAP
        return memory.called_at + LINE_GAP

    def _attend_later(self, session_id: SessionId, at: float) -> None:
        self._due[session_id] = min(at, self._due.get(session_id, at))
        self._wake.set()

    def _attend_safely(self, session_id: SessionId, tasks: TaskGroup | None, row: Session | None = None) -> None:
        session = row or self.fleet().sessions.get(session_id)
        try:
            if session is not None:
                self._attend(session, tasks)
        except Exception as fault:  # a boundary: a fault over one session must not silence the others
            logger.exception("thinking about a session failed")
            self._failed(f"{type(fault).__name__}: {fault}")

    def _attend(self, session: Session, tasks: TaskGroup | None) -> None:
        session_id = session.session_id
        if session.is_stale or session.state is SessionState.EXITED:
            return
        insight = self.insight(session)
        if insight is None:
            return
        if insight.is_between:
            self._attend_later(session_id, self.clock.monotonic() + URGENT_GAP)
            return
        if self.publisher.must_yield(session):
            self.skipped[Skip.OTHER_ENGINE] += 1
            self._memories.pop(session_id, None)
            return
        now = self.clock.monotonic()
        memory = self._memories.get(session_id)
        held = self.publisher.held(session) if memory is None else None
        if memory is None:
            memory = memory_from(held, now)
        is_before = held is not None and session.created_at is not None and held.updated_at < session.created_at
        if is_before or memory.is_of_another(session):
            # What was said is not of this program, or not of what it talks about now.
            memory = ThoughtMemory(stable_since=now, text="", emission_seq=memory.emission_seq)
            self.publisher.speak(insight, memory, "", shift=True)
        self._memories[session_id] = memory
        memory.attended_at = now
        memory.conversation, memory.pid = session.conversation or "", session.pid
        if insight.is_waiting:
            self._fall_asleep(insight, memory)
            return
        woke = memory.is_asleep
        if woke:
            memory.wake(now)
            self.publisher.speak(insight, memory)
        self._describe(insight, memory, now, tasks, woke=woke)
        if self.publisher.is_news(insight, memory):
            self.publisher.speak(insight, memory)
        if session.state is SessionState.IDLE and memory.rest is RestState.ACTIVE:
            rests_in = (session.last_activity_at + DROWSY_AFTER - self.clock.now()).total_seconds()
            self._attend_later(session_id, now + max(rests_in, THOUGHTS_TOGETHER_SECONDS))

    def _fall_asleep(self, insight: Insight, memory: ThoughtMemory) -> None:
        """Say once that the session waits for the operator, in its own words where it has some."""
        line = self._line(insight)
        is_said = memory.is_asleep and (line is None or same_words(line, memory.text))
        if is_said and not self.publisher.is_news(insight, memory):
            self.skipped[Skip.SLEEPING] += 1
            return
        memory.is_asleep = True
        if is_said:
            self.publisher.speak(insight, memory)
        elif line or memory.text == "" or (line == "" and memory.text):
            self.publisher.speak(insight, memory, line or "")
            memory.note_text(line or "")
        else:
            self.publisher.speak(insight, memory, "Sleeping.", is_static=True)

    def _describe(
        self, insight: Insight, memory: ThoughtMemory, now: float, tasks: TaskGroup | None, *, woke: bool
    ) -> None:
        session_id = insight.session.session_id
        news = memory.news(insight)
        if isinstance(news, Skip):
            self.skipped[news] += 1
            if news is Skip.DELTA_BELOW_THRESHOLD and (self.setup.thinker is None or tasks is None):
                self._say_again(insight, memory, now)
            return
        if self._in_step and self.setup.is_enabled and self.setup.thinker is not None:
            # The model is asked in a moment; until it answers, nothing old is said of a new turn.
            if woke or news.is_other_task:
                self._say(insight, memory, self._line(insight), shift=False)
            return
        thinker = self.setup.thinker if self.setup.is_enabled and tasks is not None else None
        # When the next line may be made; judged before anything is asked.
        gap = LINE_GAP
        if news.is_other_state or news.is_other_task or not memory.text:
            # What an agent does changes seldom; what a shell runs may change at any time.
            gap = 0.0 if insight.agent else URGENT_GAP
        if thinker is not None:
            gap = self.setup.cadence.gap(now - memory.stable_since, objective_changed=news.shift)
        opens = now if memory.called_at is None else memory.called_at + gap
        if session_id in self._asked:
            self.skipped[Skip.IN_FLIGHT] += 1
        elif opens > now:
            self.skipped[Skip.CADENCE_GATE] += 1
            self._attend_later(session_id, opens)
        elif thinker is None or tasks is None:
            memory.note_described(insight, news, now)
            self._say(insight, memory, self._line(insight), shift=news.shift)
        elif now < self._not_before:
            self.skipped[Skip.BACK_OFF] += 1
            self._attend_later(session_id, self._not_before)
            self._say(insight, memory, self._line(insight), shift=False)
        else:
            self._ask(thinker, insight, memory, news, tasks)

    def _say_again(self, insight: Insight, memory: ThoughtMemory, now: float) -> None:
        """What a terminal runs by now and how far that is, which asks nobody: neither changes many characters."""
        is_named = (memory.text or "").startswith(insight.program)
        if is_named and not progress_in(last_line(insight.screen)):
            return
        opens = now if memory.called_at is None else memory.called_at + LINE_GAP
        if opens > now:
            self._attend_later(insight.session.session_id, opens)
            return
        memory.called_at = now
        self._say(insight, memory, self._line(insight), shift=False)

    def _ask(self, thinker: Thinker, insight: Insight, memory: ThoughtMemory, news: Novelty, tasks: TaskGroup) -> None:
        prompt = thinker.prompt(Subject(insight=insight, earlier=tuple(memory.history), described=memory.terminal))
        if prompt == memory.prompt:
            self.skipped[Skip.PROMPT_UNCHANGED] += 1
            return
        memory.prompt = prompt
        memory.note_described(insight, news, self.clock.monotonic())
        self._asked.add(insight.session.session_id)
        tasks.create_task(self._answer(thinker, insight, memory, prompt, news.shift))

    async def _answer(self, thinker: Thinker, insight: Insight, memory: ThoughtMemory, words: str, shift: bool) -> None:
        session_id = insight.session.session_id
        why: Skip | None = None
        text = ""
        try:
            async with self._room:
                text = tidy_answer((await thinker.think(words)).text)
            why = None if text else Skip.MODEL_EMPTY
            fault = f"{thinker.name} said nothing."
        except BudgetSpent as spent:
            why, fault = Skip.BUDGET, spent.message
        except ThinkerError as error:
            why, fault = Skip.MODEL_ERROR, error.message
        except Exception as error:  # a boundary: what a model's client raises is a fault of the model only
            logger.exception("asking a model failed")
            why, fault = Skip.MODEL_ERROR, f"{type(error).__name__}: {error}"
        finally:
            self._asked.discard(session_id)
        is_wanted = thinker is self.setup.thinker
        if why is not None and is_wanted:
            self.skipped[why] += 1
            if why is Skip.BUDGET:
                self.health = replace(self.health, limit=fault)
                self._report()
            else:
                self._failed(fault)
            self._not_before = self.clock.monotonic() + self.health.delay(self.setup.cadence.tick)
            memory.forget_question()
            self._attend_later(session_id, self._not_before)
        elif is_wanted:
            self.health = self.health.worked()
            self._report()
        if not is_wanted or memory.is_asleep or self._memories.get(session_id) is not memory:
            self.skipped[Skip.OVERTAKEN] += 1
            return
        # While the model is out of reach, a line made here is better than an old one.
        self._say(insight, memory, text or self._line(insight), shift=shift)
        self.moved([session_id])

    def _say(self, insight: Insight, memory: ThoughtMemory, text: str | None, *, shift: bool) -> None:
        if text is None or same_words(text, memory.text):
            self.skipped[Skip.EMPTY_CONTEXT if text is None else Skip.DUPLICATE] += 1
            memory.text = "" if text == "" and insight.agent else memory.text
            if shift:
                self.publisher.speak(insight, memory, shift=True)
            return
        self.publisher.speak(insight, memory, text, shift=shift)
        memory.note_text(text)

    def _line(self, insight: Insight) -> str | None:
        return self.line_of(insight) if self.setup.is_enabled else None

    def _failed(self, fault: str) -> None:
        self.health = self.health.failed(fault, self.clock.monotonic(), self.setup.cadence.tick)
        self._report()

    def _report(self) -> None:
        now, tick = self.clock.monotonic(), self.setup.cadence.tick
        self.report(THOUGHTS_WORKER, self.health.state(now, tick), self.health.detail(now, tick))
