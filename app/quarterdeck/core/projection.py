"""What a row says: facts, readings, thought, work and notes put onto what was known before, in one pure function.

Who sets which field stands in `FIELDS`, beside the class. Only `core/session_ends.py`, and `core/detached_row.py` for
agents that no pane shows, make one session of another besides.
"""

from __future__ import annotations

from datetime import UTC, datetime
from operator import attrgetter
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.reading import REPORTED, UNBEGUN, evidence_of, fallback_rest_state, rest_state_from_idle
from quarterdeck.core.session import (
    ASKING,
    Confidence,
    Evidence,
    Need,
    RestState,
    SessionState,
    Source,
    TransportHealth,
)
from quarterdeck.core.session_fields import FIELDS
from quarterdeck.values import replace

if TYPE_CHECKING:
    from quarterdeck.core.pane import Pane
    from quarterdeck.core.reading import Reading
    from quarterdeck.core.report import ReportState
    from quarterdeck.core.session import Ask, Session, ShownAgent
    from quarterdeck.core.subagent import Subagent
    from quarterdeck.core.thought import ThoughtSnapshot
    from quarterdeck.core.transcript import TranscriptView
    from quarterdeck.core.work import Work

WORKING = frozenset({SessionState.BUSY, SessionState.ERROR, SessionState.ATTENTION})

_OWN = tuple(field.name for field in FIELDS if not field.follows)
_own_of = attrgetter(*_OWN)


class Seen(Struct, frozen=True, kw_only=True):
    """The plain facts of one look."""

    pane: Pane
    clients: int
    """Terminals that show the session."""
    incarnation: str
    is_bound: bool = False
    """Whether the row follows this pane, and does not only show what its tmux session shows."""
    rows: int = 1
    """How many rows its tmux session has."""
    rows_in_window: int = 1
    """How many of them stand in its window."""
    windows_alike: int = 1
    """How many of their windows are called as its own is."""


class Conclusion(Struct, frozen=True, kw_only=True):
    """What was read of the program in a pane."""

    reading: Reading
    """The one that counts."""
    needs: Need | None
    """What it wants, unless the operator has seen it already."""
    asks: Ask | None
    agent: ShownAgent | None = None
    """The one that runs."""
    runs_agent: bool = False
    view: TranscriptView
    report: ReportState
    is_agent_alive: bool = False
    conversation: str = ""
    """The one its process is in, where that can be seen."""
    subagents: tuple[Subagent, ...] = ()
    limited_until: datetime | None = None
    skill: str | None = None
    """The one its operator asked for last."""
    active_at: datetime | None = None


class Recorded(Struct, frozen=True, kw_only=True):
    """What the work records say of a session."""

    work: Work | None
    ask: Ask | None
    """What its agent reported to need, until that is answered."""


class KnownFacts(Struct, frozen=True, kw_only=True):
    """All that may be known of a session beside its row; None: nothing new."""

    followed: Session | None = None
    """The row as the process has it that keeps the rows, when that is not this one."""
    seen: Seen | None = None
    started_with: ShownAgent | None = None
    """The agent that a new session was made for."""
    conclusion: Conclusion | None = None
    thought: ThoughtSnapshot | None = None
    recorded: Recorded | None = None
    theme_id: str | None = None
    """"" where its folder has none."""
    held_messages: int | None = None


def project(before: Session, known: KnownFacts, now: datetime) -> Session:
    """The row with all that is known of it; the very same row where that is nothing new."""
    after = before
    if known.followed is not None:
        # What the process derived that writes the rows; what a look shows plainly stays as we see it ourselves.
        after = replace(known.followed, **dict(zip(_OWN, _own_of(after), strict=True)))
    if known.seen is not None:
        after = _with_look(after, known.seen, now)
    if known.conclusion is not None:
        after = _with_conclusion(after, known.conclusion, now)
    if known.thought is not None:
        after = _with_thought(after, known.thought)
    if known.recorded is not None:
        after = _with_record(after, known.recorded)
    after = _with_notes(after, known)
    return before if after == before else after


def shows_as(session: Session, seen: Seen) -> bool:
    """Whether a look says nothing new of a row: most of a fleet has not changed between two looks."""
    pane = seen.pane
    return (
        is_same_place(session, seen)
        and session.title == pane.title
        and session.current_command == (pane.command or None)
        and (not pane.path or session.cwd == pane.path)
        and session.attached_clients == seen.clients
        and session.rows_in_session == seen.rows
        and session.rows_in_window == seen.rows_in_window
        and session.windows_alike == seen.windows_alike
        and session.exit_reason is None
        and session.exit_status is None
        and session.ended_at is None
        and session.created_at is not None
        and session.created_at.timestamp() == pane.session_created
    )


def is_same_place(session: Session, seen: Seen) -> bool:
    """Whether a row is certain, and of the same pane and process as a look shows, in the same place by name."""
    pane = seen.pane
    return (
        session.pane_id == pane.pane_id
        and (session.bound_pane is not None) == seen.is_bound
        and session.pid == pane.pid
        and session.tmux_name == pane.session_name
        and session.tmux_id == pane.tmux_id
        and session.incarnation == seen.incarnation
        and (session.window_index, session.pane_index) == (pane.window_index, pane.pane_index)
        and session.window_name == (pane.window_name or None)
        and not session.is_stale
        and session.transport_health is TransportHealth.HEALTHY
    )


def is_reported(session: Session) -> bool:
    """Whether what a session asks was reported by its agent, and stands in no dialog."""
    return session.needs in ASKING and session.state_evidence.cause == REPORTED


def with_nothing_known(session: Session, now: datetime) -> Session:
    """The row of a program of which nothing was read yet."""
    return replace(
        session,
        state=SessionState.IDLE,
        state_evidence=Evidence(cause="initial_state", observed_at=now, source=Source.RESTORED),
        rest_state=fallback_rest_state(SessionState.IDLE, session.thought_state),
        needs=None,
        asks=None,
        runs_agent=False,
        subagents=(),
        limited_until=None,
    )


def _with_look(session: Session, seen: Seen, now: datetime) -> Session:
    """The plain facts of a look; nothing is derived from them.

    What is known of its state is known of one pane and the program in it: for another it starts over.
    """
    pane = seen.pane
    is_other = session.pane_id not in {None, pane.pane_id} or session.pid not in {0, pane.pid}
    return replace(
        with_nothing_known(session, now) if is_other else session,
        tmux_name=pane.session_name,
        tmux_id=pane.tmux_id,
        incarnation=seen.incarnation,
        pane_id=pane.pane_id,
        bound_pane=pane.pane_id if seen.is_bound else None,
        window_index=pane.window_index,
        window_name=pane.window_name or None,
        pane_index=pane.pane_index,
        rows_in_session=seen.rows,
        rows_in_window=seen.rows_in_window,
        windows_alike=seen.windows_alike,
        pid=pane.pid,
        cwd=pane.path or session.cwd,
        current_command=pane.command or None,
        title=pane.title,
        attached_clients=seen.clients,
        created_at=datetime.fromtimestamp(pane.session_created, UTC),
        is_stale=False,
        transport_health=TransportHealth.HEALTHY,
        exit_reason=None,
        exit_status=None,
        ended_at=None,
    )


def _with_conclusion(session: Session, read: Conclusion, now: datetime) -> Session:
    """What was read of its program. Where that does not tell, what was known before stays."""
    reading, view, report = read.reading, read.view, read.report
    named = session if read.agent is None else _with_agent(session, read.agent)
    active = max(read.active_at, session.last_activity_at) if read.active_at else session.last_activity_at
    conversation = read.conversation or report.session_id or view.session_id or session.conversation
    # What was counted in another conversation is not counted in this one.
    is_another = session.conversation is not None and conversation != session.conversation
    return replace(
        named,
        state=reading.state,
        state_evidence=evidence_of(reading),
        needs=read.needs,
        asks=read.asks,
        runs_agent=read.runs_agent,
        context_limit=view.context_limit or named.context_limit,
        token_count=view.token_count or (0 if is_another else session.token_count),
        model=view.model or report.model or session.model,
        cost_usd=view.cost_usd if is_another or view.cost_usd is not None else session.cost_usd,
        conversation=None if conversation == UNBEGUN else conversation,
        subagents=read.subagents,
        limited_until=read.limited_until,
        last_skill=read.skill or (None if is_another else session.last_skill),
        background_tasks=report.background_tasks if read.is_agent_alive else 0,
        rest_state=rest_state_from_idle(reading.state, active, now),
        last_activity_at=active,
    )


def _with_agent(session: Session, agent: ShownAgent) -> Session:
    if (session.tool, session.agent) == (agent.name, agent.key):
        return session
    limit = session.context_limit if session.tool == agent.name else agent.context_limit
    return replace(session, tool=agent.name, agent=agent.key, context_limit=limit)


def _with_thought(session: Session, snapshot: ThoughtSnapshot) -> Session:
    """The snapshot fills a missing thought, and gives everything else.

    A thought that the row has from an earlier snapshot counts as missing once this one has text. Their times do not
    matter: the delivery rule has said already which of them is the last word, and an engine's clock may stand still.
    """
    is_earlier = session.thought_updated_at is not None and snapshot.thought is not None
    thought = snapshot.thought if session.thought is None or is_earlier else session.thought
    return replace(
        session,
        # An empty line says that nothing goes on any more, so there is none to show.
        thought=thought or None,
        thought_state=snapshot.thought_state,
        thought_source=snapshot.thought_source,
        thought_updated_at=snapshot.updated_at,
        rest_state=_rest(session, snapshot),
        commit_candidate=snapshot.commit_candidate,
        action_cues=snapshot.action_cues,
        objective_changed_at=snapshot.objective_changed_at,
        objective_fingerprint=snapshot.objective_fingerprint,
        token_count=snapshot.token_count if snapshot.token_count > 0 else session.token_count,
        context_limit=snapshot.context_limit if snapshot.context_limit > 0 else session.context_limit,
    )


def _rest(session: Session, snapshot: ThoughtSnapshot) -> RestState:
    if session.state is SessionState.EXITED:
        # Whoever spoke of it last spoke of a session that was there.
        return RestState.DEEP_SLEEP
    observed = session.state_evidence.observed_at
    if session.state in WORKING and observed is not None and observed > snapshot.updated_at:
        # The engine spoke before this began; a session at work does not wait for anybody.
        return RestState.ACTIVE
    return snapshot.rest_state


def _with_record(session: Session, recorded: Recorded) -> Session:
    after = session if recorded.work == session.work else replace(session, work=recorded.work)
    ask = recorded.ask
    if ask is None:
        # Until the next reading nobody knows what it does now.
        return _asking(after, None, SessionState.IDLE, Evidence(cause="initial_state")) if is_reported(after) else after
    is_over = after.is_stale or after.ended_at is not None or after.state is SessionState.EXITED
    if is_over or (after.needs in ASKING and not is_reported(after)):
        # A dialog on its screen comes first: nothing else can be typed there until that is closed.
        return after
    evidence = Evidence(
        cause=REPORTED,
        confidence=Confidence.HIGH,
        observed_at=ask.since,
        source=Source.HOOK,
        detail="quarterdeck report needs_input",
    )
    return _asking(after, ask, SessionState.ATTENTION, evidence)


def _asking(session: Session, ask: Ask | None, state: SessionState, evidence: Evidence) -> Session:
    needs = None if ask is None else ask.kind
    return replace(session, state=state, needs=needs, asks=ask, state_evidence=evidence)


def _with_notes(session: Session, known: KnownFacts) -> Session:
    if known.started_with is not None:
        session = _with_agent(session, known.started_with)
    theme_id = session.repo_theme_id if known.theme_id is None else known.theme_id or None
    held = session.held_messages if known.held_messages is None else known.held_messages
    if (theme_id, held) == (session.repo_theme_id, session.held_messages):
        return session
    return replace(session, repo_theme_id=theme_id, held_messages=held)
