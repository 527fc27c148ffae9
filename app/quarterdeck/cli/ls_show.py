"""`ls` and `show`: what is there, once."""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from quarterdeck.cli.call import services
from quarterdeck.cli.output import COLUMN_GAP, Colour, coloured, has_unicode, print_json, say, separated, write
from quarterdeck.core.reading import cause_of
from quarterdeck.core.redact import masked_session, redact
from quarterdeck.core.row_name import row_name
from quarterdeck.core.session import SessionState
from quarterdeck.core.session_ends import has_left, without_id
from quarterdeck.core.session_json import to_wire
from quarterdeck.core.state_signs import LIMITED, OF_NEED, OF_STATE, STATE_SIGNS
from quarterdeck.core.text import cell_width, clean, clean_lines, clean_sgr, fit, from_home
from quarterdeck.core.times import age, limit_words
from quarterdeck.core.urgency import sort_key
from quarterdeck.ports.store import ActivityQuery
from quarterdeck.store.glances import troubles

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from quarterdeck.cli.call import Call
    from quarterdeck.core.session import Session
    from quarterdeck.core.state_signs import StateSign
    from quarterdeck.runtime.services import Services

NARROWEST_THOUGHT: Final = 16
NARROWEST_NAME: Final = 8
LONGEST_FOLDER: Final = 32
NAME_OF_SUBAGENT: Final = 22
DROPPED: Final = ("id", "folder", "quiet", "thought", "agent")
"""Columns that go when there is no room, the first first."""
COLOURS = {"yellow": Colour.YELLOW, "red": Colour.RED, "cyan": Colour.CYAN, "blue": Colour.BLUE, "dim": Colour.DIM}
HEADS: Final = {"sign": ""}
"""What stands over a column, where that is not its name."""


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
        row_name(session),
        session.state_word,
        session.tool or "",
        session.needs.value if session.needs else "",
        age(now - session.last_activity_at),
        session.cwd,
        session.thought or "",
    )


async def show(call: Call) -> int:
    """Print all that is known of one session."""
    from quarterdeck.operations.preview import preview

    async with services(call) as opened:
        context = opened.context
        session = context.session(call.options.session, all_rows=True)
        thoughts = await context.store.thought_history(session.session_id)
        events = await context.store.activity(ActivityQuery(session_id=session.session_id, limit=20))
        tail = redact(clean_sgr(await preview(context, session, lines=call.options.lines, colours=False)))
        # With nobody else watching, what is kept is what somebody who is gone found wrong.
        is_alone = opened.workers.row_writer.is_writer
        kept, server = call.places.state_file, str(call.address)
        wrong = {} if is_alone else await asyncio.to_thread(troubles, kept, server)
    session = _without_unkept_id(opened, session)
    if call.json:
        told = [{"thought": t.thought, "thought_state": t.thought_state, "at": t.updated_at} for t in thoughts]
        print_json({**to_wire(session), "thoughts": told, "events": events, "tail": clean_lines(tail)})
        return 0
    now = context.clock.now()
    for label, value in _facts(session, now, why=call.options.why):
        say(f"{label:<12} {value}")
    for name, words in wrong.items():
        say(f"{'Trouble':<12} {name}: {redact(words)}")
    for line in subagents_in_words(session):
        say(line)
    if thoughts:
        say("\nThoughts, newest first")
        for thought in thoughts:
            say(f"  {age(now - thought.updated_at):>5}  {thought.thought or '(none)'}")
    if events:
        say("\nActivity, newest first")
        for event in events:
            say(f"  {age(now - event.at):>5}  {event.kind}  {event.summary}")
    say("\nLast lines" if session.state is SessionState.EXITED or session.is_stale else "\nScreen")
    say(clean_lines(tail) if tail.strip() else "  (nothing was kept)")
    return 0


def subagents_in_words(session: Session) -> list[str]:
    """What its agent runs besides itself, one a line under a heading; nothing where that is nothing."""
    them = masked_session(session).subagents
    said = [("  " * (each.depth + 1) + clean(each.name), each.state, clean(each.thought or "")) for each in them]
    lines = [f"{fit(name, NAME_OF_SUBAGENT)}  {state:<9}  {does}".rstrip() for name, state, does in said]
    return ["\nRuns besides itself", *lines] if lines else []


def _facts(session: Session, now: datetime, *, why: bool) -> list[tuple[str, str]]:
    session = masked_session(session)
    evidence, ask = session.state_evidence, session.asks
    asks = "" if ask is None else f"{ask.text}  [{' | '.join(ask.choices)}]" if ask.choices else ask.text
    known = f"{cause_of(evidence.cause).words} ({evidence.source}, {evidence.confidence} confidence)"
    facts = [
        ("Session", f"{session.session_id}  {row_name(session)}"),
        ("State", session.state_word),
        ("Limited", limit_words(session.limited_until, now) if session.is_limited else ""),
        ("Because", known + (f", {age(now - evidence.observed_at)} ago" if evidence.observed_at else "")),
        ("Rest", session.rest_state.value),
        ("Wants", session.needs.value if session.needs else ""),
        ("Asks", asks),
        ("Agent", " ".join(filter(None, (session.tool, session.model, "(has ended)" if has_left(session) else "")))),
        ("Context", f"{session.token_count} of {session.context_limit} tokens" if session.token_count else ""),
        ("Thought", session.thought or ""),
        ("Command", session.current_command or ""),
        ("Folder", session.cwd),
        ("Pane", session.pane_id or ""),
        ("Quiet for", age(now - session.last_activity_at)),
        ("Ended", session.exit_reason + session.status_words if session.exit_reason else ""),
    ]
    if why:
        facts.insert(3, ("Detail", f"{evidence.cause}: {evidence.detail}" if evidence.detail else evidence.cause))
    return [(label, value) for label, value in facts if value]


class TableCell(Struct, frozen=True):
    """One cell of the table."""

    text: str
    colour: Colour | None = None


def table(sessions: Sequence[Session], now: datetime, width: int) -> str:
    """The sessions in lines of at most this width."""
    rows = [_table_cells(session, now) for session in sessions]
    columns = {name: [row[name] for row in rows] for name in rows[0]} if rows else {}
    # A column that says nothing takes no room.
    columns = {name: cells for name, cells in columns.items() if any(cell.text for cell in cells)}
    widths = {
        name: max(cell_width(each.text) for each in [*cells, TableCell(HEADS.get(name, name))])
        for name, cells in columns.items()
    }
    widths = fitted(widths, width)
    if not widths:
        return ""
    header = COLUMN_GAP.join(fit(HEADS.get(name, name).upper(), room) for name, room in widths.items()).rstrip()
    lines = [coloured(header, Colour.DIM)]
    for index in range(len(rows)):
        shown = [(columns[name][index], room) for name, room in widths.items()]
        cells = [coloured(fit(cell.text, room), cell.colour) for cell, room in shown[:-1]]
        last, room = shown[-1]
        cells.append(coloured(fit(last.text, room).rstrip(), last.colour))
        lines.append(COLUMN_GAP.join(cells).rstrip())
    return "".join(f"{line}\n" for line in lines)


def fitted(widths: dict[str, int], width: int) -> dict[str, int]:
    """The columns' widths made to fit: the thought is cut first, then columns go, at last the name is cut."""
    kept = widths
    for dropped in range(len(DROPPED) + 1):
        kept = {name: room for name, room in widths.items() if name not in DROPPED[:dropped]}
        left = width - len(COLUMN_GAP) * (len(kept) - 1) - sum(kept.values())
        if left >= 0:
            return kept
        shorter = kept.get("thought", 0) + left
        if shorter >= NARROWEST_THOUGHT:
            return {**kept, "thought": shorter}
    left = width - len(COLUMN_GAP) * (len(kept) - 1) - sum(kept.values())
    return {**kept, "name": max(min(NARROWEST_NAME, kept["name"]), kept["name"] + left)} if kept else {}


def _table_cells(session: Session, now: datetime) -> dict[str, TableCell]:
    sign = _sign(session)
    colour = COLOURS.get(sign.colour)
    return {
        "sign": TableCell(sign.sign if has_unicode() else sign.plain, colour),
        "name": TableCell(clean(row_name(session)), Colour.BOLD),
        "state": TableCell(session.state_word, colour),
        "agent": TableCell(clean(session.tool or "")),
        "wants": TableCell(session.needs.value if session.needs else "", colour),
        "quiet": TableCell(age(now - session.last_activity_at), Colour.DIM),
        "thought": TableCell(clean(session.thought or "")),
        "folder": TableCell(_folder(session.cwd), Colour.DIM),
        "id": TableCell(session.session_id, Colour.DIM),
    }


def _sign(session: Session) -> StateSign:
    if session.is_stale:
        return STATE_SIGNS["stale"]
    if session.is_limited:
        return STATE_SIGNS[LIMITED]
    return STATE_SIGNS[OF_NEED[session.needs] if session.needs else OF_STATE[session.state]]


def _folder(cwd: str) -> str:
    text = clean(from_home(cwd, str(Path.home())))
    if cell_width(text) <= LONGEST_FOLDER:
        return text
    # Its end says more than its beginning.
    ending: str = text
    while cell_width(ending) > LONGEST_FOLDER - 1:
        ending = ending[1:]
    return f"…{ending}"
