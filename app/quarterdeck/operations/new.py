"""Make a plain tmux session, with an agent in it when one is wanted."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.events import CreatedReason
from quarterdeck.core.session_names import free_names
from quarterdeck.errors import AgentError, QuarterdeckError, Refused, StoreError, TmuxRefused, UsageError
from quarterdeck.operations.delivery import DeliveryRules
from quarterdeck.operations.delivery_proof import Outcome, Proof
from quarterdeck.operations.send import send
from quarterdeck.paths import private_folder, write_private
from quarterdeck.ports.agent import Launch
from quarterdeck.ports.mux import NewSession
from quarterdeck.supervisor.session_memory import shown_agent
from quarterdeck.values import replace

if TYPE_CHECKING:
    from pathlib import Path

    from quarterdeck.core.pane import Pane
    from quarterdeck.core.session import Session, SessionId
    from quarterdeck.operations.session_context import SessionContext
    from quarterdeck.ports.agent import Agent, LaunchPlan

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
    agent = find_agent(context, wanted.tool) if wanted.tool else None
    request = (wanted.request or "").strip()
    if request and agent is None:
        raise UsageError("A request needs an agent to go to.", hint="Name one with --tool.")
    plan = _plan(context, wanted, agent) if agent else None
    if agent is not None and plan is not None and not is_installed(plan.argv[0]):
        raise AgentError(
            f"{agent.spec.name} is not installed: there is no program {plan.argv[0]} on PATH.", hint=agent.spec.install
        )
    session = await _made(context, wanted, agent, plan)
    said = f"{session.tmux_name} in {wanted.cwd}" + (f", with {agent.spec.name}" if agent else "")
    await context.tell("session.made", said, session.session_id)
    trouble = await deliver(context, session, agent, request) if agent is not None and request else ""
    return context.supervisor.fleet.sessions.get(session.session_id, session), [trouble] if trouble else []


def find_agent(context: SessionContext, name: str) -> Agent:
    """The agent of this name; raises UsageError with the names there are."""
    agent = context.agents.get(name)
    if agent is None:
        raise UsageError(f'There is no agent "{name}".', hint=f"Known: {', '.join(sorted(context.agents.names()))}.")
    return agent


def is_installed(program: str) -> bool:
    """Whether a program can be started."""
    return shutil.which(program) is not None


def launch_folder(context: SessionContext) -> Path:
    """Where files lie that agents are started with. They are the same for every session of an agent."""
    return private_folder(context.places.state_file.parent / "launch")


def _plan(context: SessionContext, wanted: NewSessionRequest, agent: Agent) -> LaunchPlan:
    start = Launch(cwd=wanted.cwd, spool=context.places.spool, files=launch_folder(context))
    resumed = agent.resume(replace(start, session_id=wanted.conversation)) if wanted.conversation else None
    return resumed or agent.launch(start)


async def _made(
    context: SessionContext, wanted: NewSessionRequest, agent: Agent | None, plan: LaunchPlan | None
) -> Session:
    supervisor = context.supervisor
    argv: tuple[str, ...] = ()
    env: dict[str, str] = {}
    if plan is not None:
        for path, text in plan.files.items():
            write_private(path, text)
        argv = ("/bin/sh", "-c", THEN_A_SHELL, "quarterdeck", *plan.argv)
        env = dict(plan.env)
        if wanted.shell:
            env.setdefault("SHELL", wanted.shell)
    async with supervisor.discovery:
        promised, pane = await _new_pane(context, wanted, argv, env)
        started = None if agent is None else shown_agent(agent)
        supervisor.expect(pane.tmux_id, CreatedReason.API_CREATE, started)
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


async def _new_pane(
    context: SessionContext, wanted: NewSessionRequest, argv: tuple[str, ...], env: dict[str, str]
) -> tuple[SessionId, Pane]:
    """The tmux session, and the identity that was kept for it before it was made."""
    name = (wanted.name or "").strip() or None
    if name is not None:
        return await _named_pane(context, NewSession(name=name, cwd=wanted.cwd, argv=argv, env=env))
    await context.supervisor.look_locked()
    snapshot = context.supervisor.snapshot
    taken = {pane.session_name for pane in snapshot.panes} if snapshot else set()
    # Another program may take the name between the look and the making.
    for attempt, free in enumerate(free_names(wanted.stem, taken)):
        try:
            return await _named_pane(context, NewSession(name=free, cwd=wanted.cwd, argv=argv, env=env))
        except (TmuxRefused, Refused) as refusal:
            is_taken = "exists already" in refusal.message or "being made already" in refusal.message
            if not is_taken or attempt == NAME_TRIES:
                raise
    raise AssertionError("the loop ends with a pane or an error")


async def _named_pane(context: SessionContext, asked: NewSession) -> tuple[SessionId, Pane]:
    assert asked.name is not None
    try:
        promised = await context.store.reserve(context.supervisor.server, asked.name)
    except StoreError as error:
        raise StoreError(f"{UNKEPT}: {error.message}", hint="Try again when the state can be written.") from error
    try:
        return promised, await context.mux.new_session(asked)
    except BaseException:
        await asyncio.shield(context.store.release(promised))
        raise


async def deliver(context: SessionContext, session: Session, agent: Agent, request: str) -> str:
    """Send the request, or keep it until it can go; answers what there is to say of it, or "".

    Raises QuarterdeckError when it can be neither delivered nor kept.
    """
    try:
        sent = await send(context, session, request, DeliveryRules(holds=True))
    except QuarterdeckError as error:
        raise QuarterdeckError(
            f"{session.tmux_name} was made, but the request was not delivered: {error.message}", hint=error.hint
        ) from error
    if sent.proof is Proof.HELD:
        return (
            f"The request waits (message {sent.held}) and is sent as soon as possible: {sent.detail.removesuffix('.')}."
        )
    if sent.outcome is Outcome.UNCONFIRMED:
        return (
            f"{agent.spec.name} shows no sign of having taken the request ({sent.detail}); look at {session.tmux_name}."
        )
    return ""
