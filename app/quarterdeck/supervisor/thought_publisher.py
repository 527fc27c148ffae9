"""How the engine's words reach the rows: as numbered updates, judged by the same rule as any other engine's."""

from __future__ import annotations

import secrets
from collections import Counter
from typing import TYPE_CHECKING

from quarterdeck.core.model_calls import Skip
from quarterdeck.core.reading import rest_state_from_idle
from quarterdeck.core.session import ActionCueKind, RestState, ThoughtSource, ThoughtState
from quarterdeck.core.thought import OUR_STREAMS, ThoughtSnapshot, ThoughtUpdate, is_ours
from quarterdeck.core.transcript import action_cues

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from quarterdeck.core.insight import Insight
    from quarterdeck.core.pane import Pane
    from quarterdeck.core.session import ActionCue, Session, SessionId
    from quarterdeck.ports.clock import Clock
    from quarterdeck.supervisor.accepted_thoughts import AcceptedThoughts
    from quarterdeck.supervisor.thought_memory import ThoughtMemory

OTHERS_ARE_HEARD_FOR = 600.0
"""Seconds for which an engine outside that has spoken of a session is not talked over."""


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

    def say(
        self, insight: Insight, memory: ThoughtMemory, thought: str, *, state: ThoughtState, shift: bool = False
    ) -> None:
        """A new line about a session."""
        source = ThoughtSource.CARRY_FORWARD if state is ThoughtState.SLEEPING else ThoughtSource.LLM
        self._speak(insight, memory, thought, state, source, shift=shift)

    def keep(self, insight: Insight, memory: ThoughtMemory, *, shift: bool = False) -> None:
        """No new line, but something else about the session is: its rest, a reminder, its objective."""
        state = ThoughtState.SLEEPING if memory.is_asleep else ThoughtState.ACTIVE if shift else ThoughtState.HOLDING
        self._speak(insight, memory, None, state, ThoughtSource.CARRY_FORWARD, shift=shift)

    def sleep(self, insight: Insight, memory: ThoughtMemory) -> None:
        """The session waits and has nothing to say of it: its last real thought stays."""
        self._speak(insight, memory, "Sleeping.", ThoughtState.SLEEPING, ThoughtSource.STATIC_SLEEPING)

    def is_news(self, insight: Insight, memory: ThoughtMemory) -> bool:
        """Whether rest or reminders are other than was last said."""
        return _facts(insight, memory, self._clock.now()) != (memory.rest, memory.cues)

    def _speak(
        self,
        insight: Insight,
        memory: ThoughtMemory,
        thought: str | None,
        state: ThoughtState,
        source: ThoughtSource,
        *,
        shift: bool = False,
    ) -> None:
        now = self._clock.now()
        session = insight.session
        memory.rest, memory.cues = _facts(insight, memory, now)
        memory.emission_seq += 1
        snapshot = ThoughtSnapshot(
            thought=thought,
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
        else:
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
