"""Everything known of one session, as lines to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.ages import exact
from quarterdeck.core.reading import cause_of
from quarterdeck.core.redact import masked, redact
from quarterdeck.core.text import clean, clean_lines, fit
from quarterdeck.tui.rows.cell import Cell, Line
from quarterdeck.tui.rows.durations import amount, quiet, share
from quarterdeck.tui.rows.mark import REST_WORDS, ROLES, is_doubtful, kind_of
from quarterdeck.tui.rows.question_lines import question_lines
from quarterdeck.tui.rows.session_row import branch_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

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


def _section(title: str, lines: Iterable[Line]) -> list[Line]:
    found = list(lines)
    return [(Cell(title, "accent bold"),), *found, ()] if found else []


def _fact(label: str, text: str, role: str = "text") -> Line:
    return Cell("  " + fit(label, LABEL), "muted"), Cell(clean(text), role)


def _facts(pairs: Iterable[tuple[str, str]]) -> list[Line]:
    return [_fact(label, text) for label, text in pairs if text]


def _words(name: str) -> str:
    return name.replace("_", " ")


def why_lines(session: Session, now: datetime) -> list[Line]:
    """What it is doing, and why we think so."""
    kind, evidence = kind_of(session), session.state_evidence
    word = kind.value + (", but we are not sure" if is_doubtful(session, kind) else "")
    return _section(
        "Why we think so",
        [
            _fact("state", word, ROLES[kind]),
            *_facts(
                [
                    ("because", cause_of(evidence.cause).words),
                    ("from", f"{evidence.source.value}, confidence {evidence.confidence.value}"),
                    ("seen", exact(evidence.observed_at, now)),
                    ("evidence", masked(evidence.detail)),
                    ("needs", session.needs.value if session.needs else ""),
                    ("rests", REST_WORDS[session.rest_state]),
                ]
            ),
            *(
                _fact("reminder", f"{cue.kind.value.replace('_', ' ')}: {', '.join(cue.evidence)}")
                for cue in session.action_cues
            ),
        ],
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


def session_lines(session: Session, now: datetime) -> list[Line]:
    """Where and what it is."""
    return _section(
        "Session",
        _facts(
            [
                ("id", session.session_id),
                ("tmux", f"{session.tmux_name}  {session.pane_id or ''}  on {session.tmux_server}"),
                ("agent", " ".join(part for part in (session.tool, session.model) if part)),
                ("runs", session.current_command or ""),
                ("in", session.cwd),
                ("context", context_said(session)),
                ("cost", f"${session.cost_usd:.2f}" if session.cost_usd else ""),
                ("active", exact(session.last_activity_at, now)),
                ("background", f"{session.background_tasks} tasks" if session.background_tasks else ""),
                ("watched", "" if session.transport_health.value == "healthy" else session.transport_health.value),
                ("ended", _ending(session, now)),
            ]
        ),
    )


def _ending(session: Session, now: datetime) -> str:
    if session.exit_reason is None:
        return ""
    return f"{exact(session.ended_at, now)}, {_words(session.exit_reason.value)}{session.status_words}"


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
    requests = [
        f"#{request.get('number', '?')} {request.get('state', '')} {request.get('url', '')}" for request in work.prs
    ]
    lifecycle = ", ".join(f"{key} {value}" for key, value in work.lifecycle.items() if isinstance(value, str | int))
    return _section(
        "Work",
        _facts(
            [
                ("project", f"{work.project} ({work.role})"),
                ("issue", work.issue or ""),
                ("branch", branch_of(session)),
                ("worktree", work.worktree or ""),
                ("status", work.status),
                ("lifecycle", lifecycle),
                *(("request", request) for request in requests),
                ("since", exact(work.created_at, now)),
            ]
        ),
    )


def thought_lines(history: Sequence[ThoughtSnapshot], now: datetime) -> list[Line]:
    """What it was thinking, newest first."""
    return _section(
        "Thoughts",
        [
            (Cell("  " + fit(exact(one.updated_at, now), AGE), "muted"), Cell(clean(one.thought or "")))
            for one in history
            if one.thought
        ],
    )


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
