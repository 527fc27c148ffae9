"""Starting the agent of a spawned session: its files, its environment, its tmux session, its first words."""

from __future__ import annotations

import asyncio
import os
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.core.journal import Step
from quarterdeck.core.lifecycle import decide
from quarterdeck.core.place_match import seen_place
from quarterdeck.core.session import ExitReason
from quarterdeck.errors import AgentError, QuarterdeckError, Refused, TmuxError, TmuxRefused, UsageError
from quarterdeck.operations.conversations import LEFT_CONVERSATION, last_seen, take_up_earlier
from quarterdeck.operations.new_pane import hold_shown, window_beside
from quarterdeck.operations.session_runtime import alive, end_runtime, look_up, note_end, note_start
from quarterdeck.paths import private_folder
from quarterdeck.ports.agent import Launch, LaunchPlan
from quarterdeck.ports.agent_spec import Permissions
from quarterdeck.ports.mux import CaptureRequest, NewSession
from quarterdeck.programs import TMUX_VARIABLE, chosen_tmux
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from quarterdeck.core.pane import Pane
    from quarterdeck.core.project import AgentChoice, Project
    from quarterdeck.core.session import Session
    from quarterdeck.core.work_record import WorkRecord
    from quarterdeck.operations.attempt import Attempt
    from quarterdeck.operations.contexts import WorkContext
    from quarterdeck.operations.session_runtime import SystemLook
    from quarterdeck.ports.agent import Agent

READY_SECONDS = 20.0
READY_PAUSE = 0.5
READY_LOOKS = 2


def find_agent(context: WorkContext, agent_choice: AgentChoice) -> Agent:
    """The agent to be started; raises when it is not known or not installed."""
    name = agent_choice.agent or ""
    agent = context.agents.get(name)
    if agent is None:
        raise UsageError(
            f"There is no agent {name!r}.", hint=f"Known agents: {', '.join(sorted(context.agents.names()))}."
        )
    program = agent.spec.commands[0]
    if shutil.which(program, path=context.search_path({})) is None:
        raise AgentError(f"{agent.spec.name} is not installed: there is no program {program}.", hint=agent.spec.install)
    return agent


def wanted_launch(
    context: WorkContext, record: WorkRecord, agent_choice: AgentChoice, *, prompt: str = "", system_prompt: str = ""
) -> Launch:
    """How a session's agent shall be started, in its worktree."""
    assert record.worktree is not None
    agent = context.agents.get(record.agent)
    flag = agent.spec.subagent_flag if agent is not None else ()
    return Launch(
        cwd=Path(record.worktree),
        prompt=prompt,
        system_prompt=system_prompt,
        model=agent_choice.model or "",
        permissions=Permissions(agent_choice.permissions or Permissions.DEFAULT),
        session_id=str(uuid.uuid4()),
        spool=context.spool,
        files=launch_folder(context, record),
        extra=(*flag, agent_choice.subagent) if flag and agent_choice.subagent else (),
    )


def launch_folder(context: WorkContext, record: WorkRecord) -> Path:
    """Where files stand that a session's agent is started with; never in its worktree."""
    return context.folder / record.project / "launch" / record.session_id


def prompt_file(context: WorkContext, record: WorkRecord) -> Path:
    """Where a session's standing instructions are kept."""
    role = "orchestrator" if record.is_orchestrator else "worker"
    return context.folder / record.project / f"{role}-prompt-{record.session_id}.md"


def write_files(files: Mapping[Path, str]) -> None:
    """Write text files for the operator's eyes alone."""
    for path, text in files.items():
        try:
            if not path.parent.exists():
                private_folder(path.parent)
            # A hook of another agent may be reading the file right now, so it is replaced and not rewritten.
            fresh = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
                file.write(text)
            fresh.replace(path)
        except OSError as error:
            raise QuarterdeckError(f"{path} cannot be written: {error.strerror}.") from error


def remove_files(context: WorkContext, record: WorkRecord) -> None:
    """Remove what a session's agent was to be started with."""
    prompt_file(context, record).unlink(missing_ok=True)
    shutil.rmtree(launch_folder(context, record), ignore_errors=True)


def environment(context: WorkContext, project: Project, record: WorkRecord, plan: LaunchPlan) -> dict[str, str]:
    """What an agent's environment holds on top of tmux's: the project's own values never hide ours."""
    ours = {
        "PATH": context.search_path(project.env),
        "QUARTERDECK_SESSION": record.session_id,
        "QUARTERDECK_PROJECT": record.project,
        "QUARTERDECK_CALLER": "orchestrator" if record.is_orchestrator else "agent",
        "QUARTERDECK_TMUX_NAME": record.tmux_name or record.session_id,
    }
    if record.issue:
        ours["QUARTERDECK_ISSUE"] = record.issue
    if context.home is not None:
        ours["QUARTERDECK_HOME"] = str(context.home)
    if chosen := chosen_tmux(context.environ):
        ours[TMUX_VARIABLE] = chosen
    return {**plan.env, **project.env, **ours}


async def launch(attempt: Attempt, agent_choice: AgentChoice, system_prompt: str, prompt: str) -> None:
    """Start the agent and write down that it runs."""
    context, record = attempt.context, attempt.record
    agent = find_agent(context, agent_choice)
    wanted = wanted_launch(context, record, agent_choice, prompt=prompt, system_prompt=system_prompt)
    plan = await take_up_earlier(context, attempt.project, record, agent, wanted) or agent.launch(wanted)
    attempt.push("the prompt files", lambda: asyncio.to_thread(remove_files, context, record))
    await lay_out_files(context, record, plan, {prompt_file(context, record): system_prompt})
    await start_session(attempt, agent, plan)


async def lay_out_files(
    context: WorkContext, record: WorkRecord, plan: LaunchPlan, more: Mapping[Path, str] | None = None
) -> None:
    """Write what the agent is started with; git is told of what lies in the worktree: it is not the agent's work."""
    assert record.worktree is not None
    worktree = Path(record.worktree)
    await asyncio.to_thread(write_files, {**(more or {}), **plan.files})
    if inside := [str(path.relative_to(worktree)) for path in plan.files if path.is_relative_to(worktree)]:
        context.git.own(worktree, inside)


async def start_session(
    attempt: Attempt, agent: Agent, plan: LaunchPlan, also: Callable[[WorkRecord], WorkRecord] = lambda held: held
) -> None:
    """Start the agent under the identity that is kept for it, give it its task, and write down that it runs."""
    context, record = attempt.context, attempt.record
    attempt.say(f"starting {agent.spec.name}")
    left = await last_seen(context, record, agent)
    pane = await _new_session(attempt, plan)
    attempt.has_agent = True
    if plan.paste:
        attempt.say("giving it its task")
        await _say_first(context, pane, plan.paste)
    await attempt.step(Step.RECORD)

    def running(held: WorkRecord) -> WorkRecord:
        now, conversation = context.clock.now(), plan.session_id or held.agent_session_id
        return replace(
            held,
            lifecycle=decide(held.lifecycle, now, runtime=alive(held, now, pane)),
            agent_session_id=conversation,
            extra={**held.extra, LEFT_CONVERSATION: left} if left and left != conversation else held.extra,
            last_active_at=now,
        )

    await attempt.change(lambda held: also(running(held)))


async def _new_session(attempt: Attempt, plan: LaunchPlan) -> Pane:
    context, record = attempt.context, attempt.record
    assert record.worktree is not None
    assert record.tmux_name is not None
    wanted = NewSession(
        name=record.tmux_name,
        cwd=Path(record.worktree),
        argv=plan.argv,
        env=environment(context, attempt.project, record, plan),
    )
    await attempt.step(Step.LAUNCH)
    system = await look_up(context, has_processes=False)
    home = system.home(record)
    if home is None:
        await context.store.reserve(str(context.mux.address), record.tmux_name, record.session_id)
    attempt.push("the identity", lambda: context.store.release(record.session_id))
    is_refused = False

    async def end() -> None:
        # tmux said no, so what has this name is somebody else's.
        if not is_refused:
            await end_runtime(context, record)
            await note_end(context, record.session_id, ExitReason.API_DELETE)

    attempt.push("the tmux session", end)
    # A tmux that was asked makes the session even when nobody waits for its answer any more, so we always do.
    making = _new_window(context, record, system, home, wanted) if home else context.mux.new_session(wanted)
    asking = asyncio.ensure_future(making)
    try:
        pane = await asyncio.shield(asking)
    except asyncio.CancelledError:
        await asyncio.wait([asking])
        raise
    except TmuxError as error:
        is_refused = isinstance(error, TmuxRefused)
        error.hint = error.hint or f"The command was: {' '.join(plan.argv[:3])} …"
        raise
    if home is None:
        await note_start(context, pane)
    return pane


async def _new_window(
    context: WorkContext, record: WorkRecord, system: SystemLook, home: Session, wanted: NewSession
) -> Pane:
    """A window in its tmux session, which has gone on with other rows; its identity is bound to it."""
    look = system.snapshot
    assert look is not None
    assert home.tmux_id is not None
    over = system.over[record.session_id]
    panes = [pane for pane in look.panes if pane.tmux_id == home.tmux_id]
    place = window_beside(home, panes, over.window_name, over.window_index)
    pane = await context.mux.new_pane(replace(place, cwd=wanted.cwd, argv=wanted.argv, env=wanted.env))
    server, incarnation = str(context.mux.address), str(look.incarnation)
    try:
        await hold_shown(context.store, server, look, system.rows.values(), home.tmux_id)
        seen = seen_place(pane, is_bound=True, is_first=False)
        await context.store.adopt(server, incarnation, seen, record.session_id, is_restored=True)
    except BaseException:
        await asyncio.shield(context.mux.kill_pane(pane.pane_id, of=incarnation))
        raise
    return pane


async def _say_first(context: WorkContext, pane: Pane, text: str) -> None:
    """Paste an agent's first task once it has come to rest, for agents that take none on their command line."""
    before = ""
    still = 0
    for _ in range(int(READY_SECONDS / READY_PAUSE)):
        screen = (await context.mux.capture([CaptureRequest(pane.pane_id)])).get(pane.pane_id)
        if screen is None:
            raise Refused("The agent ended before it could be given its task.")
        still = still + 1 if screen.strip() and screen.rstrip() == before.rstrip() else 0
        if still >= READY_LOOKS:
            break
        before = screen
        await asyncio.sleep(READY_PAUSE)
    await context.mux.paste(pane.pane_id, text)
    await asyncio.sleep(READY_PAUSE)
    await context.mux.send_keys(pane.pane_id, ["Enter"])
