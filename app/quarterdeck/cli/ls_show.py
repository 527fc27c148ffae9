"""`ls` and `show`: what is there, once."""

from __future__ import annotations

import asyncio
import shutil
import sys
from typing import TYPE_CHECKING

from quarterdeck.cli.call import services
from quarterdeck.cli.output import print_json, say, separated, write
from quarterdeck.core.reading import cause_of
from quarterdeck.core.redact import masked_session, redact
from quarterdeck.core.session import SessionState
from quarterdeck.core.session_ends import without_id
from quarterdeck.core.session_json import to_wire
from quarterdeck.core.text import clean_lines, clean_sgr
from quarterdeck.core.times import age
from quarterdeck.core.urgency import sort_key
from quarterdeck.ports.store import ActivityQuery
from quarterdeck.store.glances import troubles

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from quarterdeck.cli.call import Call
    from quarterdeck.core.session import Ask, Session
    from quarterdeck.operations.session_context import SessionContext
    from quarterdeck.runtime.services import Services


async def list_sessions(call: Call) -> int:
    """Print the live sessions; with `--all` also those that are stale or have ended."""
    async with services(call) as opened:
        fleet = opened.context.supervisor.fleet
        rows = [s for s in fleet.sessions.values() if not s.is_stale]
        if call.options.all:
            rows += [s for s in fleet.sessions.values() if s.is_stale]
            rows += opened.context.supervisor.ended.values()
        now = opened.context.clock.now()
    rows = [_without_unkept_id(opened, row) for row in sorted(rows, key=sort_key)]
    if call.json:
        print_json([to_wire(session) for session in rows])
    elif sys.stdout.isatty():
        from quarterdeck.cli.ls_table import table

        write(table(rows, now, shutil.get_terminal_size().columns))
    else:
        write(separated([cells(session, now) for session in rows]))
    return 0


def _without_unkept_id(opened: Services, session: Session) -> Session:
    """The session without an id that could not be kept: the next look would give it another one."""
    unkept = opened.context.store.health().unkept
    return without_id(session) if session.session_id in unkept else session


def cells(session: Session, now: datetime) -> Sequence[str]:
    """One session as the columns of `ls` in a pipe: id, name, state, agent, wants, quiet, folder, thought."""
    return (
        session.session_id,
        session.tmux_name,
        session.state_word,
        session.tool or "",
        session.needs.value if session.needs else "",
        age(now - session.last_activity_at),
        session.cwd,
        session.thought or "",
    )


async def show(call: Call) -> int:
    """Print all that is known of one session."""
    async with services(call) as opened:
        context = opened.context
        session = context.session(call.options.session, all_rows=True)
        thoughts = await context.store.thought_history(session.session_id)
        events = await context.store.activity(ActivityQuery(session_id=session.session_id, limit=20))
        tail = await _tail(context, session, call.options.lines)
        # With nobody else watching, what is kept is what somebody who is gone found wrong.
        kept = call.places.state_file
        wrong = (
            {} if opened.workers.row_writer.is_writer else await asyncio.to_thread(troubles, kept, str(call.address))
        )
    session = _without_unkept_id(opened, session)
    if call.json:
        print_json(
            {
                **to_wire(session),
                "thoughts": [
                    {"thought": t.thought, "thought_state": t.thought_state, "at": t.updated_at} for t in thoughts
                ],
                "events": events,
                "tail": clean_lines(tail),
            }
        )
        return 0
    now = context.clock.now()
    for label, value in _facts(session, now, why=call.options.why):
        say(f"{label:<12} {value}")
    for name, words in wrong.items():
        say(f"{'Doubt':<12} {name}: {redact(words)}")
    if thoughts:
        say("\nThoughts, newest first")
        for thought in thoughts:
            say(f"  {age(now - thought.updated_at):>5}  {thought.thought or '(none)'}")
    if events:
        say("\nActivity, newest first")
        for event in events:
            say(f"  {age(now - event.at):>5}  {event.kind}  {event.summary}")
    say("\nLast words" if session.state is SessionState.EXITED or session.is_stale else "\nScreen")
    say(clean_lines(tail) if tail.strip() else "  (nothing was kept)")
    return 0


def _facts(session: Session, now: datetime, *, why: bool) -> list[tuple[str, str]]:
    session = masked_session(session)
    evidence = session.state_evidence
    known = f"{cause_of(evidence.cause).words} ({evidence.source}, {evidence.confidence} confidence)"
    facts = [
        ("Session", f"{session.session_id}  {session.tmux_name}"),
        ("State", session.state_word),
        ("Because", known + (f", {age(now - evidence.observed_at)} ago" if evidence.observed_at else "")),
        ("Rest", session.rest_state.value),
        ("Wants", session.needs.value if session.needs else ""),
        ("Asks", _asked(session.asks) if session.asks else ""),
        ("Agent", " ".join(filter(None, (session.tool, session.model)))),
        ("Context", f"{session.token_count} of {session.context_limit} tokens" if session.token_count else ""),
        ("Thought", session.thought or ""),
        ("Command", session.current_command or ""),
        ("Folder", session.cwd),
        ("Pane", session.pane_id or ""),
        ("Quiet for", age(now - session.last_activity_at)),
        ("Ended", _ended(session)),
    ]
    if why:
        facts.insert(3, ("Detail", f"{evidence.cause}: {evidence.detail}" if evidence.detail else evidence.cause))
    return [(label, value) for label, value in facts if value]


def _asked(ask: Ask) -> str:
    return f"{ask.text}  [{' | '.join(ask.choices)}]" if ask.choices else ask.text


def _ended(session: Session) -> str:
    if session.exit_reason is None:
        return ""
    return session.exit_reason + session.status_words


async def _tail(context: SessionContext, session: Session, lines: int) -> str:
    from quarterdeck.operations.preview import preview

    return redact(clean_sgr(await preview(context, session, lines=lines, colours=False)))
