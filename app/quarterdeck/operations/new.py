"""Make a plain tmux session, bring one back under its name, or take in one that is not watched."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from quarterdeck.core.events import CreatedReason, SessionForgotten
from quarterdeck.core.place_match import seen_place
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
from quarterdeck.operations.delivery import DeliveryRules
from quarterdeck.operations.delivery_proof import Outcome, Proof
from quarterdeck.operations.send import send
from quarterdeck.paths import private_folder, write_private
from quarterdeck.ports.agent import Launch
from quarterdeck.ports.mux import NewSession
from quarterdeck.supervisor.session_memory import shown_agent
from quarterdeck.values import replace

if TYPE_CHECKING:
    from quarterdeck.core.pane import Pane
    from quarterdeck.core.session import Session, SessionId
    from quarterdeck.operations.contexts import SessionContext
    from quarterdeck.ports.agent import Agent

NAME_TRIES = 20
UNKEPT = "No session was made, since its identity could not be saved"

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
    session = await _made(context, wanted, asked, agent)
    said = f"{session.tmux_name} in {wanted.cwd}" + (f", with {agent.spec.name}" if agent else "")
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
        supervisor.expect(pane.pane_id, CreatedReason.API_CREATE, shown_agent(agent) if agent is not None else None)
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


async def _new_pane(context: SessionContext, wanted: NewSessionRequest, asked: NewSession) -> tuple[SessionId, Pane]:
    """The tmux session, and the identity that was kept for it before it was made."""
    if name := (wanted.name or "").strip():
        return await _named_pane(context, name, asked)
    await context.supervisor.look_locked()
    snapshot = context.supervisor.snapshot
    taken = {pane.session_name for pane in snapshot.panes} if snapshot else set()
    # Another program may take the name between the look and the making.
    for attempt, free in enumerate(free_names(wanted.stem, taken)):
        try:
            return await _named_pane(context, free, asked)
        except (TmuxRefused, Refused) as refusal:
            is_taken = "exists already" in refusal.message or "being made already" in refusal.message
            if not is_taken or attempt == NAME_TRIES:
                raise
    raise AssertionError("the loop ends with a pane or an error")


async def _named_pane(context: SessionContext, name: str, asked: NewSession) -> tuple[SessionId, Pane]:
    try:
        promised = await context.store.reserve(context.supervisor.server, name)
    except StoreError as error:
        raise StoreError(f"{UNKEPT}: {error.message}", hint="Try again when the state can be written.") from error
    try:
        return promised, await context.mux.new_session(replace(asked, name=name))
    except BaseException:
        await asyncio.shield(context.store.release(promised))
        raise


async def _hand_request(context: SessionContext, session: Session, agent: Agent, request: str) -> str:
    """Send the request, or keep it until it can go; answers what there is to say of it, or ""."""
    try:
        sent = await send(context, session, request, DeliveryRules(holds=True))
    except QuarterdeckError as error:
        said = f"{session.tmux_name} was made, but the request was not delivered: {error.message}"
        raise QuarterdeckError(said, hint=error.hint) from error
    name, detail = agent.spec.name, sent.detail
    if sent.proof is Proof.HELD:
        return f"The request waits (message {sent.held}) and is sent as soon as possible: {detail.removesuffix('.')}."
    if sent.outcome is Outcome.UNCONFIRMED:
        return f"{name} shows no sign of having taken the request ({detail}); look at {session.tmux_name}."
    return ""


async def reopen(context: SessionContext, session: Session, shell: str = "") -> list[str]:
    """Bring it back; answers what could not be as it was. A stale identity is taken up again by its name."""
    if session.is_stale:
        try:
            await adopt(context, session.tmux_name, session.session_id)
        except NotFound:
            pass
        else:
            return []
    agent = context.agents.get(session.tool) if session.tool is not None else None
    is_known = agent is not None and is_installed(agent.spec.commands[0])
    _, notices = await new_session(
        context,
        NewSessionRequest(
            cwd=Path(session.cwd),
            name=session.tmux_name,
            tool=session.tool if is_known else None,
            conversation=(session.conversation or "") if is_known else "",
            shell=shell,
        ),
    )
    if agent is not None and not is_known:
        program = agent.spec.commands[0]
        notices.append(f"{program} is not on PATH, so {session.tmux_name} has a shell and no agent.")
    return notices


async def bring_session_back(context: SessionContext, session: Session) -> None:
    """Bring back a session that nobody spawned; raises what could not be as it was."""
    notices = await reopen(context, session, os.environ.get("SHELL", ""))
    raise_together([QuarterdeckError(notice) for notice in notices])


async def adopt(context: SessionContext, name: str, session_id: SessionId | None = None) -> Session:
    """Watch the tmux session of exactly this name, as the stale or detached `session_id` where one is given."""
    if not name:
        raise UsageError("Name a tmux session.", hint="`tmux list-sessions` lists them.")
    supervisor = context.supervisor
    async with supervisor.discovery:
        await supervisor.look_locked()
        snapshot = supervisor.snapshot
        living = [pane for pane in snapshot.panes if not pane.dead] if snapshot else []
        sessions = {pane.tmux_id: pane for pane in living if pane.session_name == name and pane.is_current}
        panes = list(sessions.values())
        if not panes or snapshot is None:
            raise NotFound(f'tmux has no session "{name}".', hint="`tmux list-sessions` lists them.")
        if len(panes) > 1:
            raise Refused(f'tmux has {len(panes)} sessions "{name}".', hint="Rename one of them first.")
        pane = panes[0]
        holder = next(
            (s for s in supervisor.fleet.sessions.values() if s.tmux_id == pane.tmux_id and not s.is_stale), None
        )
        if holder is not None and session_id in {None, holder.session_id}:
            raise Refused(f'"{name}" is watched already, as {holder.session_id}.')
        if holder is not None and holder.work is not None:
            raise Refused(f'"{name}" is the worker {holder.session_id}, and cannot get another identity.')
        identity = await context.store.adopt(
            supervisor.server,
            str(snapshot.incarnation),
            seen_place(pane),
            session_id,
        )
        now = context.clock.now()
        given_up: dict[str, Any] = {} if holder is None else {"instead_of": holder.session_id}
        await context.tell("session.adopted", f"Adopted: {name}", None, identity.session_id, tmux_name=name, **given_up)
        if holder is not None:
            supervisor.note_end(SessionForgotten(session_id=holder.session_id, at=now))
        supervisor.expect(pane.pane_id, CreatedReason.ADOPTED)
        await supervisor.load()
        await supervisor.look_locked()
        return supervisor.fleet.sessions[identity.session_id]
