"""The tmux session and the processes of a spawned session: found, judged in three values, ended for certain."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from quarterdeck import process
from quarterdeck.core.ids import SessionId
from quarterdeck.core.journal import Presence
from quarterdeck.core.lifecycle import RuntimePart, RuntimeReason, RuntimeState
from quarterdeck.core.pane import NoServer, Snapshot
from quarterdeck.core.session import ExitReason, SessionState
from quarterdeck.errors import Refused, TmuxError, TmuxUnreachable
from quarterdeck.ports.agent import Program
from quarterdeck.ports.store import Sighting
from quarterdeck.values import value

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from quarterdeck.core.pane import Pane
    from quarterdeck.core.work_record import WorkRecord
    from quarterdeck.operations.yard import Yard

SETTLING = timedelta(seconds=30)
"""A session just started may not show its agent yet; a false "dead" would stick."""


@value
class Sky:
    """One look at everything that runs: tmux's panes and the system's processes."""

    snapshot: Snapshot | None
    """None when no server runs."""
    processes: Mapping[int, process.Running]
    error: str = ""
    """Why nothing is known."""

    def panes(self, name: str | None) -> list[Pane]:
        """The panes of a tmux session, by its exact name."""
        return [pane for pane in self.snapshot.panes if pane.session_name == name] if self.snapshot else []

    def programs(self, pane: Pane) -> list[Program]:
        """The processes of a pane, nearest to it first."""
        return [
            Program(pid=each.pid, command=each.name, argv=each.argv, started=str(each.started))
            for each in process.family(pane.pid, self.processes)
        ]


async def look_up(yard: Yard, *, has_processes: bool = True) -> Sky:
    """Look once for all sessions. A look that failed says so, and nothing else."""
    try:
        look = await yard.mux.look()
    except TmuxError as error:
        return Sky(None, {}, error.message)
    if isinstance(look, NoServer):
        return Sky(None, {})
    return Sky(look, await asyncio.to_thread(process.running) if has_processes else {})


def tmux_presence(sky: Sky, name: str | None) -> Presence:
    """Whether there is a tmux session of that name."""
    if sky.error:
        return Presence.UNKNOWN
    return Presence.ALIVE if sky.panes(name) else Presence.ABSENT


def judge(yard: Yard, record: WorkRecord, sky: Sky, now: datetime) -> RuntimePart:
    """How the session's process stands. An agent that has left a living tmux session is gone, whatever runs there."""
    before = record.lifecycle.runtime
    panes = sky.panes(record.tmux_name)

    def said(state: RuntimeState, reason: RuntimeReason, handle: str | None = None) -> RuntimePart:
        return RuntimePart(
            state=state,
            reason=reason,
            last_observed_at=now,
            handle=handle or before.handle,
            tmux_name=record.tmux_name,
        )

    if sky.error:
        return said(RuntimeState.PROBE_FAILED, RuntimeReason.PROBE_ERROR)
    if not panes:
        return said(RuntimeState.MISSING, RuntimeReason.TMUX_MISSING)
    for pane in panes:
        # Whichever agent the operator has put there instead: ending it would lose what it does.
        if not pane.dead and yard.agents.detect(sky.programs(pane)) is not None:
            return said(RuntimeState.ALIVE, RuntimeReason.PROCESS_RUNNING, pane.pane_id)
    return said(RuntimeState.EXITED, RuntimeReason.PROCESS_MISSING)


def is_settling(record: WorkRecord, now: datetime) -> bool:
    """Whether the session was started so recently that not seeing its agent means nothing."""
    return now - (record.restored_at or record.created_at) < SETTLING


async def end_runtime(yard: Yard, record: WorkRecord, sky: Sky | None = None) -> bool:
    """End the tmux session and every process that came of it, and make sure; answers whether there was one.

    Raises TmuxUnreachable when tmux cannot be asked: then nothing is known, and nothing may be said to be over.
    """
    sky = sky or await look_up(yard)
    if sky.error:
        raise TmuxUnreachable(f"tmux does not answer, so {record.session_id} cannot be ended: {sky.error}")
    panes = sky.panes(record.tmux_name)
    if not panes:
        return False
    begun = {each.pid: each for pane in panes for each in process.family(pane.pid, sky.processes)}
    await _move_clients_away(yard, panes, sky)
    await yard.mux.kill_session(panes[0].tmux_id)
    left = await process.end_all(list(begun.values()))
    if left:
        names = ", ".join(f"{each.name} ({each.pid})" for each in left)
        raise Refused(f"The tmux session of {record.session_id} is gone, but these processes do not end: {names}.")
    return True


async def note_start(yard: Yard, pane: Pane) -> None:
    """Bind the identity that was kept for a new tmux session to it, without waiting for a console to see it."""
    look = await yard.mux.look()
    if isinstance(look, Snapshot):
        sighting = Sighting(pane.tmux_id, pane.session_name, pane.session_created)
        await yard.store.claim(str(yard.mux.address), str(look.incarnation), [sighting])


async def note_end(yard: Yard, session_id: str, reason: ExitReason) -> None:
    """Write down that a session's tmux session is over, so that its identity is free for the next one."""
    await yard.store.release(SessionId(session_id))
    held = [
        session
        for session in await yard.store.sessions(str(yard.mux.address))
        if session.session_id == session_id and session.ended_at is None
    ]
    if held:
        now = yard.clock.now()
        over = [replace(each, state=SessionState.EXITED, exit_reason=reason, ended_at=now) for each in held]
        await yard.store.end(over, reason)


async def _move_clients_away(yard: Yard, panes: list[Pane], sky: Sky) -> None:
    """Show another session on each terminal that looks at this one, so that its end throws nobody out of tmux."""
    assert sky.snapshot is not None
    ours = panes[0].tmux_id
    others = [pane for pane in sky.snapshot.panes if pane.tmux_id != ours and pane.window_active and pane.pane_active]
    if not others:
        return
    target = max(others, key=lambda pane: pane.activity)
    for client in await yard.mux.clients():
        if client.tmux_id == ours:
            await yard.mux.switch_client(client.name, target.pane_id)
