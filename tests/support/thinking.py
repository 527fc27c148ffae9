"""A thought engine on a clock that is held still, over sessions that a test makes up."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from quarterdeck.core.fleet import Fleet
from quarterdeck.core.insight import Insight
from quarterdeck.core.model_calls import Cadence
from quarterdeck.core.session import Session, SessionId, SessionState
from quarterdeck.core.transcript import ActionKind, AgentAction, TranscriptView
from quarterdeck.ports.thinker import Answer, EngineSetup, Subject
from quarterdeck.supervisor.accepted_thoughts import AcceptedThoughts, ThoughtQueue
from quarterdeck.supervisor.session_thoughts import ThoughtPublisher
from quarterdeck.supervisor.thought_engine import ThoughtEngine
from quarterdeck.thoughts import prompt as prompts
from quarterdeck.thoughts.local import line_of
from quarterdeck.values import replace
from support.canned import StillClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from quarterdeck.core.events import Health
    from quarterdeck.core.thought import ThoughtSnapshot, ThoughtUpdate

CADENCE = Cadence(tick=15, hot=15, warm=45, cold=120)
ONE = SessionId("sess_1")


def session_of(state: SessionState = SessionState.BUSY, **fields: object) -> Session:
    """A row; the clock's time is its last activity."""
    base = Session(
        session_id=ONE,
        tmux_name="web",
        tmux_server="/tmp/s",
        state=state,
        tool="Claude Code",
        last_activity_at=StillClock().moment,
    )
    return replace(base, **fields)  # type: ignore[arg-type] # fields of many types arrive through one mapping


def view_of(
    prompt: str = "fix the login redirect", *steps: AgentAction | str, said: str = "", **more: object
) -> TranscriptView:
    """A transcript with one prompt and these steps after it."""
    actions = tuple(
        step
        if isinstance(step, AgentAction)
        else AgentAction(kind=ActionKind.TOOL, tool=step.partition(":")[0], text=step)
        for step in steps
    )
    if said:
        actions = (*actions, AgentAction(kind=ActionKind.SAID, text=said))
    view = TranscriptView(
        turns=(prompt,) if prompt else (),
        turn_count=1 if prompt else 0,
        actions=actions,
        turn_actions=len(actions),
        last_text=said,
        turn_text=said,
    )
    return replace(view, **more)  # type: ignore[arg-type] # as above


def agent_of(view: TranscriptView | None = None, session: Session | None = None, **fields: object) -> Insight:
    """What is known of an agent at work."""
    base = Insight(session=session or session_of(), agent="Claude Code", view=view)
    return replace(base, **fields)  # type: ignore[arg-type] # as above


def terminal_of(
    screen: str, state: SessionState = SessionState.BUSY, command: str = "make", **fields: object
) -> Insight:
    """What is known of a plain terminal."""
    session = session_of(state, tool=None, current_command=command)
    base = Insight(session=session, screen=screen)
    return replace(base, **fields)  # type: ignore[arg-type] # as above


@dataclass
class Model:
    """A model that answers as it is told, and writes down what it was asked."""

    answers: list[str | Exception] = field(default_factory=lambda: ["making the redirect keep its query"])
    asked: list[str] = field(default_factory=list)
    gate: asyncio.Event | None = None
    """Holds answers back until set."""
    at_once: int = 0
    most_at_once: int = 0
    name: str = "model"

    def prompt(self, subject: Subject) -> str:
        """The built-in prompt."""
        return prompts.build(subject)

    async def think(self, prompt: str) -> Answer:
        """The next answer; the last one again and again."""
        self.asked.append(prompt)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self.gate is not None:
                await self.gate.wait()
        finally:
            self.at_once -= 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return Answer(answer, 10, 5)

    async def models(self) -> list[str]:
        """None."""
        return []

    async def close(self) -> None:
        """Nothing is held."""


class NotedThoughts(AcceptedThoughts):
    """Writes down every update that counts."""

    def __init__(self, queue: ThoughtQueue, updates: list[ThoughtUpdate]) -> None:
        super().__init__(queue)
        self._updates = updates

    def take(self, update: ThoughtUpdate) -> ThoughtSnapshot | None:
        taken = super().take(update)
        if taken is not None:
            self._updates.append(update)
        return taken


class Rig:
    """The engine and everything around it."""

    def __init__(self, model: Model | None = None, *, line: Callable[[Insight], str | None] = line_of) -> None:
        self.clock = StillClock()
        self.model = model
        self.known: dict[SessionId, Insight] = {}
        self.updates: list[ThoughtUpdate] = []
        self.told: list[tuple[str, Health, str]] = []
        self.is_writer = True

        async def keep(update: ThoughtUpdate) -> None:
            del update

        self.queue = ThoughtQueue(keep)
        self.thoughts = NotedThoughts(self.queue, self.updates)
        self.shown: list[SessionId] = []
        self.engine = ThoughtEngine(
            fleet=lambda: Fleet(sessions={key: each.session for key, each in self.known.items()}),
            insight=self._insight,
            publisher=ThoughtPublisher(
                clock=self.clock, thoughts=self.thoughts, pane_of=lambda session: None, show=self.shown.append
            ),
            line_of=line,
            setup=self.setup(),
            clock=self.clock,
            report=lambda *words: self.told.append(words),
            is_writer=lambda: self.is_writer,
        )

    def _insight(self, session: Session) -> Insight | None:
        known = self.known.get(session.session_id)
        return replace(known, session=session) if known is not None else None

    def setup(self, **fields: object) -> EngineSetup:
        """How the engine works, by default."""
        base = EngineSetup(thinker=self.model, cadence=CADENCE, concurrency=2)
        return replace(base, **fields)  # type: ignore[arg-type] # as above

    @property
    def held(self) -> ThoughtSnapshot | None:
        """What a row of the one session would show."""
        return self.thoughts.held(session_of(), None)

    @property
    def line(self) -> str | None:
        """Its thought."""
        return self.held.thought if self.held else None

    async def see(self, *insights: Insight, after: float = 20.0) -> list[ThoughtUpdate]:
        """Let time pass, let sessions be so, and let the engine attend to them; answers the updates that came of it."""
        self.clock.advance(after)
        before = len(self.updates)
        for insight in insights:
            now = replace(insight.session, last_activity_at=max(insight.session.last_activity_at, StillClock().moment))
            self.known[insight.session.session_id] = replace(insight, session=now)
            self.engine.moved([insight.session.session_id])
        await self.wait(1.1)
        return self.updates[before:]

    async def wait(self, seconds: float) -> None:
        """Let time pass, and the engine do what is due by then."""
        self.clock.advance(seconds)
        async with asyncio.TaskGroup() as tasks:
            await self.engine.attend_due(tasks)

    def skips(self) -> dict[str, int]:
        """How often it passed over the session, by reason."""
        return {why.name.lower(): count for why, count in self.engine.skipped.items()}
