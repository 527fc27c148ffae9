"""What a transcript adds up to, whatever its format: readers of each agent enter rows here."""

from __future__ import annotations

from collections import OrderedDict, deque
from enum import StrEnum
from typing import TYPE_CHECKING

from quarterdeck.agents.gist import action_kind, asked, tool_gist, tool_request
from quarterdeck.agents.limits import reset_time
from quarterdeck.agents.plan_steps import PlanSteps
from quarterdeck.agents.subagent_book import SubagentBook
from quarterdeck.core.reading import Reading
from quarterdeck.core.session import Confidence, Need, SessionState, Source
from quarterdeck.core.text import clean_lines
from quarterdeck.core.transcript import (
    ACTION_LENGTH,
    ACTIONS_KEPT,
    TURN_LENGTH,
    TURNS_KEPT,
    ActionKind,
    AgentAction,
    TranscriptView,
)
from quarterdeck.values import replace

if TYPE_CHECKING:
    from datetime import datetime

    from quarterdeck.core.foreign_json import Json

WRITTEN_RESTING_SECONDS = 5.0
"""After that, whoever sees the present may say that a new turn has begun."""
WRITTEN_WORKING_SECONDS = 60.0
WRITTEN_ASKING_SECONDS = 10.0
SHORTEST_SAID = 5


class Phase(StrEnum):
    """Where the conversation stands."""

    NEW = "new"
    WORKING = "working"
    """A prompt or a tool's result was the last word: the model is at work."""
    TOOL = "tool"
    """A tool call has no result: it runs, or waits to be allowed."""
    ASKED = "asked"
    """The agent asked the operator."""
    LEAVE = "leave"
    """The agent waits for leave: to use a tool, or to follow a plan."""
    OVER = "over"
    MAYBE_OVER = "maybe_over"
    """The agent spoke; whether it goes on is not told."""
    RESTING = "resting"
    INTERRUPTED = "interrupted"
    ERROR = "error"


_CLAIMS: dict[Phase, tuple[SessionState, Need | None, Confidence, float]] = {
    Phase.WORKING: (SessionState.BUSY, None, Confidence.MEDIUM, WRITTEN_WORKING_SECONDS),
    Phase.TOOL: (SessionState.BUSY, None, Confidence.LOW, WRITTEN_WORKING_SECONDS),
    Phase.ASKED: (SessionState.ATTENTION, Need.QUESTION, Confidence.MEDIUM, WRITTEN_ASKING_SECONDS),
    Phase.LEAVE: (SessionState.ATTENTION, Need.PERMISSION, Confidence.MEDIUM, WRITTEN_ASKING_SECONDS),
    Phase.OVER: (SessionState.IDLE, Need.FINISHED, Confidence.HIGH, WRITTEN_RESTING_SECONDS),
    Phase.MAYBE_OVER: (SessionState.IDLE, Need.FINISHED, Confidence.LOW, WRITTEN_RESTING_SECONDS),
    Phase.RESTING: (SessionState.IDLE, None, Confidence.MEDIUM, WRITTEN_RESTING_SECONDS),
    Phase.INTERRUPTED: (SessionState.IDLE, None, Confidence.HIGH, WRITTEN_RESTING_SECONDS),
    Phase.ERROR: (SessionState.ERROR, Need.ERROR, Confidence.HIGH, WRITTEN_RESTING_SECONDS),
}


class Ledger:
    """Mutable while a transcript is read; `view` is what others get."""

    def __init__(self) -> None:
        self.session_id = ""
        self.model = ""
        self.cost_usd: float | None = None
        self.context_limit: int | None = None
        self.token_count = 0
        self.last_text = ""
        self.last_question = ""
        self.choices: tuple[str, ...] = ()
        self.turn_count = 0
        self.turn_text = ""
        self._turn_actions = 0
        self.tries = 0
        """Calls of the model that failed one after the other and are tried again."""
        self.phase = Phase.NEW
        self.phase_at: datetime | None = None
        self.detail = ""
        self.until: datetime | None = None
        self.limit_ends: datetime | None = None
        """When a limit that is used up ends, from counts rather than from words."""
        self.updated_at: datetime | None = None
        self._is_prompted = True
        self._turns: deque[str] = deque(maxlen=TURNS_KEPT)
        self._actions: deque[AgentAction] = deque(maxlen=ACTIONS_KEPT)
        self._open: OrderedDict[str, str] = OrderedDict()
        self.subagents = SubagentBook()
        self._steps = PlanSteps()

    def stands(self, phase: Phase, at: datetime | None, *, detail: str = "") -> None:
        """Where the conversation stands now; an error may last until a limit is over."""
        self.phase, self.detail = phase, detail
        self.until = reset_time(detail, at) if phase is Phase.ERROR and at else None
        self.phase_at = at or self.updated_at
        if phase in {Phase.OVER, Phase.INTERRUPTED, Phase.ERROR}:
            self._open.clear()
            self.subagents.turn_over(at)

    def begins(self, at: datetime | None) -> None:
        """Enter that a turn begins, whatever for."""
        self._is_prompted = False
        self.turn_text = ""
        self._turn_actions = 0
        self.stands(Phase.WORKING, at)

    def prompt(self, text: str, at: datetime | None) -> None:
        """Enter what the operator asked for."""
        self._turns.append(clean_lines(text)[:TURN_LENGTH])
        self._is_prompted = True
        self.turn_count += 1
        self.turn_text = ""
        self._turn_actions = self.tries = 0
        self._steps.clear()
        self._open.clear()
        self.subagents.turn_over(at)
        self.stands(Phase.WORKING, at)

    def said(self, text: str) -> None:
        """Enter what the agent said."""
        text = clean_lines(text).strip()
        if not text:
            return
        self.last_text = self.turn_text = text[:TURN_LENGTH]
        if len(text) > SHORTEST_SAID:
            self._did(AgentAction(kind=ActionKind.SAID, text=text[:ACTION_LENGTH]))

    def thought(self) -> None:
        """Enter that the agent thought; its thought is not kept."""
        if not self._actions or self._actions[-1].kind is not ActionKind.THINKING:
            self._did(AgentAction(kind=ActionKind.THINKING, text="thinking"))

    def called(
        self, call_id: str, tool: str, arguments: Json, at: datetime | None, *, asks: bool, plan: bool = False
    ) -> None:
        """Enter a tool call, which is open until it is answered."""
        gist = tool_gist(tool, arguments)
        self._open[call_id] = gist
        self.subagents.called(call_id, tool, arguments, at)
        self._steps.called(tool, arguments)
        self._did(AgentAction(kind=action_kind(tool, arguments), text=gist[:ACTION_LENGTH], tool=tool, call_id=call_id))
        if asks:
            self.last_question, self.choices = asked(arguments)
            self.stands(Phase.ASKED, at)
        elif plan:
            self.wants_leave(tool_request(tool, arguments), at)
        else:
            self.stands(Phase.TOOL, at, detail=gist)

    def wants_leave(self, request: str, at: datetime | None) -> None:
        """Enter that the agent waits to be allowed something."""
        self.last_question, self.choices = request, ()
        self.stands(Phase.LEAVE, at)

    def _did(self, action: AgentAction) -> None:
        self._actions.append(action)
        self._turn_actions = min(self._turn_actions + 1, ACTIONS_KEPT)

    def answered(self, call_id: str, at: datetime | None, *, ok: bool | None) -> None:
        """Enter that a tool call has its result."""
        self._open.pop(call_id, None)
        self.subagents.answered(call_id)
        for index in range(len(self._actions) - 1, max(-1, len(self._actions) - 50), -1):
            if self._actions[index].call_id == call_id:
                self._actions[index] = replace(self._actions[index], ok=ok)
                break
        self.stands(Phase.TOOL if self._open else Phase.WORKING, at, detail=self.current_tool)

    @property
    def current_tool(self) -> str:
        """The newest tool call without a result."""
        return next(reversed(self._open.values()), "")

    def view(self) -> TranscriptView:
        """What it all adds up to."""
        return TranscriptView(
            reading=self._reading(),
            session_id=self.session_id,
            turns=tuple(self._turns),
            turn_count=self.turn_count,
            is_prompted=self._is_prompted,
            actions=tuple(self._actions),
            current_tool=self.current_tool,
            plan_step=self._steps.now(),
            last_text=self.last_text,
            turn_text=self.turn_text,
            turn_actions=self._turn_actions,
            last_question=self.last_question,
            token_count=self.token_count,
            context_limit=self.context_limit,
            model=self.model,
            cost_usd=self.cost_usd,
            updated_at=self.updated_at,
            subagents=self.subagents.view(),
        )

    def _reading(self) -> Reading | None:
        if self.phase is Phase.NEW or self.phase_at is None:
            return None
        state, needs, confidence, lasts = _CLAIMS[self.phase]
        asks = state is SessionState.ATTENTION
        return Reading(
            source=Source.TRANSCRIPT,
            state=state,
            cause=f"transcript_{self.phase.value}",
            confidence=confidence,
            at=self.phase_at,
            detail=self.detail[:500],
            needs=needs,
            question=self.last_question if asks else "",
            choices=self.choices if asks else (),
            until=self.until,
            lasts=lasts,
        )
