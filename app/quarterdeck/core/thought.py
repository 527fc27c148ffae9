"""Thoughts: what an engine says of a session, and the record we keep of it."""

from __future__ import annotations

from msgspec import Struct

from quarterdeck.core.aware_time import AwareTime  # noqa: TC001 — read at run time, with what is kept
from quarterdeck.core.session import ActionCue, RestState, ThoughtSource, ThoughtState


class ThoughtSnapshot(Struct, frozen=True, kw_only=True):
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


class ThoughtUpdate(Struct, frozen=True, kw_only=True):
    """One update as an engine sends it, before the delivery rule has judged it."""

    session_id: str
    """One of our ids, or a pane key `tmux:<name>:<window>.<pane>:%<id>`."""
    snapshot: ThoughtSnapshot
    objective_changed: bool = False
