"""Thoughts: what an engine says of a session, and the record we keep of it."""

from __future__ import annotations

from quarterdeck.core.aware_time import AwareTime  # noqa: TC001 — read at run time, with what is kept
from quarterdeck.core.session import ActionCue, RestState, ThoughtSource, ThoughtState
from quarterdeck.values import value


@value(kw_only=True)
class ThoughtSnapshot:
    """The last accepted word about one session, keyed by session id or by pane key, with its delivery watermark."""

    thought: str | None = None
    thought_state: ThoughtState = ThoughtState.HOLDING
    thought_source: ThoughtSource = ThoughtSource.CARRY_FORWARD
    rest_state: RestState = RestState.ACTIVE
    commit_candidate: bool = False
    action_cues: tuple[ActionCue, ...] = ()
    objective_changed_at: AwareTime | None = None
    objective_fingerprint: str | None = None
    token_count: int = 0
    context_limit: int = 0
    updated_at: AwareTime
    stream_instance_id: str | None = None
    emission_seq: int = 0


@value(kw_only=True)
class ThoughtUpdate:
    """One update as an engine sends it, before the delivery rule has judged it."""

    session_id: str
    """One of our ids, or a pane key `tmux:<name>:<window>.<pane>:%<id>`."""
    snapshot: ThoughtSnapshot
    objective_changed: bool = False
