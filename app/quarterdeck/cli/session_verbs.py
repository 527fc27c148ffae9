"""`new`, `kill`, `adopt`: verbs that change something in tmux, and say what came of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.cli.call import given_text, services
from quarterdeck.cli.output import print_json, say, warn
from quarterdeck.cli.send_answer import unattended
from quarterdeck.core.row_name import row_name
from quarterdeck.core.session import SessionId
from quarterdeck.core.session_json import to_wire
from quarterdeck.core.session_names import find_session
from quarterdeck.errors import Ambiguous, NotFound, QuarterdeckError, UsageError
from quarterdeck.operations.adopt import adopt as adopt_session
from quarterdeck.operations.kill import TmuxPart, dying, end_rest, ending_of, forget, refuse_own, rows_beside
from quarterdeck.operations.kill import kill as end_session
from quarterdeck.operations.kill_work import kill_work
from quarterdeck.operations.new import NewSessionRequest, new_session
from quarterdeck.operations.session_runtime import Leftovers
from quarterdeck.roots import absolute
from quarterdeck.tmux.navigation import own_pane
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.cli.call import Call
    from quarterdeck.core.session import Session
    from quarterdeck.operations.contexts import SessionContext
    from quarterdeck.runtime.services import Services


async def new(call: Call) -> int:
    """Make a session."""
    options = call.options
    if options.split and not options.inside:
        raise UsageError("--split needs --in, with the session whose window is shared.")
    if options.split and (options.name or options.window_name):
        raise UsageError("A split makes no window that could be named.", hint="Leave the name out, or --split.")
    if options.name and options.window_name:
        raise UsageError("The window was given two names.", hint="Leave NAME out, or --name.")
    if options.window_name and not options.inside:
        raise UsageError(
            "--name names a window of --in.", hint="A session's name stands alone: `quarterdeck new NAME`."
        )
    wanted = NewSessionRequest(
        name=options.name if not options.inside else None,
        window_name=(options.window_name or options.name) if options.inside else None,
        splits=options.split,
        cwd=Path(absolute(options.cwd or ".")),
        tool=options.tool,
        request=given_text(options.request) if options.request else options.request,
        shell=os.environ.get("SHELL", ""),
    )
    async with services(call) as opened:
        if options.inside:
            found = opened.context.session(options.inside) if options.split else opened.context.rows(options.inside)[0]
            wanted = replace(wanted, inside=found)
        session, notices = await new_session(opened.context, wanted)
        await opened.workers.checkpoints.save()
        if await opened.context.messages.waiting(session.session_id):
            notices += unattended(opened)
    for notice in notices:
        warn(notice)
    return call.tell(to_wire(session), f"{session.session_id}  {row_name(session)}")


async def kill(call: Call) -> int:
    """End rows or whole sessions, or with `--detach` only stop watching them."""
    words: list[str] = list(dict.fromkeys(call.options.session))
    done: list[dict[str, object]] = []
    failed: list[QuarterdeckError] = []
    async with services(call) as opened:
        # All are found before the first is touched, so that a typing error ends nothing.
        found = [_found(call, opened.context, word) for word in words]
        # Two words may mean the same tmux session.
        meant = {min(row.session_id for row in rows): rows for rows in found}
        for rows in meant.values():
            try:
                done += await _end(call, opened, rows)
            except QuarterdeckError as error:
                failed.append(error)
                if call.json:
                    done += [_of(row) | {"outcome": "failed", "note": error.message} for row in rows]
    if call.json:
        print_json(done)
    else:
        for each in done:
            say("  ".join(str(each[key]) for key in ("outcome", "session_id", "name", "note") if each.get(key)))
        for failure in failed[:-1]:
            warn(failure.message)
    if failed:
        raise failed[-1]
    return 0


def _found(call: Call, context: SessionContext, word: str) -> Sequence[Session]:
    """The row that a word names, or with `--session` all rows of its tmux session."""
    try:
        rows = [context.session(word, all_rows=call.options.detach)] if not call.options.whole else context.rows(word)
    except Ambiguous as error:
        error.hint += f" `quarterdeck kill --session {word}` ends all of them."
        raise
    except NotFound:
        # A spawned session is there to be ended (or to be said ended) also when its agent is dead.
        rows = context.rows(word, all_rows=True) if call.options.whole else [context.session(word, all_rows=True)]
        first = rows[0]
        is_known = first.work is not None or first.is_stale or _has_left_a_pane(context, first)
        if not (is_known or call.options.detach):
            raise
    if not call.options.whole:
        return rows
    live = context.supervisor.fleet.sessions.values()
    return list({row.session_id: row for row in (*rows, *dying(live, rows[0], whole=True))}.values())


def _has_left_a_pane(context: SessionContext, session: Session) -> bool:
    """Whether tmux still has the session, or beside others the pane, although its program is over."""
    supervisor = context.supervisor
    if supervisor.snapshot is None or session.incarnation != supervisor.fleet.incarnation:
        return False
    panes = [pane for pane in supervisor.snapshot.panes if pane.tmux_id == session.tmux_id]
    if rows_beside(supervisor.fleet.sessions.values(), session):
        panes = [pane for pane in panes if pane.pane_id == session.pane_id and pane.dead]
    return bool(panes)


def _of(session: Session) -> dict[str, object]:
    return {"session_id": session.session_id, "tmux_name": session.tmux_name, "name": row_name(session)}


async def _end(call: Call, opened: Services, rows: Sequence[Session]) -> list[dict[str, object]]:
    """End one row, or all of a tmux session, in the way that suits each; answers what came of it."""
    context = opened.context
    if call.options.detach:
        for row in rows:
            await forget(context, row)
        return [_of(row) | {"outcome": "detached"} for row in rows]
    own, is_whole = own_pane(context.mux.address), bool(call.options.whole)
    if is_whole:
        refuse_own(context, rows[0], None, own)
    ended = [await _end_work(call, opened, row) for row in rows if row.work is not None]
    plain = [row for row in rows if row.work is None]
    what = _what_ends(context, plain[0], is_whole=is_whole) if plain else ""
    if is_whole:
        await end_rest(context, rows, own)
    elif plain:
        await end_session(context, plain[0], own_pane=own)
    return ended + [_of(row) | {"outcome": "ended", "note": what} for row in plain]


def _what_ends(context: SessionContext, session: Session, *, is_whole: bool) -> str:
    """What of tmux ends with a row, where it is not simply the session that it is named by."""
    if session.rows_in_session == 1:
        return ""
    part = ending_of(context, session, whole_session=is_whole).part
    return f"with the session {session.tmux_name}" if part is TmuxPart.SESSION else f"its {part}"


async def _end_work(call: Call, opened: Services, session: Session) -> dict[str, object]:
    leftovers = Leftovers.KEEP if call.options.keep else Leftovers.STOP
    killed = await kill_work(opened.work_context, session.session_id, leftovers=leftovers)
    note = f"its work is kept: {killed.kept.how_to_get_it_back}" if killed.kept else killed.worktree_left
    return _of(session) | {"outcome": "was over" if killed.was_over else "ended", "note": note}


async def adopt(call: Call) -> int:
    """Bind a tmux session to an identity."""
    if call.options.identity == "":
        raise UsageError("The id after --as is empty.", hint="`quarterdeck ls --all` lists stale sessions.")
    async with services(call) as opened:
        identity = _identity(opened.context, call.options.identity)
        session = await adopt_session(opened.context, call.options.name, identity)
        await opened.workers.checkpoints.save()
    return call.tell(to_wire(session), f"{session.session_id}  {row_name(session)}")


def _identity(context: SessionContext, word: str | None) -> SessionId | None:
    """The stale session that a word names; a detached one is on no list, and is named by its id."""
    if word is None:
        return None
    found = find_session(word, [each for each in context.supervisor.fleet.sessions.values() if each.is_stale])
    return found.session_id if found is not None else SessionId(word)
