"""Verbs for spawned work: `spawn`, `orchestrator`, `restore`, `remap`, `claim-pr`, `cleanup`, `report`."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.cli.call import given_text, services
from quarterdeck.cli.output import print_json, print_table
from quarterdeck.core.row_name import row_name
from quarterdeck.core.session import SessionState
from quarterdeck.core.session_json import to_wire
from quarterdeck.core.text import clean
from quarterdeck.errors import NotFound, NotRestorable, QuarterdeckError, Refused, UsageError
from quarterdeck.foreign_files import read_given
from quarterdeck.operations.claim import claim_pr
from quarterdeck.operations.cleanup import CleanupCandidate, cleanup
from quarterdeck.operations.conversations import remap
from quarterdeck.operations.new import reopen
from quarterdeck.operations.orchestrator import OrchestratorRequest, ensure_orchestrator, relaunch_orchestrator
from quarterdeck.operations.projects import offer_project
from quarterdeck.operations.recover import recover
from quarterdeck.operations.restore import restore, tell_kept
from quarterdeck.operations.session_runtime import Leftovers
from quarterdeck.operations.spawn import SpawnRequest, spawn
from quarterdeck.operations.take_report import report
from quarterdeck.roots import current_folder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from quarterdeck.cli.call import Call
    from quarterdeck.core.session import Session
    from quarterdeck.core.work_record import WorkRecord
    from quarterdeck.runtime.services import Services


def progress(line: str) -> None:
    """Say on stderr what is being done."""
    sys.stderr.write(f"{clean(line)}\n")
    sys.stderr.flush()


def _telling(call: Call) -> Callable[[str], None]:
    """How to say what is being done: with `--json` only an error goes to stderr, so that a program can read it."""
    return (lambda line: None) if call.json else progress


@asynccontextmanager
async def work_context_of(call: Call, *projects: str) -> AsyncIterator[Services]:
    """The services, after what a crash left half done was finished or undone, and with the projects' forges known."""
    async with services(call, look=False) as opened:
        for line in await recover(opened.work_context):
            progress(line)
        wanted = [project for name, project in opened.work_context.projects.items() if not projects or name in projects]
        await opened.forges.learn(wanted)
        yield opened


async def row_of(opened: Services, record: WorkRecord) -> Session:
    """The session object of a record, as a look shows it now."""
    await opened.workers.look_once()
    supervisor = opened.workers.supervisor
    found = supervisor.fleet.sessions.get(record.session_id) or supervisor.fleet.exited.get(record.session_id)
    if found is None:
        raise QuarterdeckError(
            f"{record.session_id} exists, but tmux does not show it.", hint=f"quarterdeck show {record.session_id}"
        )
    return found


async def spawned(opened: Services, word: str) -> WorkRecord:
    """The record a word names: by id, or by an unambiguous prefix of it."""
    records = await opened.work_context.works.works()
    exact = [record for record in records if word in (record.session_id, record.tmux_name)]
    found = exact or [record for record in records if word and record.session_id.startswith(word)]
    if len(found) > 1:
        names = ", ".join(record.session_id for record in found)
        raise UsageError(f'"{word}" could be any of: {names}.', hint="Give more of the id.")
    if not found:
        raise NotFound(
            f'There is no worker or orchestrator "{word}".',
            hint="`quarterdeck spawn` makes one; other sessions have no work to go back to.",
        )
    return found[0]


async def worker(opened: Services, word: str) -> WorkRecord:
    """The same, for a verb that needs a branch and a worktree: another session is refused with the reason."""
    try:
        return await spawned(opened, word)
    except NotFound:
        other = await _lost(opened, word)
    if other.work is not None:
        return await opened.work_context.record(other.session_id)
    raise Refused(
        f'"{row_name(other)}" was not spawned, so it has no branch and no worktree.',
        hint="`quarterdeck spawn` starts one that has both.",
    )


def _shown(call: Call, session: Session) -> int:
    work = session.work
    where = f"  {work.branch}  {work.worktree}" if work else ""
    return call.tell(to_wire(session), f"{session.session_id}  {row_name(session)}{where}")


async def spawn_worker(call: Call) -> int:
    """Start a worker in a worktree of its own."""
    options = call.options
    async with work_context_of(call, options.project or "") as opened:
        context, project = opened.work_context, options.project
        if not project:
            project = (await offer_project(context.git, context.projects, Path(current_folder()))).name
        request = SpawnRequest(
            project=project,
            issue=options.issue,
            prompt=given_text(options.prompt) if options.prompt else options.prompt,
            branch=options.branch,
            agent=options.agent,
        )
        record = await spawn(context, request, _telling(call))
        if not (request.issue or request.prompt):
            progress(f"It has no task yet. Give it one: quarterdeck send {record.session_id} TEXT")
        return _shown(call, await row_of(opened, record))


async def _orchestrator(call: Call, act: Callable[..., Awaitable[WorkRecord]]) -> int:
    options = call.options
    prompt = await asyncio.to_thread(_read, Path(options.prompt_file)) if options.prompt_file else ""
    async with work_context_of(call, options.project) as opened:
        request = OrchestratorRequest(project=options.project, agent=options.agent, prompt=prompt)
        record = await act(opened.work_context, request, _telling(call))
        return _shown(call, await row_of(opened, record))


orchestrator_ensure = partial(_orchestrator, act=ensure_orchestrator)
orchestrator_relaunch = partial(_orchestrator, act=relaunch_orchestrator)


def _read(file: Path) -> str:
    try:
        return read_given(file.expanduser())
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"{file} cannot be read: {why}.") from error


async def _lost(opened: Services, word: str) -> Session:
    """The row that a word names, whatever became of it."""
    await opened.workers.look_once()
    return opened.context.session(word, all_rows=True)


async def _reopened(opened: Services, session: Session) -> Session:
    if not session.is_stale and session.state is not SessionState.EXITED:
        raise NotRestorable(
            f'"{row_name(session)}" is there, so there is nothing to bring back.',
            hint="If only its agent has ended, go there and resume it by hand.",
        )
    for notice in await reopen(opened.context, session, os.environ.get("SHELL", "")):
        progress(notice)
    await opened.workers.checkpoints.save()
    return opened.context.session(session.session_id)


async def restore_session(call: Call) -> int:
    """Bring a dead agent session back."""
    async with work_context_of(call) as opened:
        try:
            record = await spawned(opened, call.options.session)
        except NotFound:
            session = await _lost(opened, call.options.session)
            if session.work is None:
                return _shown(call, await _reopened(opened, session))
            record = await opened.work_context.record(session.session_id)
        record = await restore(opened.work_context, record.session_id, _telling(call))
        if record.restore_fallback:
            progress(f"a new conversation was begun: {record.restore_fallback}")
        if kept := await tell_kept(opened.work_context, record):
            progress(kept)
        return _shown(call, await row_of(opened, record))


async def remap_session(call: Call) -> int:
    """Find an OpenCode session's conversation again."""
    async with work_context_of(call) as opened:
        record = await worker(opened, call.options.session)
        conversation = await remap(opened.work_context, record.session_id, is_forced=call.options.force)
    value = {"session_id": record.session_id, "agent_session_id": conversation}
    return call.tell(value, f"{record.session_id}  {conversation}")


async def claim(call: Call) -> int:
    """Take over an open pull request."""
    async with work_context_of(call) as opened:
        record = await worker(opened, call.options.session)
        claimed = await claim_pr(
            opened.work_context, record.session_id, call.options.pr, is_assigned=call.options.assign
        )
    value = {
        "session_id": claimed.record.session_id,
        "pr": claimed.pr.as_json(),
        "branch_changed": claimed.branch_changed,
        "taken_over_from": list(claimed.taken_over_from),
        "assigned": claimed.assigned,
    }
    others = f"\ntaken over from {', '.join(claimed.taken_over_from)}" if claimed.taken_over_from else ""
    call.tell(value, f"{claimed.record.session_id}  {claimed.pr.url}{others}")
    if claimed.assignment_error:
        progress(f"it could not be assigned: {claimed.assignment_error}")
    return 0


async def clean_up(call: Call) -> int:
    """End what is done or dead."""
    options = call.options
    leftovers = Leftovers.KEEP if options.keep else Leftovers.STOP
    async with work_context_of(call, *([options.project] if options.project else [])) as opened:
        done = await cleanup(
            opened.work_context, options.project, is_dry_run=options.dry_run, leftovers=leftovers, purges=options.purge
        )
    if call.json:
        errors = [list(each) for each in done.errors]
        print_json({"killed": done.killed, "skipped": done.skipped, "errors": errors, "purged": done.purged})
    else:
        word = "would end" if options.dry_run else "ended"
        rows = [(word, *_cells(each)) for each in done.killed]
        rows += [("left", *_cells(each)) for each in done.skipped]
        rows += [("purged", session_id, "", "its conversation is deleted") for session_id in done.purged]
        rows += [("failed", session_id, "", message) for session_id, message in done.errors]
        if rows:
            print_table(("", "SESSION", "BECAUSE", "NOTE"), rows)
        else:
            progress("No worker is done or dead. Other sessions end with `quarterdeck kill`.")
    return 1 if done.errors else 0


def _cells(candidate: CleanupCandidate) -> tuple[str, str, str]:
    note = candidate.protected or (f"would lose {candidate.would_lose}" if candidate.would_lose else "")
    return candidate.session_id, candidate.reason, note


async def report_state(call: Call) -> int:
    """Say what the agent in this session is doing; run by the agent itself."""
    session_id = os.environ.get("QUARTERDECK_SESSION", "")
    if not session_id:
        raise Refused("This is not a spawned session.", hint="`report` is run by an agent in the session it works in.")
    async with services(call, look=False) as opened:
        record = await report(
            opened.work_context, session_id, call.options.state, note=call.options.note or "", pr_url=call.options.pr
        )
    value = {"session_id": record.session_id, "state": record.report_state, "note": record.report_note}
    return call.tell(value, f"{record.session_id}  {record.report_state}")
