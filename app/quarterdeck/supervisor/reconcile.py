"""Who is there: one look against the fleet, turned into events. Identities come from the store, never from here."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from quarterdeck.core import discovery
from quarterdeck.core.events import (
    CreatedReason,
    Event,
    LookSucceeded,
    ServerChanged,
    SessionCreated,
    SessionDeleted,
    SessionForgotten,
    SessionStale,
)
from quarterdeck.core.pane import NoServer
from quarterdeck.core.place_match import seen_place
from quarterdeck.core.projection import KnownFacts, Seen, project, shows_as
from quarterdeck.core.row_name import row_name
from quarterdeck.core.session import ExitReason, Session
from quarterdeck.core.session_ends import gone, placeholder, put_away, revived
from quarterdeck.errors import StoreError
from quarterdeck.ports.store import Activity, Claim, Level
from quarterdeck.supervisor.row_facts import RowFacts
from quarterdeck.supervisor.untold_look import UntoldLook

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
    from datetime import datetime

    from quarterdeck.core.discovery import Reconciled, RowPane
    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.pane import Look, Pane, PaneId, Snapshot
    from quarterdeck.core.place_match import SeenPlace
    from quarterdeck.core.session import SessionId, ShownAgent
    from quarterdeck.ports.store import Store

logger = logging.getLogger(__name__)

TOLD = {Claim.NEW: "created", Claim.REVIVED: "revived"}


class Expected(NamedTuple):
    """How a row that is about to be seen came to be."""

    reason: CreatedReason
    started_with: ShownAgent | None = None


class Circumstances(Struct, frozen=True, kw_only=True):
    """One reliable look, and what else a reconciliation needs beside the fleet."""

    look: Look
    now: datetime
    store: Store
    server: str
    is_writer: bool
    """Whether this process is the one that ends and keeps rows in the store."""
    kept: Mapping[SessionId, Session]
    """The store's rows."""
    expected: Mapping[PaneId, Expected]
    """Panes that somebody here has just made or taken."""
    agents: Collection[PaneId]
    """The panes in which an agent was found."""
    young: Collection[PaneId]
    """Those in which it has only just been seen, and may be gone in a moment."""
    conversation: Callable[[PaneId], Awaitable[str]]
    """What tells the conversation of an agent that was found, as far as that can be seen."""
    own_pane: PaneId | None
    """The pane of the console itself."""
    exit_statuses: Mapping[str, int]
    """Those that were learned, by pane."""
    at_start: bool
    """The first reliable look: what is missing went while nobody looked."""

    @property
    def incarnation(self) -> str:
        """The run of tmux's server, "" for none."""
        return "" if isinstance(self.look, NoServer) else str(self.look.incarnation)


class LookOutcome(NamedTuple):
    """What a look means."""

    events: list[Event]
    """Who came, went or waits."""
    untold: UntoldLook
    """What is shown of those that stay."""
    panes: Mapping[SessionId, Pane]
    """The pane of every live row."""


async def reconcile(around: Circumstances, current: Callable[[], Fleet]) -> LookOutcome:
    """Turn a look into who came, went or waits, and what is shown of those that stay.

    The store is asked in between, so what is said of live rows is said of the fleet as it is by then (`current`).
    """
    fleet, look, kept, incarnation = current(), around.look, around.kept, around.incarnation
    known = kept if around.at_start else fleet.sessions
    unsaid = await _unsaid(around) if around.young and _waited_for(around, known) else ()
    found = _compare(around, known.values(), fleet, unsaid)
    back = await _found_again(around, known, found) if around.is_writer else {}
    if back:
        here = {key: row for key, row in found.here.items() if key not in back}
        found = found._replace(here=here, unknown=(*found.unknown, *back.values()))
    events: list[Event] = []
    if fleet.incarnation != incarnation and not around.at_start:
        events.append(ServerChanged(before=fleet.incarnation, after=incarnation, at=around.now))
    has_ended = found.stranded if around.at_start else fleet.incarnation not in {"", incarnation}
    if has_ended and around.is_writer:
        await around.store.record(_server_told(around, len(found.stranded)))
    reason = ExitReason.STARTUP_MISSING_TMUX if around.at_start else ExitReason.TMUX_RECONCILE_MISSING
    stranded = [put_away(session, reason, around.now) for session in found.stranded]
    events += await _stale(around, stranded)
    if not isinstance(look, NoServer):
        await _move(around, look, known, found)
        events += await _merged(around, found.merged)
        events += await _forgotten(around, [known[key] for key in back])
        rows = dict(kept) | dict(fleet.sessions) | {session.session_id: session for session in stranded}
        events += await _born(around, rows, look, found)
    ended_for = ExitReason.STARTUP_MISSING_TMUX if around.at_start else ExitReason.PROCESS_EXIT
    # One that died and was brought back between two looks has a new tmux session, and lives.
    reborn = {event.session.session_id for event in events if isinstance(event, SessionCreated)}
    events += await _ended(around, [row for row in found.ended if row.session_id not in reborn], ended_for)
    still = current().sessions
    # Of what is not in the fleet any more, somebody else has said meanwhile that it ended.
    said = fleet.sessions.keys() - still.keys()
    events = [event for event in events if not (isinstance(event, SessionDeleted) and event.session.session_id in said)]
    born = {each.session.session_id: each.session for each in events if isinstance(each, SessionCreated)}
    panes = {key: row_pane.pane for key, row_pane in found.here.items() if key in still and key not in born}
    shown: dict[SessionId, Seen] = {}
    if not isinstance(look, NoServer):
        by_id = {row.pane.pane_id: row.pane for row in (*found.here.values(), *found.unknown)}
        new = {key: by_id[row.pane_id] for key, row in born.items() if row.pane_id}
        facts = RowFacts(look, [*panes.values(), *new.values()])
        shown = {key: seen for key in panes if not shows_as(still[key], seen := facts.seen(found.here[key]))}
        panes |= new
    return LookOutcome(events, UntoldLook(shown, LookSucceeded(incarnation=incarnation, at=around.now)), panes)


async def _unsaid(around: Circumstances) -> set[PaneId]:
    """Panes whose agents have only just been seen, and have not said yet which conversation they are in."""
    return {pane_id for pane_id in around.young if not await around.conversation(pane_id)}


def _waited_for(around: Circumstances, known: Mapping[SessionId, Session]) -> Counter[str]:
    """The conversations of rows whose tmux server is away, each with the number of those rows."""
    return Counter(
        row.conversation
        for row in {**around.kept, **known}.values()
        if row.conversation and (row.is_stale or (row.ended_at is None and row.incarnation != around.incarnation))
    )


async def _found_again(
    around: Circumstances, known: Mapping[SessionId, Session], found: Reconciled
) -> dict[SessionId, RowPane]:
    """Rows of shells in which agents were started that go on with the conversations of rows that wait for them.

    Those rows are the agents': these here give way to them, as to an agent that comes with a row.
    """
    begun = [
        (key, row)
        for key, row in found.here.items()
        if row.is_bound and known[key].bound_pane is None and known[key].work is None
    ]
    if not begun or not (waiting := _waited_for(around, known)):
        return {}
    back: dict[SessionId, RowPane] = {}
    for key, row in begun:
        conversation = await around.conversation(row.pane.pane_id)
        if known[key].conversation in {None, conversation} and waiting.get(conversation) == 1:
            back[key] = row
    return back


def _compare(
    around: Circumstances, known: Iterable[Session], fleet: Fleet, unsaid: Collection[PaneId] = ()
) -> Reconciled:
    """Known rows against the look. In which panes there are agents is found by the one process that keeps the rows."""
    # What was kept may have been read before we saw a row end: its pane is not given to it again.
    over = {(key, row.bound_pane) for key, row in fleet.exited.items()}
    return discovery.reconcile_with_kept(
        known,
        [row for key, row in around.kept.items() if (key, row.bound_pane) not in over],
        around.look,
        {*around.agents} - {*unsaid},
        young={*around.young} - around.expected.keys(),
        own_pane=around.own_pane,
        is_writer=around.is_writer,
    )


async def _move(around: Circumstances, look: Snapshot, known: Mapping[SessionId, Session], found: Reconciled) -> None:
    """Note where known rows are by now, before anybody is given a place that one of them has left."""
    facts = RowFacts(look, ())
    moved = [
        project(row, KnownFacts(seen=facts.seen(each)), around.now)
        for key, each in found.here.items()
        if (row := known[key]).tmux_name != each.pane.session_name
        or (row.tmux_id, row.bound_pane) != (each.pane.tmux_id, each.pane.pane_id if each.is_bound else None)
    ]
    if moved and around.is_writer:
        await around.store.move(moved)


async def make_good(around: Circumstances, fleet: Fleet) -> list[Event]:
    """Write down the ends that the last writer saw and did not write before it died.

    We saw them, too, and have told of them; answers what is new to our own rows.
    """
    behind = [
        row
        for key, row in around.kept.items()
        if not row.is_stale and row.ended_at is None and (key not in fleet.sessions or fleet.sessions[key].is_stale)
    ]
    rows = {row.session_id: row for row in [*fleet.sessions.values(), *behind]}
    found = _compare(around, rows.values(), fleet)
    late = {row.session_id for row in behind}
    stranded = [put_away(row, ExitReason.TMUX_RECONCILE_MISSING, around.now) for row in found.stranded]
    events = await _stale(around, [row for row in stranded if row.session_id in late])
    await _ended(around, [row for row in found.ended if row.session_id in late], ExitReason.PROCESS_EXIT)
    await _merged(around, [row for row in found.merged if row.session_id in late])
    return [event for event in events if event.session.session_id not in fleet.sessions]


async def _stale(around: Circumstances, sessions: list[Session]) -> list[SessionStale]:
    if sessions and around.is_writer:
        await around.store.stale(sessions)
    return [SessionStale(session=session, at=around.now) for session in sessions]


async def _born(
    around: Circumstances, known: Mapping[SessionId, Session], look: Snapshot, found: Reconciled
) -> list[Event]:
    # At the start every row is told as one that came.
    rows = [*(found.here.values() if around.at_start else ()), *found.unknown]
    if not rows:
        return []
    # Who is here has an identity.
    searched = {row.pane.pane_id for row in found.unknown} if _waited_for(around, known) else set()
    taken = Counter(row.pane.tmux_id for row in found.here.values())
    places: dict[str, RowPane] = {}
    asked: list[SeenPlace] = []
    for row in rows:
        pane = row.pane
        is_first = not taken[pane.tmux_id]
        taken[pane.tmux_id] += 1
        conversation = await around.conversation(pane.pane_id) if pane.pane_id in searched else ""
        place = seen_place(pane, is_bound=row.is_bound, is_first=is_first, conversation=conversation)
        asked.append(place)
        places[place.key] = row
    identities = await around.store.claim(around.server, around.incarnation, asked)
    usual = CreatedReason.STARTUP_DISCOVERY if around.at_start else CreatedReason.RUNTIME_DISCOVERY
    stay = () if around.at_start else (row.pane for row in found.here.values())
    facts = RowFacts(look, [*stay, *(places[key].pane for key in identities)])
    events: list[Event] = []
    for key, identity in identities.items():
        row = places[key]
        base = known.get(identity.session_id)
        if base is None or identity.claim is Claim.NEW:
            base = placeholder(identity.session_id, around.server, around.now)
        reason, started_with = around.expected.get(row.pane.pane_id, Expected(usual))
        shown = facts.seen(row)
        session = project(revived(base, around.now), KnownFacts(seen=shown, started_with=started_with), around.now)
        if identity.claim is not Claim.KNOWN:
            await around.store.record(_told(around, f"session.{TOLD[identity.claim]}", session))
        events.append(SessionCreated(session=session, reason=reason, at=around.now))
    return events


async def _merged(around: Circumstances, rows: Collection[Session]) -> list[Event]:
    """Rows of tmux sessions that other rows show by now: what had an agent or work has ended, a mere shell goes."""
    shells = [row for row in rows if row.tool is None and row.work is None]
    others = [row for row in rows if row not in shells]
    return [*await _ended(around, others, ExitReason.PROCESS_EXIT), *await _forgotten(around, shells)]


async def _forgotten(around: Circumstances, rows: Iterable[Session]) -> list[Event]:
    """Rows in whose place others are shown by now."""
    events: list[Event] = []
    for row in rows:
        if around.is_writer:
            try:
                await around.store.forget(row.session_id, is_merged=True)
            except StoreError as error:
                logger.info("the row %s, which others show by now, is not forgotten: %s", row.session_id, error.message)
        events.append(SessionForgotten(session_id=row.session_id, at=around.now))
    return events


async def _ended(around: Circumstances, missing: Collection[Session], reason: ExitReason) -> list[Event]:
    events: list[Event] = []
    ended: dict[SessionId, Session] = {}
    console = await around.store.console_session(around.server) if missing else None
    for session in missing:
        if session.session_id != console:
            status = around.exit_statuses.get(session.pane_id or "")
            ended[session.session_id] = gone(session, reason, around.now, status)
            continue
        # The console went away with the session it was in: that is no end of anybody's work.
        if around.is_writer:
            try:
                await around.store.forget(session.session_id)
            except StoreError as error:
                # It will be a stale row once, which is better than no look at all.
                logger.info("the console's session %s is not forgotten: %s", session.session_id, error.message)
        events.append(SessionForgotten(session_id=session.session_id, at=around.now))
    if ended and around.is_writer:
        there = () if isinstance(around.look, NoServer) else {pane.tmux_id for pane in around.look.panes}
        for goes_on in (False, True):
            rows = [row for row in ended.values() if (row.tmux_id in there) is goes_on]
            for session_id in await around.store.end(rows, reason, goes_on=goes_on):
                await around.store.record(_told(around, "session.deleted", ended[session_id]))
    return [*events, *(SessionDeleted(session=session, reason=reason, at=around.now) for session in ended.values())]


def _told(around: Circumstances, kind: str, session: Session) -> Activity:
    why = f" ({session.exit_reason.value}{session.status_words})" if session.exit_reason else ""
    about = {"reason": session.exit_reason, "exit_status": session.exit_status}
    return Activity(
        kind=kind,
        at=around.now,
        source="supervisor",
        session_id=session.session_id,
        project=session.work.project if session.work else None,
        summary=f"{row_name(session)}{why}",
        data={name: each for name, each in about.items() if each is not None},
    )


def _server_told(around: Circumstances, lost: int) -> Activity:
    """The end of a tmux server, once, however many sessions went with it."""
    what, reason = ("was started anew", "server_replaced") if around.incarnation else ("ended", "server_gone")
    when = " while nobody watched" if around.at_start else ""
    rows = f"{lost} session{'' if lost == 1 else 's'}"
    return Activity(
        kind="server.changed",
        at=around.now,
        level=Level.WARN,
        source="supervisor",
        summary=f"The tmux server {what}{when}; {rows} went with it",
        data={"reason": reason, "server": around.server, "sessions": lost},
    )
