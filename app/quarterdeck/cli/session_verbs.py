"""`new`, `kill`, `adopt`: verbs that change something in tmux, and say what came of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.cli.call import given_text, services
from quarterdeck.cli.output import print_json, say, warn
from quarterdeck.cli.send_answer import unattended
from quarterdeck.core.session import SessionId
from quarterdeck.core.session_json import to_wire
from quarterdeck.core.session_names import find_session
from quarterdeck.errors import NotFound, QuarterdeckError, UsageError
from quarterdeck.operations.kill import forget
from quarterdeck.operations.kill import kill as end_session
from quarterdeck.operations.kill_work import kill_work
from quarterdeck.operations.new import NewSessionRequest, new_session
from quarterdeck.operations.new import adopt as adopt_session
from quarterdeck.operations.session_runtime import Leftovers
from quarterdeck.roots import absolute
from quarterdeck.tmux.navigation import own_pane

if TYPE_CHECKING:
    from quarterdeck.cli.call import Call
    from quarterdeck.core.session import Session
    from quarterdeck.operations.contexts import SessionContext
    from quarterdeck.runtime.services import Services


async def new(call: Call) -> int:
    """Make a session."""
    options = call.options
    wanted = NewSessionRequest(
        name=options.name,
        cwd=Path(absolute(options.cwd or ".")),
        tool=options.tool,
        request=given_text(options.request) if options.request else options.request,
        shell=os.environ.get("SHELL", ""),
    )
    async with services(call) as opened:
        session, notices = await new_session(opened.context, wanted)
        await opened.workers.checkpoints.save()
        if await opened.context.messages.waiting(session.session_id):
            notices += unattended(opened)
    for notice in notices:
        warn(notice)
    return call.tell(to_wire(session), f"{session.session_id}  {session.tmux_name}")


async def kill(call: Call) -> int:
    """End sessions, or with `--detach` only stop watching them."""
    words: list[str] = list(dict.fromkeys(call.options.session))
    done: list[dict[str, object]] = []
    failed: list[QuarterdeckError] = []
    async with services(call) as opened:
        # All are found before the first is touched, so that a typing error ends nothing.
        sessions = {s.session_id: s for s in (_found(call, opened.context, word) for word in words)}
        for session in sessions.values():
            try:
                done.append(await _end(call, opened, session))
            except QuarterdeckError as error:
                failed.append(error)
                if call.json:
                    done.append(_of(session) | {"outcome": "failed", "note": error.message})
    if call.json:
        print_json(done)
    else:
        for each in done:
            say("  ".join(str(each[key]) for key in ("outcome", "session_id", "tmux_name", "note") if each.get(key)))
        for failure in failed[:-1]:
            warn(failure.message)
    if failed:
        raise failed[-1]
    return 0


def _found(call: Call, context: SessionContext, word: str) -> Session:
    try:
        return context.session(word, all_rows=call.options.detach)
    except NotFound:
        # A spawned session is there to be ended (or to be said ended) also when its agent is dead.
        session = context.session(word, all_rows=True)
        if session.work is None and not session.is_stale and not _has_left_a_pane(context, session):
            raise
        return session


def _has_left_a_pane(context: SessionContext, session: Session) -> bool:
    """Whether tmux still has the session although its program is over, as with `remain-on-exit`."""
    snapshot = context.supervisor.snapshot
    if snapshot is None or session.incarnation != context.supervisor.fleet.incarnation:
        return False
    return any(pane.tmux_id == session.tmux_id for pane in snapshot.panes)


def _of(session: Session) -> dict[str, object]:
    return {"session_id": session.session_id, "tmux_name": session.tmux_name}


async def _end(call: Call, opened: Services, session: Session) -> dict[str, object]:
    """End one session in the way that suits it; answers what came of it."""
    context = opened.context
    told = _of(session)
    if call.options.detach:
        await forget(context, session)
        return told | {"outcome": "detached"}
    if session.work is None:
        await end_session(context, session, own_pane=own_pane(context.mux.address))
        return told | {"outcome": "ended"}
    leftovers = Leftovers.KEEP if call.options.keep else Leftovers.STOP
    killed = await kill_work(opened.work_context, session.session_id, leftovers=leftovers)
    note = f"its work is kept: {killed.kept.how_to_get_it_back}" if killed.kept else killed.worktree_left
    return told | {"outcome": "was over" if killed.was_over else "ended", "note": note}


async def adopt(call: Call) -> int:
    """Bind a tmux session to an identity."""
    if call.options.identity == "":
        raise UsageError("The id after --as is empty.", hint="`quarterdeck ls --all` lists stale sessions.")
    async with services(call) as opened:
        identity = _identity(opened.context, call.options.identity)
        session = await adopt_session(opened.context, call.options.name, identity)
        await opened.workers.checkpoints.save()
    return call.tell(to_wire(session), f"{session.session_id}  {session.tmux_name}")


def _identity(context: SessionContext, word: str | None) -> SessionId | None:
    """The stale session that a word names; a detached one is on no list, and is named by its id."""
    if word is None:
        return None
    found = find_session(word, [each for each in context.supervisor.fleet.sessions.values() if each.is_stale])
    return found.session_id if found is not None else SessionId(word)
