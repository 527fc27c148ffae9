"""Everything known of one session, as lines to read."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from quarterdeck.core.day import DAY_SHOWN, DayState, totals
from quarterdeck.core.reading import cause_of
from quarterdeck.core.redact import masked, redact
from quarterdeck.core.session import RowKind
from quarterdeck.core.text import clean, clean_lines, fit
from quarterdeck.core.times import exact
from quarterdeck.tui.rows.cell import Cell, Line, amount, quiet, share
from quarterdeck.tui.rows.session_row import (
    KIND_ROLES,
    REST_WORDS,
    Kind,
    branch_of,
    is_doubtful,
    kind_of,
    question_lines,
    shape,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from quarterdeck.core.day import Moment
    from quarterdeck.core.session import Session
    from quarterdeck.core.thought import ThoughtSnapshot
    from quarterdeck.ports.store import Activity

LABEL = 12
KIND = 21
"""Cells of what kind an event is."""
AGE = 16
AGE_SHORT = 5
_LEVEL_ROLES = {"error": "failed", "warn": "asks", "debug": "muted"}
DIFF_ROLES = {"+": "works", "-": "failed", "@": "accent"}
DIFF_MOST = 400
GAUGE = 20
"""Cells of a gauge."""
DAY_KINDS: dict[DayState, Kind] = {state: Kind[state.name] for state in DayState if state is not DayState.UNKNOWN}
LOUDEST = tuple(DAY_KINDS)
"""In a short piece of the strip the first of these that took a fair part of it is drawn."""
FAIR = 0.2
MOST_CELLS, LEAST_CELLS = 96, 24
LABEL_EVERY = 4
"""Hours between two labels."""
LEAST_TIME_TOLD = timedelta(minutes=1)


def _section(title: str, lines: Iterable[Line]) -> list[Line]:
    found = list(lines)
    return [(Cell(title, "accent bold"),), *found, ()] if found else []


def _facts(title: str, *facts: tuple[str, str] | tuple[str, str, str]) -> list[Line]:
    """A section of facts, each with its label and perhaps a role; those that are empty are left out."""
    return _section(
        title,
        [(Cell("  " + fit(label, LABEL), "muted"), Cell(clean(text), *role)) for label, text, *role in facts if text],
    )


def _words(name: str) -> str:
    return name.replace("_", " ")


def why_lines(session: Session, now: datetime) -> list[Line]:
    """What it is doing, and why we think so."""
    kind, evidence = kind_of(session), session.state_evidence
    return _facts(
        "Why we think so",
        ("state", kind.value + (", but we are not sure" if is_doubtful(session, kind) else ""), KIND_ROLES[kind]),
        ("because", cause_of(evidence.cause).words),
        ("from", f"{evidence.source.value}, confidence {evidence.confidence.value}"),
        ("seen", exact(evidence.observed_at, now)),
        ("evidence", masked(evidence.detail)),
        ("needs", session.needs.value if session.needs else ""),
        ("rests", REST_WORDS[session.rest_state]),
        *(("reminder", f"{_words(cue.kind.value)}: {', '.join(cue.evidence)}") for cue in session.action_cues),
    )


def context_said(session: Session) -> str:
    """How full its context is, as a gauge and in numbers; "" while it is not known."""
    tokens, limit = session.token_count, session.context_limit
    if tokens <= 0:
        return ""
    if limit <= 0:
        return f"{amount(tokens)} tokens"
    full = max(1, min(GAUGE, round(GAUGE * tokens / limit)))
    gauge = "█" * full + "░" * (GAUGE - full)
    return f"{gauge} {share(tokens, limit)}, {amount(tokens)} of {amount(limit)} tokens"


def session_lines(session: Session, now: datetime, *, leader: str = "") -> list[Line]:
    """Where and what it is, and whose teammate."""
    health, reason = session.transport_health.value, session.exit_reason
    untold = session.background_tasks and not session.subagents
    ending = f"{exact(session.ended_at, now)}, {_words(reason.value)}{session.status_words}" if reason else ""
    return _facts(
        "Session",
        ("id", session.session_id),
        ("tmux", _in_tmux(session)),
        ("agent", " ".join(part for part in (session.tool, session.model) if part)),
        ("teammate of", leader),
        ("runs", session.current_command or ""),
        ("in", session.cwd),
        ("context", context_said(session)),
        ("cost", f"${session.cost_usd:.2f}" if session.cost_usd else ""),
        ("active", exact(session.last_activity_at, now)),
        ("background", f"{session.background_tasks} tasks" if untold else ""),
        ("watched", "" if health == "healthy" else health),
        ("ended", ending),
    )


def _in_tmux(session: Session) -> str:
    """Where its pane is, and on which server."""
    if session.kind is RowKind.DETACHED:
        return f"no pane shows it; {session.tool} runs it by itself"
    return f"{_place(session)}  {session.pane_id or ''}  on {session.tmux_server}"


def _place(session: Session) -> str:
    """Where its pane is, as far as that tells it from other rows."""
    if session.rows_in_session == 1:
        return session.tmux_name
    return "  ".join(part for part in (session.place, session.window_name) if part)


def ask_lines(session: Session, now: datetime) -> list[Line]:
    """What it asks."""
    if session.asks is None:
        return []
    return _section("It asks", [(Cell("  " + clean(text), role),) for text, role in question_lines(session.asks, now)])


def work_lines(session: Session, now: datetime) -> list[Line]:
    """What a spawned session is for."""
    work = session.work
    if work is None:
        return []
    stages = (f"{key} {value}" for key, value in work.lifecycle.items() if isinstance(value, str | int))
    return _facts(
        "Work",
        ("project", f"{work.project} ({work.role})"),
        ("issue", work.issue or ""),
        ("branch", branch_of(session)),
        ("worktree", work.worktree or ""),
        ("status", work.status),
        ("lifecycle", ", ".join(stages)),
        *(("request", f"#{one.get('number', '?')} {one.get('state', '')} {one.get('url', '')}") for one in work.prs),
        ("since", exact(work.created_at, now)),
    )


def thought_lines(history: Sequence[ThoughtSnapshot], now: datetime) -> list[Line]:
    """What it was thinking, newest first."""
    told = [(exact(one.updated_at, now), one.thought) for one in history if one.thought]
    return _section("Thoughts", [(Cell("  " + fit(age, AGE), "muted"), Cell(clean(said))) for age, said in told])


def event_lines(events: Sequence[Activity], now: datetime) -> list[Line]:
    """What happened to it, newest first."""
    return _section("Events", [activity_line(event, now, {}) for event in events])


def activity_line(event: Activity, now: datetime, names: dict[str, str], *, is_narrow: bool = False) -> Line:
    """One line of the activity log; with `names`, whose it is."""
    who = names.get(event.session_id or "", event.session_id or event.project or "") if names else ""
    role = _LEVEL_ROLES.get(event.level.value, "text")
    return (
        Cell("  " + (fit(quiet(event.at, now), AGE_SHORT) if is_narrow else fit(exact(event.at, now), AGE)), "muted"),
        Cell(fit(clean(event.kind), KIND - 1) + " ", role if role != "text" else "muted"),
        *((Cell(fit(clean(who), 16) + " ", "text bold"),) if names else ()),
        Cell(clean(event.summary), role),
    )


def diff_lines(diff: str) -> list[Line]:
    """What changed in its worktree."""
    lines = clean_lines(redact(diff)).rstrip().split("\n") if diff.strip() else []
    shown: list[Line] = [(Cell("  " + line, DIFF_ROLES.get(line[:1], "muted")),) for line in lines[:DIFF_MOST]]
    if len(lines) > DIFF_MOST:
        shown.append((Cell(f"  … {len(lines) - DIFF_MOST} more lines", "muted"),))
    return _section("Changes", shown)


def day_lines(moments: Sequence[Moment], now: datetime, width: int, *, ascii_only: bool) -> list[Line]:
    """Strip, hours and sums; nothing where nothing is known of the day."""
    since = now - DAY_SHOWN
    told = totals(moments, since, now)
    if not any(length >= LEAST_TIME_TOLD for state, length in told.items() if state is not DayState.UNKNOWN):
        return []
    cells = max(LEAST_CELLS, min(MOST_CELLS, width - 3))
    drawn = [_drawn(moments, since + DAY_SHOWN * number / cells, DAY_SHOWN / cells) for number in range(cells)]
    strip = [
        Cell(
            _shape(state, ascii_only=ascii_only) * len(list(run)),
            KIND_ROLES[DAY_KINDS[state]] if state in DAY_KINDS else "muted",
        )
        for state, run in groupby(drawn)
    ]
    sums: list[Cell] = []
    for state, kind in DAY_KINDS.items():
        if told.get(state, timedelta()) >= LEAST_TIME_TOLD:
            sums.append(Cell(f"  {shape(kind, ascii_only=ascii_only)} {kind.value} ", KIND_ROLES[kind]))
            sums.append(Cell(_length(told[state]) + " ", "text"))
    title = (Cell("The last 24 hours", "accent bold"),)
    return [title, (Cell("  "), *strip), (Cell("  " + _hours(now, cells), "muted"),), tuple(sums), ()]


def _drawn(moments: Sequence[Moment], since: datetime, length: timedelta) -> DayState:
    """What stands for a piece of the day: what needed the operator is not lost in what filled the rest."""
    told = totals(moments, since, since + length)
    fair = [state for state in LOUDEST if told.get(state, timedelta()) >= length * FAIR]
    # A piece of which only a minute was watched shows that minute.
    known = {state: spent for state, spent in told.items() if state in DAY_KINDS and spent >= LEAST_TIME_TOLD}
    return fair[0] if fair else max(known or told, key=lambda state: told[state])


def _shape(state: DayState, *, ascii_only: bool) -> str:
    if state is DayState.RESTS:
        return "." if ascii_only else "·"
    return shape(DAY_KINDS[state], ascii_only=ascii_only) if state in DAY_KINDS else " "


def _hours(now: datetime, cells: int) -> str:
    """The hours of the operator's clock below their places, and `now` at the end."""
    local = now.astimezone()
    line = [" "] * cells
    hour = local.replace(minute=0, second=0, microsecond=0)
    for back in range(24):
        moment = hour - timedelta(hours=back)
        place = cells - round((local - moment) / DAY_SHOWN * cells)
        label = f"{moment:%H}h"
        if moment.hour % LABEL_EVERY == 0 and place >= 0 and place + len(label) < cells - len("now"):
            line[place : place + len(label)] = label
    line[-len("now") :] = "now"
    return "".join(line)


def _length(length: timedelta) -> str:
    minutes = int(length / timedelta(minutes=1))
    hours, minutes = divmod(minutes, 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "") if part)
