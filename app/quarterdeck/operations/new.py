"""Make a plain tmux session or a pane in one, or bring one back."""

from __future__ import annotations

import asyncio
import os
import shutil
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.events import CreatedReason
from quarterdeck.core.row_name import row_name
from quarterdeck.core.session import ExitReason
from quarterdeck.core.session_names import free_names
from quarterdeck.errors import (
    AgentError,
    NotFound,
    QuarterdeckError,
    Refused,
    StoreError,
    TmuxRefused,
    UsageError,
    raise_together,
)
from quarterdeck.operations.adopt import adopt
from quarterdeck.operations.delivery import DeliveryRules
from quarterdeck.operations.delivery_proof import Outcome, Proof
from quarterdeck.operations.new_pane import UNKEPT, home_of, identity_of_new, split_of, window_beside
from quarterdeck.operations.send import send
from quarterdeck.paths import private_folder, write_private
from quarterdeck.ports.agent import Launch
from quarterdeck.ports.mux import NewSession
from quarterdeck.values import replace

if TYPE_CHECKING:
    from quarterdeck.core.pane import Pane
    from quarterdeck.core.session import Session, SessionId
    from quarterdeck.operations.contexts import SessionContext
    from quarterdeck.ports.agent import Agent

NAME_TRIES = 20
TRY_AGAIN_SECONDS = 0.1

# The operator's shell remains when the agent ends. The trap keeps an interrupt that the agent takes from ending the
# wrapper with it; a program started from here gets its default back.
THEN_A_SHELL = 'trap : INT; "$@"; trap - INT; exec "${SHELL:-/bin/sh}"'


class NewSessionRequest(Struct, frozen=True, kw_only=True):
    """What the new session shall be."""

    cwd: Path
    name: str | None = None
    stem: str = ""
    """What to name it after when no name is given; without one it gets the next number."""
    tool: str | None = None
    request: str | None = None
    conversation: str = ""
    """The agent's own id of one that it is to go on with."""
    shell: str = ""
    inside: Session | None = None
    """A row of the tmux session in which it shall be, in a window of its own."""
    splits: bool = False
    """Whether it shares the window of that row instead."""
    window_index: int | None = None
    """Where its window shall stand; None = at the first place that is free."""
    window_name: str | None = None
    identity: SessionId | None = None
    """The row that it is, where it comes back."""


async def new_session(context: SessionContext, wanted: NewSessionRequest) -> tuple[Session, list[str]]:
    """The session as it now is, and what could not be done as asked though the session stands."""
    if not wanted.cwd.is_dir():
        raise UsageError(f"There is no folder {wanted.cwd}.", hint="Make it first, or choose another with --cwd.")
    agent = context.agents.get(wanted.tool) if wanted.tool else None
    if wanted.tool and agent is None:
        known = ", ".join(sorted(context.agents.names()))
        raise UsageError(f'There is no agent "{wanted.tool}".', hint=f"Known: {known}.")
    request = (wanted.request or "").strip()
    if request and agent is None:
        raise UsageError("A request needs an agent to go to.", hint="Name one with --tool.")
    asked = NewSession(cwd=wanted.cwd) if agent is None else _with_agent(context, wanted, agent)
    make = _made if wanted.inside is None else _made_inside
    session = await make(context, wanted, asked, agent)
    said = f"{row_name(session)} in {wanted.cwd}" + (f", with {agent.spec.name}" if agent else "")
    await context.tell("session.made", said, None, session.session_id)
    trouble = await _hand_request(context, session, agent, request) if agent is not None and request else ""
    return context.supervisor.fleet.sessions.get(session.session_id, session), [trouble] if trouble else []


def is_installed(program: str) -> bool:
    """Whether a program can be started."""
    return shutil.which(program) is not None


def _with_agent(context: SessionContext, wanted: NewSessionRequest, agent: Agent) -> NewSession:
    """A session that starts an agent, and goes on with a shell; the files that the agent needs are written."""
    # The folder is the same for every session of an agent.
    folder = private_folder(context.places.state_file.parent / "launch")
    start = Launch(cwd=wanted.cwd, spool=context.places.spool, files=folder)
    resumed = agent.resume(replace(start, session_id=wanted.conversation)) if wanted.conversation else None
    plan = resumed or agent.launch(start)
    if not is_installed(plan.argv[0]):
        raise AgentError(
            f"{agent.spec.name} is not installed: there is no program {plan.argv[0]} on PATH.", hint=agent.spec.install
        )
    for path, text in plan.files.items():
        write_private(path, text)
    env = ({"SHELL": wanted.shell} if wanted.shell else {}) | dict(plan.env)
    return NewSession(cwd=wanted.cwd, argv=("/bin/sh", "-c", THEN_A_SHELL, "quarterdeck", *plan.argv), env=env)


async def _made(context: SessionContext, wanted: NewSessionRequest, asked: NewSession, agent: Agent | None) -> Session:
    supervisor = context.supervisor
    async with supervisor.discovery:
        promised, pane = await _new_pane(context, wanted, asked)
        supervisor.expect(pane.pane_id, CreatedReason.API_CREATE, agent.spec.shown if agent is not None else None)
        await supervisor.look_locked()
        made = next((s for s in supervisor.fleet.sessions.values() if s.tmux_id == pane.tmux_id), None)
        if made is None or made.session_id != promised:
            # It has ended already, or tmux has made another name of the one that was asked for.
            await context.store.release(promised)
    if made is None:
        raise QuarterdeckError(
            f'The session "{pane.session_name}" ended as soon as it began.',
            hint="Its shell or agent could not be started; try the command by hand.",
        )
    health = context.store.health()
    if made.session_id != promised and not health.ok:
        await context.mux.kill_session(pane.tmux_id, of=made.incarnation)
        raise StoreError(f"{UNKEPT}: {health.error}")
    return made


async def _made_inside(
    context: SessionContext, wanted: NewSessionRequest, asked: NewSession, agent: Agent | None
) -> Session:
    """The row of a pane that is made in a tmux session which is there."""
    supervisor, beside = context.supervisor, wanted.inside
    assert beside is not None
    async with supervisor.discovery:
        await supervisor.look_locked()
        snapshot = supervisor.snapshot
        panes = [pane for pane in snapshot.panes if pane.tmux_id == beside.tmux_id] if snapshot else []
        if snapshot is None or not panes or beside.incarnation != str(snapshot.incarnation):
            raise Refused(f'"{row_name(beside)}" has no tmux session any more.', hint="`quarterdeck ls` lists them.")
        place = (
            split_of(beside, panes)
            if wanted.splits
            else window_beside(beside, panes, wanted.window_name, wanted.window_index)
        )
        pane = await context.mux.new_pane(replace(place, cwd=asked.cwd, argv=asked.argv, env=asked.env))
        try:
            session_id = await identity_of_new(context, pane, wanted.identity, has_agent=agent is not None)
        except BaseException:
            await asyncio.shield(context.mux.kill_pane(pane.pane_id, of=str(snapshot.incarnation)))
            raise
        supervisor.expect(pane.pane_id, CreatedReason.API_CREATE, agent.spec.shown if agent is not None else None)
        await supervisor.load()
        await supervisor.look_locked()
        made = supervisor.fleet.sessions.get(session_id)
    if made is None or made.is_stale:
        raise QuarterdeckError(
            f'The pane in "{pane.session_name}" ended as soon as it began.',
            hint="Its shell or agent could not be started; try the command by hand.",
        )
    return made


async def _new_pane(context: SessionContext, wanted: NewSessionRequest, asked: NewSession) -> tuple[SessionId, Pane]:
    """The tmux session, and the identity that was kept for it before it was made."""
    if name := (wanted.name or "").strip():
        return await _named_pane(context, wanted, name, asked)
    await context.supervisor.look_locked()
    snapshot = context.supervisor.snapshot
    taken = {pane.session_name for pane in snapshot.panes} if snapshot else set()
    # Another program may take the name between the look and the making.
    for attempt, free in enumerate(free_names(wanted.stem, taken)):
        try:
            return await _named_pane(context, wanted, free, asked)
        except (TmuxRefused, Refused) as refusal:
            if not _is_taken(refusal) or attempt == NAME_TRIES:
                raise
    raise AssertionError("the loop ends with a pane or an error")


async def _named_pane(
    context: SessionContext, wanted: NewSessionRequest, name: str, asked: NewSession
) -> tuple[SessionId, Pane]:
    try:
        promised = await context.store.reserve(context.supervisor.server, name, wanted.identity)
    except StoreError as error:
        raise StoreError(f"{UNKEPT}: {error.message}", hint="Try again when the state can be written.") from error
    try:
        named = replace(asked, name=name, window_index=wanted.window_index, window_name=wanted.window_name)
        return promised, await context.mux.new_session(named)
    except BaseException:
        await asyncio.shield(context.store.release(promised))
        raise


async def _hand_request(context: SessionContext, session: Session, agent: Agent, request: str) -> str:
    """Send the request, or keep it until it can go; answers what there is to say of it, or ""."""
    try:
        sent = await send(context, session, request, DeliveryRules(holds=True))
    except QuarterdeckError as error:
        said = f"{row_name(session)} was made, but the request was not delivered: {error.message}"
        raise QuarterdeckError(said, hint=error.hint) from error
    name, detail = agent.spec.name, sent.detail
    if sent.proof is Proof.HELD:
        return f"The request waits (message {sent.held}) and is sent as soon as possible: {detail.removesuffix('.')}."
    if sent.outcome is Outcome.UNCONFIRMED:
        return f"{name} shows no sign of having taken the request ({detail}); look at {row_name(session)}."
    return ""


async def reopen(context: SessionContext, session: Session, shell: str = "") -> list[str]:
    """Bring it back under its identity; answers what could not be as it was.

    A stale row takes up the tmux session of its name. One of several comes back as a window of theirs.
    """
    for attempt in count():
        await context.supervisor.look()
        rows = context.supervisor.fleet.sessions
        if (row := rows.get(session.session_id)) is not None and not row.is_stale:
            raise Refused(f'"{row_name(row)}" is there, so there is nothing to bring back.')
        kept = {row.session_id: row for row in await context.store.sessions(context.supervisor.server)}
        if (row := kept.get(session.session_id)) is not None and not row.is_stale and row.ended_at is None:
            # Whoever keeps the rows has not written yet that it is over.
            await context.store.end([row], ExitReason.PROCESS_EXIT)
        home = home_of(rows.values(), session)
        try:
            return await _reopen(context, session, shell, home)
        except (TmuxRefused, Refused) as refusal:
            # Another of its rows may be coming back at the same time, and make the session.
            if home is not None or session.rows_in_session == 1 or not _is_taken(refusal) or attempt == NAME_TRIES:
                raise
        await asyncio.sleep(TRY_AGAIN_SECONDS)
    raise AssertionError("the loop ends with an answer or an error")


async def _reopen(context: SessionContext, session: Session, shell: str, home: Session | None) -> list[str]:
    if session.is_stale and (home is None or max(session.rows_in_session, home.rows_in_session) == 1):
        try:
            await adopt(context, session.tmux_name, session.session_id)
        except NotFound:
            pass
        else:
            return []
    agent = context.agents.get(session.tool) if session.tool is not None else None
    is_known = agent is not None and is_installed(agent.spec.commands[0])
    wanted = NewSessionRequest(
        cwd=Path(session.cwd),
        name=session.tmux_name,
        tool=session.tool if is_known else None,
        conversation=(session.conversation or "") if is_known else "",
        shell=shell,
        inside=home,
        window_index=session.window_index if session.rows_in_session > 1 else None,
        window_name=session.window_name,
        identity=session.session_id,
    )
    made, notices = await new_session(context, wanted)
    if agent is not None and not is_known:
        program = agent.spec.commands[0]
        notices.append(f"{program} is not on PATH, so {row_name(made)} has a shell and no agent.")
    return notices


def _is_taken(refusal: QuarterdeckError) -> bool:
    """Whether it was refused because the name has just been given to another session."""
    return "exists already" in refusal.message or "being made already" in refusal.message


async def bring_session_back(context: SessionContext, session: Session) -> None:
    """Bring back a session that nobody spawned; raises what could not be as it was."""
    notices = await reopen(context, session, os.environ.get("SHELL", ""))
    raise_together([QuarterdeckError(notice) for notice in notices])
