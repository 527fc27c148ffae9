"""A session in which every field says something, and what tells two of them apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from quarterdeck.core.pane import PaneId, TmuxSessionId
from quarterdeck.core.session import (
    ActionCue,
    ActionCueKind,
    Ask,
    Confidence,
    Evidence,
    ExitReason,
    Need,
    RestState,
    Session,
    SessionId,
    SessionState,
    ThoughtSource,
    ThoughtState,
    TransportHealth,
)
from quarterdeck.core.session_fields import FIELDS
from quarterdeck.core.subagent import Subagent
from quarterdeck.core.work import Work
from quarterdeck.values import replace

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)
FULL = Session(
    session_id=SessionId("sess_1"),
    tmux_name="work",
    tmux_server="/tmp/s",
    pane_id=PaneId("%1"),
    state=SessionState.BUSY,
    state_evidence=Evidence(cause="hook", confidence=Confidence.HIGH, observed_at=NOON),
    needs=Need.PERMISSION,
    asks=Ask(kind=Need.PERMISSION, text="May I?", since=NOON),
    current_command="node",
    cwd="/repo",
    tool="Codex",
    token_count=1,
    context_limit=2,
    thought="reads",
    thought_state=ThoughtState.SLEEPING,
    thought_source=ThoughtSource.LLM,
    thought_updated_at=NOON,
    rest_state=RestState.DEEP_SLEEP,
    commit_candidate=True,
    action_cues=(ActionCue(kind=ActionCueKind.COMMIT_READY),),
    objective_changed_at=NOON,
    last_skill="review",
    is_stale=True,
    attached_clients=3,
    transport_health=TransportHealth.DEGRADED,
    last_activity_at=NOON,
    repo_theme_id="/repo",
    cost_usd=0.5,
    model="one",
    work=Work(project="deck"),
    conversation="conversation",
    limited_until=NOON,
    subagents=(Subagent(name="Explore", thought="reads the tests", key="a1", since=NOON),),
    window_index=1,
    window_name="review",
    pane_index=2,
    rows_in_session=4,
    tmux_id=TmuxSessionId("$1"),
    incarnation="run",
    bound_pane=PaneId("%1"),
    rows_in_window=2,
    windows_alike=3,
    pid=7,
    created_at=NOON,
    title="a title",
    agent="codex",
    runs_agent=True,
    objective_fingerprint="print",
    background_tasks=4,
    held_messages=5,
    exit_reason=ExitReason.API_DELETE,
    exit_status=6,
    ended_at=NOON,
)
LIVE = replace(FULL, is_stale=False, ended_at=None, exit_reason=None, rest_state=RestState.ACTIVE)


def differing(before: Session, after: Session) -> set[str]:
    """The names of the fields that are not the same."""
    return {each.name for each in FIELDS if getattr(before, each.name) != getattr(after, each.name)}
