"""Spawn a worker: an id of its own, a branch, a worktree, and an agent at work in it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.issue import issue_text
from quarterdeck.core.lifecycle import initial, is_terminal
from quarterdeck.core.project import AgentChoice, choose_agent
from quarterdeck.core.session import Session, SessionId
from quarterdeck.core.session_ends import with_identity
from quarterdeck.core.session_names import choose_branch, display_name, is_safe_branch, session_numbers
from quarterdeck.core.work import Role, Work
from quarterdeck.core.work_record import WorkRecord
from quarterdeck.errors import ForgeError, IssueNotFound, SettingsError, UsageError
from quarterdeck.foreign_files import read_text
from quarterdeck.operations import start_agent
from quarterdeck.operations.attempt import Attempt
from quarterdeck.operations.prompts import Brief, task, worker_prompt
from quarterdeck.operations.recover import recover
from quarterdeck.operations.session_runtime import look_up
from quarterdeck.ports.store import Level
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable

    from quarterdeck.core.issue import Issue
    from quarterdeck.core.project import Project
    from quarterdeck.operations.contexts import WorkContext
    from quarterdeck.operations.long_operations import LongOperation, LongOperations
    from quarterdeck.ports.forge import Say

logger = logging.getLogger(__name__)


class SpawnRequest(Struct, frozen=True, kw_only=True):
    """What the operator asked for."""

    project: str
    issue: str | None = None
    prompt: str | None = None
    branch: str | None = None
    agent: str | None = None
    model: str | None = None
    subagent: str | None = None


async def spawn(
    context: WorkContext, request: SpawnRequest, say: Say, reserved_as: Callable[[WorkRecord], None] | None = None
) -> WorkRecord:
    """Spawn a worker. When anything fails, or the caller is cancelled, everything done is undone.

    `reserved_as` is told the worker's record as soon as it has an identity.
    """
    project = context.project(request.project)
    asked = AgentChoice(agent=request.agent, model=request.model, subagent=request.subagent)
    agent_choice = choose_agent(project, Role.WORKER, asked=asked)
    await context.tell("session.spawn_started", "Spawning a worker", project.name, agent=agent_choice.agent)
    try:
        issue = await _look_first(context, project, agent_choice, request, say)
        async with Attempt(context, project, say) as attempt:
            await _reserve(attempt, agent_choice, request, issue)
            if reserved_as is not None:
                reserved_as(attempt.record)
            await _start(attempt, agent_choice, request, issue)
    except BaseException as error:
        await _failed(context, project, error)
        raise
    record = attempt.record
    await context.tell(
        "session.spawned",
        f"Spawned {record.session_id}",
        project.name,
        record.session_id,
        agent=record.agent,
        branch=record.branch,
    )
    return record


async def _look_first(
    context: WorkContext, project: Project, agent_choice: AgentChoice, request: SpawnRequest, say: Say
) -> Issue | None:
    """All that can be refused before anything is made; answers the issue."""
    if request.branch and not is_safe_branch(request.branch):
        raise UsageError(f"git does not accept a branch named {request.branch!r}.")
    start_agent.find_agent(context, agent_choice)
    await context.git.check_repository(project.path)
    await recover(context)
    if not request.issue:
        return None
    earlier = [record for record in await context.works.works(project.name) if record.issue == request.issue]
    for record in earlier[-1:]:
        # A restore would go on with that conversation.
        over = " and is over; `quarterdeck restore` brings it back" if is_terminal(record.lifecycle) else ""
        say(f"{record.session_id} worked on {request.issue} before{over}")
    return await _find_issue(context, project, request.issue, say)


async def _start(attempt: Attempt, agent_choice: AgentChoice, request: SpawnRequest, issue: Issue | None) -> None:
    context, project, session_id = attempt.context, attempt.project, attempt.record.session_id
    attempt.say(f"{session_id} on {attempt.record.branch}")
    made = await attempt.make_worktree()
    brief = Brief(
        session_id=session_id,
        branch=made.branch,
        issue=request.issue,
        issue_text=issue_text(issue) if issue else "",
        prompt=request.prompt or "",
        rules=await read_rules(project),
        orchestrator=await _find_orchestrator(context, project),
        has_forge=context.scm(project) is not None,
        base=project.default_branch or await context.git.default_branch(project.path),
    )
    await attempt.change(lambda held: replace(held, worktree=str(made.path)))
    await start_agent.launch(attempt, agent_choice, worker_prompt(project, brief), task(brief))
    await context.works.finish(attempt.entry)


async def _find_issue(context: WorkContext, project: Project, issue_id: str, say: Say) -> Issue | None:
    """The issue, asked before anything is made; None when the project has no tracker or the tracker no such issue."""
    tracker = context.tracker(project)
    if tracker is None:
        return None
    say(f"asking {tracker.name} for {issue_id}")
    try:
        return await tracker.issue(issue_id)
    except IssueNotFound:
        say(f"{tracker.name} has no issue {issue_id}; going on without it")
        return None
    except ForgeError as error:
        said, told = f"{tracker.name} could not be asked for an issue", {"issue": issue_id, "error": error.message}
        await context.tell("tracker.issue_fetch_failed", said, project.name, level=Level.ERROR, **told)
        raise


async def _reserve(attempt: Attempt, agent_choice: AgentChoice, request: SpawnRequest, issue: Issue | None) -> None:
    context, project = attempt.context, attempt.project
    heads, system = await asyncio.gather(context.git.session_heads(project.path), look_up(context, has_processes=False))
    taken = set(session_numbers(project.prefix, heads))
    if system.snapshot:
        # A tmux session of the operator's own may have such a name.
        taken |= session_numbers(project.prefix, [f"session/{pane.session_name}" for pane in system.snapshot.panes])
    now = context.clock.now()
    draft = WorkRecord(
        session_id=SessionId(""),
        project=project.name,
        agent=agent_choice.agent or "",
        model=agent_choice.model,
        lifecycle=initial(Role.WORKER, now),
        repository=str(project.path),
        tmux_server=str(context.mux.address),
        issue=request.issue,
        issue_title=issue.title if issue else None,
        prompt=request.prompt,
        display_name=display_name(issue.title if issue else None, request.prompt),
        created_at=now,
    )
    await attempt.reserve(context.works.reserve_worker(draft, project.prefix, taken, context.owner))
    tracker = context.tracker(project)
    branch = choose_branch(
        attempt.record.session_id,
        explicit=request.branch,
        issue=request.issue,
        issue_branch=issue.branch if issue else None,
        tracker_branch=tracker.branch(issue.id) if issue and tracker else None,
    )
    await attempt.change(lambda held: replace(held, branch=branch))


async def read_rules(project: Project) -> str:
    """The project's rules: those in the settings, then those in its file, if that is there."""
    parts = [project.rules]
    if project.rules_file:
        path = project.path / project.rules_file
        try:
            parts.append(await asyncio.to_thread(read_text, path, errors="replace"))
        except (FileNotFoundError, NotADirectoryError):
            logger.debug("%s has no rules of its own", project.name)
        except OSError as error:
            raise SettingsError(
                f"The rules of {project.name} cannot be read from {path}: {error.strerror}.",
                hint="The setting `rules_file` names a text file in the repository.",
            ) from error
    return "\n\n".join(part for part in parts if part.strip())


async def _find_orchestrator(context: WorkContext, project: Project) -> str | None:
    """The orchestrator workers can talk to, when the project has one."""
    found = await context.works.work(SessionId(f"{project.prefix}-orchestrator"))
    return found.session_id if found else None


async def _failed(context: WorkContext, project: Project, error: BaseException) -> None:
    logger.info("spawning in %s failed", project.name, exc_info=error)
    said, level = "Spawning a worker failed", Level.ERROR
    if isinstance(error, asyncio.CancelledError):
        said, level = "Spawning a worker was stopped", Level.WARN
    told = {"reason": type(error).__name__, "error": str(error)}
    await context.tell("session.spawn_failed", said, project.name, level=level, **told)


async def spawn_in_row(
    context: WorkContext, operations: LongOperations, request: SpawnRequest, begun: Callable[[SessionId], None]
) -> SessionId:
    """Start a worker; stopped, everything is undone.

    `begun` is told the id of its row, and again when the worker has got its own id.
    """
    now = context.clock.now()
    row = Session(
        session_id=SessionId(f"spawning-{next(operations.numbers)}"),
        tmux_name=f"{request.project} {request.issue or ''}".strip(),
        tmux_server=str(context.mux.address),
        last_activity_at=now,
        work=Work(project=request.project, agent=request.agent or "", issue=request.issue, created_at=now),
    )

    async def work(operation: LongOperation) -> SessionId:
        begun(operation.session_id)
        await context.learn([context.project(request.project)])

        def reserved(record: WorkRecord) -> None:
            operation.session_id = record.session_id
            name = record.tmux_name or record.session_id
            operation.row = with_identity(row, record.session_id, name, record.as_work())
            operation.changed()
            begun(record.session_id)

        return (await spawn(context, request, operation.say, reserved)).session_id

    return await operations.run(row.session_id, "spawning", work, row)
