"""Starting the agent of a spawned session: its files, its environment, its tmux session, its first words."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.errors import AgentError, QuarterdeckError, Refused, TmuxError, UsageError
from quarterdeck.paths import private_folder
from quarterdeck.ports.agent import Launch, LaunchPlan, Permissions
from quarterdeck.ports.mux import CaptureRequest, NewSession
from quarterdeck.programs import TMUX_VARIABLE, chosen_tmux

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quarterdeck.core.pane import Pane
    from quarterdeck.core.project import AgentChoice, Project
    from quarterdeck.core.work_record import WorkRecord
    from quarterdeck.operations.work_context import WorkContext
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
    if shutil.which(program, path=search_path(context, {})) is None:
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


def search_path(context: WorkContext, env: Mapping[str, str]) -> str:
    """Where an agent finds programs: as the operator set it, and our own command, which it reports with."""
    inherited = env.get("PATH") or context.environ.get("PATH") or os.defpath
    folders = [*inherited.split(os.pathsep), str(Path(sys.executable).parent)]
    return os.pathsep.join(dict.fromkeys(folder for folder in folders if folder))


def environment(context: WorkContext, project: Project, record: WorkRecord, plan: LaunchPlan) -> dict[str, str]:
    """What an agent's environment holds on top of tmux's: the project's own values never hide ours."""
    ours = {
        "PATH": search_path(context, project.env),
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


async def start(context: WorkContext, project: Project, record: WorkRecord, plan: LaunchPlan) -> Pane:
    """Start the agent in a tmux session of the record's name."""
    assert record.worktree is not None
    assert record.tmux_name is not None
    try:
        return await context.mux.new_session(
            NewSession(
                name=record.tmux_name,
                cwd=Path(record.worktree),
                argv=plan.argv,
                env=environment(context, project, record, plan),
            )
        )
    except TmuxError as error:
        error.hint = error.hint or f"The command was: {' '.join(plan.argv[:3])} …"
        raise


async def say_first(context: WorkContext, pane: Pane, text: str) -> None:
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
