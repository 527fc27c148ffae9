"""Who is there: one look against the fleet, turned into events. Identities come from the store, never from here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from quarterdeck.core.events import (
    CreatedReason,
    Event,
    ServerChanged,
    SessionChanged,
    SessionCreated,
    SessionDeleted,
    SessionStale,
)
from quarterdeck.core.pane import NoServer
from quarterdeck.core.rest import fallback_rest_state
from quarterdeck.core.session import (
    Confidence,
    Evidence,
    ExitReason,
    RestState,
    Session,
    SessionState,
    Source,
    TransportHealth,
)
from quarterdeck.ports.store import Activity, Claim, Sighting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.ids import SessionId, TmuxSessionId
    from quarterdeck.core.pane import Client, Look, Pane, Snapshot
    from quarterdeck.ports.store import Store


TOLD = {Claim.NEW: "created", Claim.REVIVED: "revived"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a reconciliation needs beside the fleet."""

    store: Store
    server: str
    is_keeper: bool
    """Whether this process is the one that ends and keeps rows in the store."""
    at_start: bool
    """The first reliable look: what is missing went while nobody looked."""
    now: datetime


def current_panes(snapshot: Snapshot) -> dict[TmuxSessionId, Pane]:
    """The pane each session shows, of those whose program still runs."""
    found: dict[TmuxSessionId, Pane] = {}
    alive: set[TmuxSessionId] = {pane.tmux_id for pane in snapshot.panes if not pane.dead}
    for pane in snapshot.panes:
        if pane.tmux_id in alive and (pane.is_current or pane.tmux_id not in found):
            found[pane.tmux_id] = pane
    return found


def attached(clients: Iterable[Client]) -> dict[TmuxSessionId, int]:
    """How many real clients look at each session."""
    counts: dict[TmuxSessionId, int] = {}
    for client in clients:
        counts[client.tmux_id] = counts.get(client.tmux_id, 0) + 1
    return counts


def seen(session: Session, pane: Pane, clients: int, incarnation: str) -> Session:
    """The session with the plain facts of this look; nothing is derived from them here."""
    return replace(
        session,
        tmux_name=pane.session_name,
        tmux_id=pane.tmux_id,
        incarnation=incarnation,
        pane_id=pane.pane_id,
        pid=pane.pid,
        cwd=pane.path or session.cwd,
        current_command=pane.command or None,
        title=pane.title,
        attached_clients=clients,
        created_at=datetime.fromtimestamp(pane.session_created, UTC),
        is_stale=False,
        transport_health=TransportHealth.HEALTHY,
        exit_reason=None,
        exit_status=None,
        ended_at=None,
    )


def placeholder(session_id: SessionId, server: str, now: datetime) -> Session:
    """A session nothing is known of yet."""
    return Session(
        session_id=session_id,
        tmux_name="",
        tmux_server=server,
        state_evidence=Evidence(cause="supervisor_placeholder", observed_at=now),
        rest_state=RestState.DROWSY,
        last_activity_at=now,
    )


def revived(session: Session, now: datetime) -> Session:
    """A kept identity whose tmux session is there (again): its history stays, its state starts over."""
    if not session.is_stale and session.state is not SessionState.EXITED:
        evidence = replace(session.state_evidence, source=Source.RESTORED)
        return replace(session, state_evidence=evidence)
    return replace(
        session,
        state=SessionState.IDLE,
        state_evidence=Evidence(cause="initial_state", observed_at=now, source=Source.RESTORED),
        rest_state=fallback_rest_state(SessionState.IDLE, session.thought_state),
        needs=None,
        asks=None,
    )


def gone(session: Session, reason: ExitReason, now: datetime, status: int | None = None) -> Session:
    """The session as it is shown once it has ended."""
    return replace(
        session,
        state=SessionState.EXITED,
        state_evidence=Evidence(cause=reason.value, confidence=Confidence.HIGH, observed_at=now, source=Source.PROCESS),
        current_command=None,
        needs=None,
        asks=None,
        rest_state=RestState.DEEP_SLEEP,
        attached_clients=0,
        transport_health=TransportHealth.DISCONNECTED,
        exit_reason=reason,
        exit_status=status,
        ended_at=now,
    )


def put_away(session: Session, reason: ExitReason, now: datetime) -> Session:
    """The session as it is kept while its tmux server is away."""
    evidence = Evidence(cause=reason.value, confidence=Confidence.LOW, observed_at=now, source=Source.RESTORED)
    return replace(gone(session, reason, now), is_stale=True, state_evidence=evidence, ended_at=None)


async def reconcile(
    around: Circumstances,
    current: Callable[[], Fleet],
    kept: Mapping[SessionId, Session],
    look: Look,
    statuses: Mapping[str, int],
) -> list[Event]:
    """Turn a reliable look into events. `kept` are the store's rows, `statuses` exit statuses learned by pane id.

    The store is asked in between, so what is said of live rows is said of the fleet as it is by then (`current`).
    """
    fleet = current()
    if isinstance(look, NoServer):
        return await _server_gone(around, fleet, kept)
    incarnation = str(look.incarnation)
    events: list[Event] = []
    live = {s.tmux_id: s for s in fleet.sessions.values() if not s.is_stale}
    known = dict(kept) | dict(fleet.sessions)
    if fleet.incarnation != incarnation:
        stranded = [put_away(s, ExitReason.TMUX_RECONCILE_MISSING, around.now) for s in live.values()]
        if not around.at_start:
            events.append(ServerChanged(before=fleet.incarnation, after=incarnation, at=around.now))
        events += await _stale(around, stranded)
        known |= {s.session_id: s for s in stranded}
        live = {}
    here = current_panes(look)
    counts = attached(look.clients)
    events += await _born(around, known, look, {k: p for k, p in here.items() if k not in live}, counts)
    missing = [(s, ExitReason.PROCESS_EXIT) for key, s in live.items() if key not in here]
    if around.at_start:
        ended, stranded = unseen_at_start(kept.values(), here, incarnation)
        missing += [(s, ExitReason.STARTUP_MISSING_TMUX) for s in ended]
        events += await _stale(around, [put_away(s, ExitReason.STARTUP_MISSING_TMUX, around.now) for s in stranded])
    events += await _ended(around, missing, statuses)
    still = current().sessions
    events = [event for event in events if not isinstance(event, SessionDeleted) or _may_end(event, fleet, still)]
    for key, was in live.items():
        session = still.get(was.session_id)
        if key in here and session is not None:
            after = seen(session, here[key], counts.get(here[key].tmux_id, 0), incarnation)
            if after != session:
                events.append(SessionChanged(before=session, after=after, at=around.now))
    return events


def _may_end(event: SessionDeleted, before: Fleet, still: Mapping[SessionId, Session]) -> bool:
    """Whether nobody else has said meanwhile that the session ended."""
    session_id = event.session.session_id
    return session_id in still or session_id not in before.sessions


def unseen_at_start(
    kept: Iterable[Session], here: Mapping[TmuxSessionId, Pane], incarnation: str
) -> tuple[list[Session], list[Session]]:
    """Kept sessions that are not there at the first look: those that ended, and those whose server went away.

    Under the same run of the server a missing session has ended. Under another one it may come back by its name.
    """
    names = {pane.session_name for pane in here.values()}
    live = [s for s in kept if _is_live(s)]
    ended = [s for s in live if s.incarnation == incarnation and s.tmux_id not in here]
    stranded = [s for s in live if s.incarnation != incarnation and s.tmux_name not in names]
    return ended, stranded


def _is_live(session: Session) -> bool:
    return not session.is_stale and session.state is not SessionState.EXITED


async def _server_gone(around: Circumstances, fleet: Fleet, kept: Mapping[SessionId, Session]) -> list[Event]:
    events: list[Event] = []
    reason = ExitReason.STARTUP_MISSING_TMUX if around.at_start else ExitReason.TMUX_RECONCILE_MISSING
    if fleet.incarnation:
        events.append(ServerChanged(before=fleet.incarnation, after="", at=around.now))
    stranded = [s for s in (kept if around.at_start else fleet.sessions).values() if _is_live(s)]
    return events + await _stale(around, [put_away(s, reason, around.now) for s in stranded])


async def _stale(around: Circumstances, sessions: list[Session]) -> list[Event]:
    if sessions and around.is_keeper:
        await around.store.stale(sessions)
    return [SessionStale(session=session, at=around.now) for session in sessions]


async def _born(
    around: Circumstances,
    known: Mapping[SessionId, Session],
    look: Snapshot,
    panes: Mapping[TmuxSessionId, Pane],
    counts: Mapping[TmuxSessionId, int],
) -> list[Event]:
    if not panes:
        return []
    incarnation = str(look.incarnation)
    sightings = [Sighting(pane.tmux_id, pane.session_name, pane.session_created) for pane in panes.values()]
    identities = await around.store.claim(around.server, incarnation, sightings)
    reason = CreatedReason.STARTUP_DISCOVERY if around.at_start else CreatedReason.RUNTIME_DISCOVERY
    events: list[Event] = []
    for tmux_id, identity in identities.items():
        base = known.get(identity.session_id)
        if base is None or identity.claim is Claim.NEW:
            base = placeholder(identity.session_id, around.server, around.now)
        session = seen(revived(base, around.now), panes[tmux_id], counts.get(tmux_id, 0), incarnation)
        if identity.claim is not Claim.KNOWN:
            await around.store.record(_told(around, f"session.{TOLD[identity.claim]}", session))
        events.append(SessionCreated(session=session, reason=reason, at=around.now))
    return events


async def _ended(
    around: Circumstances, missing: list[tuple[Session, ExitReason]], statuses: Mapping[str, int]
) -> list[Event]:
    events: list[Event] = []
    ended = [(gone(s, reason, around.now, statuses.get(s.pane_id or "")), reason) for s, reason in missing]
    for reason in dict.fromkeys(reason for _, reason in ended):
        group = {s.session_id: s for s, r in ended if r is reason}
        if around.is_keeper:
            for session_id in await around.store.end(group.values(), reason):
                await around.store.record(_told(around, "session.exited", group[session_id]))
    for session, reason in ended:
        events.append(SessionDeleted(session=session, reason=reason, at=around.now))
    return events


def _told(around: Circumstances, kind: str, session: Session) -> Activity:
    status = "" if session.exit_status is None else f", status {session.exit_status}"
    why = f" ({session.exit_reason.value}{status})" if session.exit_reason else ""
    return Activity(
        kind=kind,
        at=around.now,
        source="supervisor",
        session_id=session.session_id,
        project=session.work.project if session.work else None,
        summary=f"{session.tmux_name}{why}",
        data={} if session.exit_status is None else {"exit_status": session.exit_status},
    )
