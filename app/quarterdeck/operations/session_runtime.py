"""The tmux session and the processes of a spawned session: found, judged in three values, ended for certain."""

from __future__ import annotations

import asyncio
import shlex
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct, field

from quarterdeck import process
from quarterdeck.core.journal import Presence
from quarterdeck.core.lifecycle import RuntimePart, RuntimeReason, RuntimeState, WorkReason, WorkState, decide
from quarterdeck.core.pane import NoServer, Snapshot
from quarterdeck.core.place_match import seen_place
from quarterdeck.core.session import SessionId
from quarterdeck.core.session_ends import over
from quarterdeck.errors import Refused, TmuxError, TmuxUnreachable
from quarterdeck.operations.new_pane import home_of
from quarterdeck.operations.preview import keep_last_lines
from quarterdeck.ports.agent_process import Program
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from quarterdeck.core.pane import Pane, PaneId
    from quarterdeck.core.process_tree import Process
    from quarterdeck.core.session import ExitReason, Session
    from quarterdeck.core.work_record import WorkRecord
    from quarterdeck.operations.contexts import WorkContext
    from quarterdeck.ports.forge import Kept

START_SETTLING = timedelta(seconds=30)
"""A session just started may not show its agent yet; a false "dead" would stick."""
ASKED_FOR = 1.0
"""Seconds that another tmux server may take to accept that we are there."""

RUNTIME_REASON = {
    WorkReason.PR_MERGED: RuntimeReason.PR_MERGED_CLEANUP,
    WorkReason.AUTO_CLEANUP: RuntimeReason.AUTO_CLEANUP,
}


class Leftovers(StrEnum):
    """What happens to a worktree that holds work which is nowhere else."""

    STOP = "stop"
    """Nothing is ended; the error says what would be lost."""
    KEEP = "keep"
    """It is kept as a commit, then the worktree goes."""
    LEAVE = "leave"
    """The worktree stays as it is, whatever it holds."""


class SystemLook(Struct, frozen=True):
    """One look at everything that runs: tmux's panes and the system's processes."""

    snapshot: Snapshot | None
    """None when no server runs."""
    processes: Mapping[int, Process]
    error: str = ""
    """Why nothing is known."""
    server: str = ""
    rows: Mapping[SessionId, Session] = field(default_factory=dict)
    """The live rows of this run of the server."""
    over: Mapping[SessionId, Session] = field(default_factory=dict)
    """Rows that have ended: whatever has the name of their tmux session now is another."""

    def panes(self, record: WorkRecord, *, is_starting: bool = False) -> list[Pane]:
        """The panes of a record: its own where it shares its tmux session, else all of that, whatever it is called.

        Where no identity is bound, as when it `is_starting`, the name decides, unless the session is somebody else's.
        """
        if self.snapshot is None or record.tmux_server not in {"", self.server}:
            return []
        row = self.rows.get(record.session_id)
        if row is not None:
            own, beside = self._pane_of(row), self._beside(row)
            panes = [pane for pane in self.snapshot.panes if pane.tmux_id == (own.tmux_id if own else row.tmux_id)]
            if row.bound_pane is not None and beside:
                return [own] if own else []
            return [pane for pane in panes if pane.pane_id not in beside]
        if record.session_id in self.over and not is_starting:
            return []
        others = {other.tmux_id for other in self.rows.values()}
        return [pane for pane in self.named(record.tmux_name) if pane.tmux_id not in others]

    def is_shared(self, record: WorkRecord) -> bool:
        """Whether other rows live in the tmux session of a record."""
        row = self.rows.get(record.session_id)
        return row is not None and bool(self._beside(row))

    def home(self, record: WorkRecord) -> Session | None:
        """A row of the tmux session that a record's row was in, where that goes on without it."""
        rows = [row for key, row in self.rows.items() if key != record.session_id]
        over = self.over.get(record.session_id)
        return home_of(rows, over) if over is not None else None

    def _pane_of(self, row: Session) -> Pane | None:
        panes = self.snapshot.panes if self.snapshot else ()
        return next((pane for pane in panes if pane.pane_id == row.bound_pane), None)

    def _beside(self, row: Session) -> set[PaneId]:
        """The panes of the other rows in the tmux session of one."""
        own = self._pane_of(row)
        home = own.tmux_id if own else row.tmux_id
        others = (self._pane_of(other) for key, other in self.rows.items() if key != row.session_id)
        return {pane.pane_id for pane in others if pane is not None and pane.tmux_id == home}

    def named(self, name: str | None) -> list[Pane]:
        """The panes of a tmux session, by its exact name."""
        return [pane for pane in self.snapshot.panes if pane.session_name == name] if self.snapshot else []

    def programs(self, pane: Pane) -> list[Program]:
        """The processes of a pane, nearest to it first."""
        return [
            # Not when it started: that is known in epoch seconds here, and not as the system counts it.
            Program(pid=each.pid, command=each.name, argv=each.argv)
            for each in process.family(pane.pid, self.processes)
        ]


async def look_up(context: WorkContext, *, has_processes: bool = True) -> SystemLook:
    """Look once for all sessions. A look that failed says so, and nothing else."""
    try:
        look = await context.mux.look()
    except TmuxError as error:
        return SystemLook(None, {}, error.message)
    server = str(context.mux.address)
    if isinstance(look, NoServer):
        return SystemLook(None, {}, server=server)
    incarnation = str(look.incarnation)
    rows = await context.store.sessions(server)
    live = {
        row.session_id: row
        for row in rows
        if row.tmux_id and row.incarnation == incarnation and not row.is_stale and row.ended_at is None
    }
    over = {row.session_id: row for row in rows if row.ended_at is not None}
    processes = await asyncio.to_thread(process.running) if has_processes else {}
    return SystemLook(look, processes, server=server, rows=live, over=over)


def tmux_presence(system: SystemLook, panes: Sequence[Pane]) -> Presence:
    """Whether the tmux session with these panes is there."""
    if system.error:
        return Presence.UNKNOWN
    return Presence.ALIVE if panes else Presence.ABSENT


async def server_elsewhere(context: WorkContext, record: WorkRecord) -> str:
    """The tmux server a session belongs to, where that is not ours and may still be there; "" otherwise."""
    server = record.tmux_server
    return server if server not in {"", str(context.mux.address)} and await _is_served(server) else ""


async def check_is_here(context: WorkContext, record: WorkRecord) -> None:
    """Raise Refused when a session's agent may run where we do not see it."""
    if server := await server_elsewhere(context, record):
        hint = f"Say which with `quarterdeck -S {shlex.quote(server)} …`."
        raise Refused(f"{record.session_id} belongs to another tmux server than this one.", hint=hint)


async def _is_served(socket: str) -> bool:
    """Whether anybody may listen at an address: only a clear no is one."""
    try:
        async with asyncio.timeout(ASKED_FOR):
            _, writer = await asyncio.open_unix_connection(socket)
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
        return False
    except OSError:
        return True
    writer.close()
    return True


def judge(context: WorkContext, record: WorkRecord, system: SystemLook, now: datetime) -> RuntimePart:
    """How the session's process stands. An agent that has left a living tmux session is gone, whatever runs there."""
    panes = system.panes(record)
    if system.error:
        state, reason = RuntimeState.PROBE_FAILED, RuntimeReason.PROBE_ERROR
    elif not panes:
        state, reason = RuntimeState.MISSING, RuntimeReason.TMUX_MISSING
    else:
        state, reason = RuntimeState.EXITED, RuntimeReason.PROCESS_MISSING
    for pane in panes:
        # Whichever agent the operator has put there instead: ending it would lose what it does.
        if not pane.dead and context.agents.detect(system.programs(pane)) is not None:
            return alive(record, now, pane)
    handle = record.lifecycle.runtime.handle
    return RuntimePart(state=state, reason=reason, last_observed_at=now, handle=handle, tmux_name=record.tmux_name)


def alive(record: WorkRecord, now: datetime, pane: Pane | None) -> RuntimePart:
    """The runtime of a session whose agent runs, in this pane."""
    return RuntimePart(
        state=RuntimeState.ALIVE,
        reason=RuntimeReason.PROCESS_RUNNING,
        last_observed_at=now,
        handle=pane.pane_id if pane is not None else None,
        tmux_name=record.tmux_name,
    )


def is_settling(record: WorkRecord, now: datetime) -> bool:
    """Whether the session was started so recently that not seeing its agent means nothing."""
    return now - (record.restored_at or record.created_at) < START_SETTLING


async def end_runtime(context: WorkContext, record: WorkRecord, system: SystemLook | None = None) -> None:
    """End the tmux session, or its pane beside other rows, and every process that came of it, and make sure.

    Raises TmuxUnreachable when tmux cannot be asked: then nothing is known, and nothing may be said to be over.
    """
    system = system or await look_up(context)
    if system.error:
        raise TmuxUnreachable(f"tmux does not answer, so {record.session_id} cannot be ended: {system.error}")
    panes = system.panes(record)
    if not panes:
        return
    begun = {each.pid: each for pane in panes for each in process.family(pane.pid, system.processes)}
    is_shared = system.is_shared(record)
    if not is_shared:
        await _move_clients_away(context, panes, system)
    incarnation = str(system.snapshot.incarnation) if system.snapshot else ""
    await keep_last_lines(context.mux, context.store, record.session_id, panes[0].pane_id)
    if is_shared:
        for pane in panes:
            await context.mux.kill_pane(pane.pane_id, of=incarnation)
    else:
        await context.mux.kill_session(panes[0].tmux_id, of=incarnation)
    left = await process.end_all(list(begun.values()))
    if left:
        what = "pane" if is_shared else "tmux session"
        names = ", ".join(f"{each.name} ({each.pid})" for each in left)
        raise Refused(f"The {what} of {record.session_id} is gone, but these processes do not end: {names}.")


def ended(
    record: WorkRecord, now: datetime, reason: WorkReason, *, kept: Kept | None = None, branch: str | None = None
) -> WorkRecord:
    """The record of a session that has just been ended, on the branch its worktree was on in the end."""
    before = record.lifecycle.runtime
    runtime = RuntimePart(
        state=RuntimeState.MISSING if before.handle or record.tmux_name else RuntimeState.EXITED,
        reason=RUNTIME_REASON.get(reason, RuntimeReason.MANUAL_KILL_REQUESTED),
        last_observed_at=now,
        handle=before.handle,
        tmux_name=record.tmux_name,
    )
    return replace(
        record,
        lifecycle=decide(record.lifecycle, now, state=WorkState.TERMINATED, reason=reason, runtime=runtime),
        branch=branch or record.branch,
        kept_ref=kept.ref if kept else record.kept_ref,
    )


async def note_start(context: WorkContext, pane: Pane) -> None:
    """Bind the identity that was kept for a new tmux session to it, without waiting for a console to see it."""
    look = await context.mux.look()
    if isinstance(look, Snapshot):
        await context.store.claim(str(context.mux.address), str(look.incarnation), [seen_place(pane)])


async def note_end(context: WorkContext, session_id: str, reason: ExitReason) -> None:
    """Write down that a session's tmux session is over, so that its identity is free for the next one."""
    await context.store.release(SessionId(session_id))
    rows = [row for row in await context.store.sessions() if row.session_id == session_id and row.ended_at is None]
    if rows:
        now = context.clock.now()
        await context.store.end([over(each, reason, now) for each in rows], reason)


async def _move_clients_away(context: WorkContext, panes: list[Pane], system: SystemLook) -> None:
    """Show another session on each terminal that looks at this one, so that its end throws nobody out of tmux."""
    assert system.snapshot is not None
    ours = panes[0].tmux_id
    shown = [pane for pane in system.snapshot.panes if pane.window_active and pane.pane_active]
    others = [pane for pane in shown if pane.tmux_id != ours]
    if not others:
        return
    target = max(others, key=lambda pane: pane.activity)
    for client in await context.mux.clients():
        if client.tmux_id == ours:
            await context.mux.switch_client(client.name, target.pane_id)
