"""Starting a spawned session: its agent in a tmux session of its name, under the identity kept for it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.core.journal import Step
from quarterdeck.core.lifecycle import RuntimePart, RuntimeReason, RuntimeState, decide
from quarterdeck.core.session import ExitReason
from quarterdeck.errors import TmuxRefused
from quarterdeck.operations import start_agent
from quarterdeck.operations.conversations import LEFT, last_seen, take_up_earlier
from quarterdeck.operations.session_runtime import end_runtime, note_end, note_start
from quarterdeck.values import replace

if TYPE_CHECKING:
    from quarterdeck.core.journal import JournalEntry
    from quarterdeck.core.pane import Pane
    from quarterdeck.core.project import AgentChoice, Project
    from quarterdeck.core.work_record import WorkRecord
    from quarterdeck.operations.undo import Undo
    from quarterdeck.operations.work_context import WorkContext
    from quarterdeck.ports.agent import LaunchPlan
    from quarterdeck.ports.git import Say


async def launch(  # each of these comes from another step
    context: WorkContext,
    project: Project,
    agent_choice: AgentChoice,
    record: WorkRecord,
    entry: JournalEntry,
    undo: Undo,
    system_prompt: str,
    prompt: str,
    say: Say,
) -> WorkRecord:
    """Start the agent and write down that it runs."""
    agent = start_agent.find_agent(context, agent_choice)
    wanted = start_agent.wanted_launch(context, record, agent_choice, prompt=prompt, system_prompt=system_prompt)
    plan = await take_up_earlier(context, project, record, agent, wanted) or agent.launch(wanted)
    undo.push("the prompt files", lambda: asyncio.to_thread(start_agent.remove_files, context, record))
    files = {start_agent.prompt_file(context, record): system_prompt, **plan.files}
    await asyncio.to_thread(start_agent.write_files, files)
    own_files(context, record, plan)
    say(f"starting {agent.spec.name}")
    left = await last_seen(context, record, agent)
    pane = await start_session(context, project, record, entry, plan, undo)
    undo.has_agent = True
    if plan.paste:
        say("giving it its task")
        await start_agent.say_first(context, pane, plan.paste)
    await context.works.step(entry, Step.RECORD)
    return await context.works.change_work(
        record.session_id, lambda held: running(context, held, pane, plan.session_id or held.agent_session_id, left)
    )


def own_files(context: WorkContext, record: WorkRecord, plan: LaunchPlan) -> None:
    """Tell git which files in the worktree are ours, so that they never count as the agent's work."""
    assert record.worktree is not None
    worktree = Path(record.worktree)
    inside = [str(path.relative_to(worktree)) for path in plan.files if path.is_relative_to(worktree)]
    if inside:
        context.git.own(worktree, inside)


async def start_session(
    context: WorkContext, project: Project, record: WorkRecord, entry: JournalEntry, plan: LaunchPlan, undo: Undo
) -> Pane:
    """Start the tmux session under the identity that is kept for it."""
    name = record.tmux_name or record.session_id
    await context.works.step(entry, Step.LAUNCH)
    await context.store.reserve(str(context.mux.address), name, record.session_id)
    undo.push("the identity", lambda: context.store.release(record.session_id))
    is_refused = False

    async def end() -> None:
        # tmux said no, so what has this name is somebody else's.
        if not is_refused:
            await end_runtime(context, record)
            await note_end(context, record.session_id, ExitReason.API_DELETE)

    undo.push("the tmux session", end)
    # A tmux that was asked makes the session even when nobody waits for its answer any more, so we always do.
    asking = asyncio.ensure_future(start_agent.start(context, project, record, plan))
    try:
        pane = await asyncio.shield(asking)
    except asyncio.CancelledError:
        await asyncio.wait([asking])
        raise
    except TmuxRefused:
        is_refused = True
        raise
    await note_start(context, pane)
    return pane


def running(context: WorkContext, record: WorkRecord, pane: Pane, conversation: str | None, left: str) -> WorkRecord:
    """The record of a session whose agent has just been started; `left` is the conversation it was last seen in."""
    now = context.clock.now()
    runtime = RuntimePart(
        state=RuntimeState.ALIVE,
        reason=RuntimeReason.PROCESS_RUNNING,
        last_observed_at=now,
        handle=pane.pane_id,
        tmux_name=record.tmux_name,
    )
    return replace(
        record,
        lifecycle=decide(record.lifecycle, now, runtime=runtime),
        agent_session_id=conversation,
        extra={**record.extra, LEFT: left} if left and left != conversation else record.extra,
        last_active_at=now,
    )
