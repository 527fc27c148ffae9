"""What the thought engine remembers of one session, and whether there is something new to think about."""

from __future__ import annotations

from collections import deque
from hashlib import blake2b
from operator import attrgetter
from typing import TYPE_CHECKING

from msgspec import Struct, field

from quarterdeck.core.insight import LEAST_CHANGE, changed_characters, context_of, fingerprint
from quarterdeck.core.model_calls import Skip
from quarterdeck.core.session import RestState, SessionState, ThoughtState
from quarterdeck.core.thought import is_real_thought

if TYPE_CHECKING:
    from quarterdeck.core.insight import Insight
    from quarterdeck.core.session import ActionCue, Need
    from quarterdeck.core.thought import ThoughtSnapshot
    from quarterdeck.core.transcript import AgentAction

EARLIER_TOLD = 3
SHOWN_FACTS = attrgetter("state", "needs", "asks", "tool", "is_stale")
"""What of a session is worth a line at once when it changes."""
TOLD_FACTS = attrgetter(
    *("last_activity_at", "title", "current_command", "token_count", "background_tasks", "state_evidence")
)
"""What of it shows that something went on."""


class Novelty(Struct, frozen=True):
    """What is new about a session since it was last described."""

    fingerprint: str
    shift: bool
    """Whether the session is after something else now."""
    is_other_state: bool
    is_other_task: bool
    context: object
    """By which the next look tells whether anything changed."""


class ThoughtMemory(Struct):
    """One session's memory. Times are seconds that never go back."""

    stable_since: float
    fingerprint: str | None = None
    attended_at: float = float("-inf")
    called_at: float | None = None
    """When a line was last asked for."""
    described: Novelty | None = None
    terminal: str = ""
    """The plain terminal's text as it was last described."""
    prompt: str = ""
    """What a model was last sent."""
    text: str | None = None
    history: deque[str] = field(default_factory=lambda: deque(maxlen=EARLIER_TOLD))
    """The latest lines, for whoever goes on from them."""
    is_asleep: bool = False
    rest: RestState = RestState.ACTIVE
    cues: tuple[ActionCue, ...] = ()
    reminded: tuple[tuple[AgentAction, ...], Need | None, tuple[ActionCue, ...]] | None = None
    """The steps the reminders were last drawn from, and those reminders."""
    emission_seq: int = 0
    state: SessionState | None = None
    task: str = ""

    def news(self, insight: Insight) -> Novelty | Skip:
        """What is new, or why there is nothing to say."""
        mark = fingerprint(insight)
        changed = mark != self.fingerprint
        state_changed = insight.session.state is not self.state
        if insight.agent:
            return self._agent_news(insight, mark, changed=changed, state_changed=state_changed)
        text = context_of(insight.screen)
        context = blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
        if not text.strip():
            return Skip.EMPTY_CONTEXT
        if not state_changed and self.described is not None:
            if context == self.described.context:
                return Skip.REPLAY_UNCHANGED
            if changed_characters(self.terminal, text) < LEAST_CHANGE:
                return Skip.DELTA_BELOW_THRESHOLD
        return Novelty(mark, changed, state_changed, insight.task != self.task, context)

    def _agent_news(self, insight: Insight, mark: str, *, changed: bool, state_changed: bool) -> Novelty | Skip:
        session, view = insight.session, insight.view
        asked = (session.asks.kind, session.asks.text) if session.asks else None
        told = (view.turn_count, len(view.actions), view.turn_text, view.last_question) if view else ()
        told = (*told, insight.tool, insight.task, insight.report.last_text, asked, session.needs)
        context = (told, view.updated_at if view else None, view.actions[-1:] if view else ())
        if self.described is not None and not state_changed:
            if context == self.described.context:
                return Skip.CONTEXT_UNCHANGED
            if not changed and isinstance(self.described.context, tuple) and told == self.described.context[0]:
                return Skip.OBJECTIVE_UNCHANGED
        return Novelty(mark, changed, state_changed, insight.task != self.task, context)

    def note_described(self, insight: Insight, news: Novelty, now: float) -> None:
        """A line about this was made, or asked for."""
        self.called_at, self.described = now, news
        self.state, self.task = insight.session.state, insight.task
        self.terminal = "" if insight.agent else context_of(insight.screen)
        if news.shift:
            self.fingerprint, self.stable_since = news.fingerprint, now

    def forget_question(self) -> None:
        """What was asked has no answer that counts; it may be asked again as soon as anything may."""
        self.described, self.prompt, self.called_at = None, "", None

    def note_text(self, text: str) -> None:
        """A line was said."""
        self.text = text
        if is_real_thought(text):
            self.history.append(text)

    def wake(self, now: float) -> None:
        """What the session is after may be something else now."""
        self.is_asleep, self.fingerprint, self.described, self.stable_since = False, None, None, now


def memory_from(held: ThoughtSnapshot | None, now: float) -> ThoughtMemory:
    """The memory to begin with: what was kept of the session."""
    if held is None:
        return ThoughtMemory(stable_since=now)
    memory = ThoughtMemory(
        stable_since=now,
        fingerprint=held.objective_fingerprint,
        text=held.thought,
        is_asleep=held.thought_state is ThoughtState.SLEEPING,
        rest=held.rest_state,
        cues=held.action_cues,
    )
    if is_real_thought(held.thought) and held.thought is not None:
        memory.history.append(held.thought)
    return memory
