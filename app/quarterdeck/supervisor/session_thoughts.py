"""What the thought engine remembers of each session, what is new to think about, and how its words reach the rows."""

from __future__ import annotations

import secrets
from collections import Counter, deque
from hashlib import blake2b
from operator import attrgetter
from typing import TYPE_CHECKING

from msgspec import Struct, field

from quarterdeck.core.insight import LEAST_CHANGE, changed_characters, context_of, fingerprint
from quarterdeck.core.model_calls import Skip
from quarterdeck.core.reading import rest_state_from_idle
from quarterdeck.core.session import ActionCueKind, RestState, SessionState, ThoughtSource, ThoughtState
from quarterdeck.core.thought import OUR_STREAMS, ThoughtSnapshot, ThoughtUpdate, is_ours, is_real_thought
from quarterdeck.core.transcript import action_cues

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from quarterdeck.core.insight import Insight
    from quarterdeck.core.pane import Pane
    from quarterdeck.core.session import ActionCue, Need, Session, SessionId
    from quarterdeck.core.transcript import AgentAction
    from quarterdeck.ports.clock import Clock
    from quarterdeck.supervisor.accepted_thoughts import AcceptedThoughts

OTHERS_ARE_HEARD_FOR = 600.0
"""Seconds for which an engine outside that has spoken of a session is not talked over."""
EARLIER_TOLD = 3
SHOWN_FACTS = attrgetter("state", "needs", "asks", "tool", "is_stale", "conversation", "pid")
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
    """The line that was said last; "" = that there is nothing to say."""
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
    conversation: str = ""
    pid: int = 0
    """The program of its pane."""

    def is_of_another(self, session: Session) -> bool:
        """Whether what was said is of another conversation than a session has now, or of another program."""
        return self.conversation not in {"", session.conversation} or self.pid not in {0, session.pid}

    def news(self, insight: Insight) -> Novelty | Skip:
        """What is new, or why there is nothing to say."""
        mark = fingerprint(insight)
        changed = mark != self.fingerprint
        state_changed = insight.session.state is not self.state
        if insight.agent:
            return self._agent_news(insight, mark, changed=changed, state_changed=state_changed)
        text = context_of(insight.screen)
        context = blake2b(f"{insight.program}\n{text}".encode("utf-8", "replace"), digest_size=8).digest()
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


class ThoughtPublisher:
    """Numbers what the engine says of each session, and hands it over."""

    def __init__(
        self,
        *,
        clock: Clock,
        thoughts: AcceptedThoughts,
        pane_of: Callable[[Session], Pane | None],
        show: Callable[[SessionId], None],
    ) -> None:
        self._clock = clock
        self._thoughts = thoughts
        self._pane_of = pane_of
        self._show = show
        self.skipped: Counter[Skip] = Counter()
        """How often sessions were passed over, by reason."""
        self._stream = OUR_STREAMS + secrets.token_hex(6)
        self._heard: dict[SessionId, tuple[ThoughtSnapshot, float]] = {}
        self.is_told_with_rows = False
        """Whether the rows are about to be told anyway."""

    def held(self, session: Session) -> ThoughtSnapshot | None:
        """The last word about a session, whoever said it."""
        return self._thoughts.held(session, self._pane_of(session))

    def must_yield(self, session: Session) -> bool:
        """Whether an engine outside speaks for this session now."""
        held = self.held(session)
        if held is None or is_ours(held):
            self._heard.pop(session.session_id, None)
            return False
        # Counted from when we heard it: the engine's own times may be of another clock, or of a replay.
        now = self._clock.monotonic()
        word, since = self._heard.get(session.session_id, (None, now))
        if word != held:
            since = now
        self._heard[session.session_id] = (held, since)
        return now - since < OTHERS_ARE_HEARD_FOR

    def is_news(self, insight: Insight, memory: ThoughtMemory) -> bool:
        """Whether rest or reminders differ from what was said last."""
        return _facts(insight, memory, self._clock.now()) != (memory.rest, memory.cues)

    def speak(
        self,
        insight: Insight,
        memory: ThoughtMemory,
        thought: str | None = None,
        *,
        shift: bool = False,
        is_static: bool = False,
    ) -> None:
        """A line about a session; without one, something else about it is new: its rest, a reminder, its objective.

        A static line stands for a session that waits and has nothing to say; its last real thought stays.
        """
        state = ThoughtState.ACTIVE if shift else ThoughtState.HOLDING
        source = ThoughtSource.CARRY_FORWARD if thought is None else ThoughtSource.LLM
        if memory.is_asleep:
            state = ThoughtState.SLEEPING
            source = ThoughtSource.STATIC_SLEEPING if is_static else ThoughtSource.CARRY_FORWARD
        now = self._clock.now()
        session = insight.session
        memory.rest, memory.cues = _facts(insight, memory, now)
        memory.emission_seq += 1
        snapshot = ThoughtSnapshot(
            # Where there is nothing to say, no words of before are carried forward.
            thought="" if thought is None and memory.text == "" else thought,
            thought_state=state,
            thought_source=source,
            rest_state=memory.rest,
            commit_candidate=any(cue.kind is ActionCueKind.COMMIT_READY for cue in memory.cues),
            action_cues=memory.cues,
            objective_fingerprint=memory.fingerprint,
            updated_at=now,
            stream_instance_id=self._stream,
            emission_seq=memory.emission_seq,
        )
        # Filed where the session was last spoken of: under its id, or under its pane.
        key = self._thoughts.key(session, self._pane_of(session))
        if self._thoughts.take(ThoughtUpdate(session_id=key, snapshot=snapshot, objective_changed=shift)) is None:
            # Somebody else has spoken meanwhile; as a new stream we are heard again.
            memory.emission_seq = 0
            self.skipped[Skip.STALE_DELIVERY] += 1
        elif not self.is_told_with_rows:
            self._show(session.session_id)


def _facts(insight: Insight, memory: ThoughtMemory, now: datetime) -> tuple[RestState, tuple[ActionCue, ...]]:
    """How a session rests, and what there is to be reminded of."""
    session = insight.session
    actions = insight.view.actions if insight.view else ()
    if memory.reminded is None or memory.reminded[0] is not actions or memory.reminded[1] != session.needs:
        memory.reminded = (actions, session.needs, action_cues(actions, session.needs))
    cues = memory.reminded[2]
    if insight.is_waiting:
        return RestState.SLEEPING, cues
    return rest_state_from_idle(session.state, session.last_activity_at, now), cues
