"""What a session looks like at a glance, and what is said of it in its row and elsewhere. Pure."""

from __future__ import annotations

import re
from enum import Enum, StrEnum, auto
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

from quarterdeck.core.day import day_state_of
from quarterdeck.core.redact import masked
from quarterdeck.core.row_name import name_below_session, row_name
from quarterdeck.core.session import ASKING, Need, RestState, SessionState, TransportHealth
from quarterdeck.core.session_ends import has_left
from quarterdeck.core.state_signs import STATE_SIGNS
from quarterdeck.core.text import cell_width, clean, clean_lines, cut, fit
from quarterdeck.core.times import rough
from quarterdeck.tui.rows.cell import Cell, folded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from quarterdeck.core.session import Ask, Session


class Kind(StrEnum):
    """How a row is shown. The value is the word on the screen, by which `STATE_SIGNS` has all else."""

    ASKS = "asks"
    LIMITED = "limited"
    FAILED = "failed"
    DONE = "done"
    WORKS = "works"
    RESTS = "rests"
    UNKNOWN = "unknown"
    LOST = "cut off"
    STALE = "stale"
    ENDED = "ended"


WAITING = frozenset({Kind.ASKS, Kind.FAILED, Kind.DONE})
"""The kinds that wait for the operator."""
GONE_KINDS = frozenset({Kind.STALE, Kind.ENDED})

SHAPES = {kind: STATE_SIGNS[kind.value].sign for kind in Kind}
ASCII_SHAPES = {kind: STATE_SIGNS[kind.value].plain for kind in Kind}
KIND_ROLES = {kind: STATE_SIGNS[kind.value].role for kind in Kind}
REST_WORDS: dict[RestState, str] = {
    RestState.ACTIVE: "", RestState.DROWSY: "drowsy", RestState.SLEEPING: "asleep", RestState.DEEP_SLEEP: "deep",
}  # fmt: skip


def kind_of(session: Session) -> Kind:
    """How the session is shown. What is gone or cut off comes first: nothing else is known of it any more.

    A stale session's program has ended too; that its name is kept for it is what the operator can use.
    """
    if session.is_stale:
        return Kind.STALE
    if session.exit_reason is not None or session.state is SessionState.EXITED:
        return Kind.ENDED
    if session.transport_health is TransportHealth.DISCONNECTED:
        return Kind.LOST
    return Kind[day_state_of(session).name]


def is_doubtful(session: Session, kind: Kind) -> bool:
    """Whether the word gets a question mark. What is gone, and what says `unknown` already, needs none."""
    return kind not in {Kind.ENDED, Kind.STALE, Kind.UNKNOWN, Kind.LOST} and not session.is_certain


def shape(kind: Kind, *, ascii_only: bool) -> str:
    """The kind's one-cell shape."""
    return (ASCII_SHAPES if ascii_only else SHAPES)[kind]


STEP = 10
"""Seconds within which no age is looked at again."""
LEAST_OF_NAME = 3
"""Cells below which what is left of a session's name says nothing."""
LEAST_OF_BRANCH = 3
"""Cells below which a branch's name says nothing."""
_STANDING = {
    "ci_failed": "ci failed", "review_pending": "in review", "changes_requested": "changes", "approved": "approved",
    "mergeable": "ready", "merged": "merged", "stuck": "stuck",
}  # fmt: skip
"""Statuses of the work that neither the state nor the request's number tells."""
LEAST_COUNT_TOLD = 2
MORE = ("…", "muted")
_CHOICE = re.compile(r"  \d+  (\[.\] )?")
"""What a choice begins with; its further lines stand below what follows."""


class Nesting(Enum):
    """What stands above a row."""

    NOTHING = auto()
    GROUP = auto()
    """A heading that does not say which session it is of."""
    SESSION = auto()
    """A heading with its session's name."""


class RowView(NamedTuple):
    """What a row depends on beside its session."""

    now: datetime
    ascii_only: bool
    repo_role: Callable[[Session], str]
    """The colour of a session's repository, as a role or `#RRGGBB`."""
    activity_of: Callable[[Session], Sequence[int]]
    is_marked: Callable[[Session], bool]
    nesting: Callable[[Session], Nesting] = lambda _: Nesting.NOTHING

    def stamp(self, session: Session) -> object:
        """What a row's cells depend on beside session and layout: equal stamps, equal cells."""
        moment = int(self.now.timestamp() // STEP)
        marked, nesting = self.is_marked(session), self.nesting(session)
        return moment, marked, nesting, self.repo_role(session), tuple(self.activity_of(session))


def rest_word(session: Session, kind: Kind) -> str:
    """How deeply it rests; "" where that would say nothing."""
    return "" if kind in GONE_KINDS or kind is Kind.WORKS else REST_WORDS[session.rest_state]


def name_of(session: Session) -> str:
    """What the row is called, and commands take."""
    return clean(row_name(session) or session.session_id)


def session_of(session: Session) -> str:
    """What tmux calls its session."""
    return clean(session.tmux_name or session.session_id)


def name_in(session: Session, nesting: Nesting) -> str:
    """What the row is called where that stands above it."""
    return clean(name_below_session(session)) if nesting is Nesting.SESSION else name_of(session)


def name_within(session: Session, nesting: Nesting, width: int) -> str:
    """The same in so many cells: what tells it from the others of its session is cut last."""
    name = name_in(session, nesting)
    if cell_width(name) <= width or nesting is Nesting.SESSION or session.rows_in_session == 1:
        return cut(name, width)
    within = name.removeprefix(clean(session.tmux_name))
    room = width - cell_width(within)
    return cut(clean(session.tmux_name), room) + within if room >= LEAST_OF_NAME else cut(name, width)


def title_of(session: Session) -> str:
    """What its work is about; "" where nothing says so, or the name says it already."""
    title = clean(masked((session.work.display_name if session.work else None) or ""))
    return title if title not in {name_of(session), session.session_id} else ""


def agent_of(session: Session) -> str:
    """The agent in it, in brackets when it has left it; else the command that runs there."""
    named = session.agent or session.tool or (session.work.agent if session.work else "")
    name = clean(named or session.current_command or "").lower()
    return f"({name})" if has_left(session) else name


def repo_of(session: Session) -> str:
    """The repository, or the folder where there is none."""
    if session.work:
        return clean(session.work.project)
    return clean(PurePath(session.repo_theme_id or session.cwd).name)


def branch_of(session: Session, width: int = 0) -> str:
    """Branch, pull request and where that stands; the branch is cut, or left out, before what stands behind it."""
    if session.work is None:
        return ""
    numbers = [f"#{request['number']}" for request in session.work.prs if request.get("number")]
    said = [*numbers, _STANDING.get(session.work.status, "")]
    branch, tail = clean(session.work.branch or ""), clean(" ".join(part for part in said if part))
    if not tail or not width:
        return " ".join(part for part in (branch, tail) if part)
    room = min(len(branch), width - len(tail) - 1)
    return f"{fit(branch, room)} {tail}" if room >= LEAST_OF_BRANCH else cut(tail, width)


def saying(session: Session, kind: Kind) -> str:
    """The one line that says most: what is asked, why it ended or failed, else the thought."""
    if kind is Kind.ASKS and session.asks is not None:
        return clean(masked(session.asks.text))
    if kind is Kind.ENDED:
        # A negative status is that of a pane whose own was never learned.
        status = f" with status {session.exit_status}" if (session.exit_status or 0) > 0 else ""
        last = f": {clean(session.thought)}" if session.thought else ""
        return f"ended{status}{last}"
    if kind is Kind.STALE:
        return clean(session.thought or "its tmux server went away")
    if kind is Kind.FAILED and session.state_evidence.detail:
        return clean(masked(session.state_evidence.detail))
    if has_left(session):
        last = f": {clean(session.thought)}" if session.thought else ""
        return f"{clean(session.tool or '')} has ended here{last}"
    return clean(session.thought or "") or title_of(session)


def summaries(sessions: Sequence[Session], view: RowView) -> list[str]:
    """A line for each: its sign, its name and what it says."""
    names = [name_in(session, view.nesting(session)) for session in sessions]
    width = max(map(cell_width, names), default=0)
    kinds = [kind_of(session) for session in sessions]
    return [
        f"{shape(kind, ascii_only=view.ascii_only)} {fit(name, width)}  {saying(session, kind) or kind.value}".rstrip()
        for session, name, kind in zip(sessions, names, kinds, strict=True)
    ]


def waiting_mail(session: Session) -> str:
    """That messages wait for it; "" when none do."""
    return f"({session.held_messages} held) " if session.held_messages else ""


def waiting_since(session: Session) -> datetime:
    """Since when nothing has happened, or since when it asks."""
    if session.asks is not None and session.needs in ASKING:
        return session.asks.since
    return session.ended_at or session.last_activity_at


def broken(text: str, width: int) -> list[str]:
    """A line of a question as the lines it takes at this width."""
    number = _CHOICE.match(text)
    lead = number.group() if number else ""
    lines = folded((Cell(lead), Cell(text.removeprefix(lead))), width)
    return ["".join(cell.text for cell in line) for line in lines]


def choice_line(number: int, choice: str, *, several: bool, is_ticked: bool = False) -> str:
    """A choice with its number, and with a box where several may be taken."""
    box = ("[x] " if is_ticked else "[ ] ") if several else ""
    return f"  {number}  {box}{clean(masked(choice))}"


def question_lines(ask: Ask, now: datetime) -> list[tuple[str, str]]:
    """Lines with their roles: what kind and since when, the text, the choices by number."""
    what = "asks for permission" if ask.kind is Need.PERMISSION else "asks"
    lines = [(f"{what}, {rough(ask.since, now)}", "asks")]
    lines += [(line.rstrip(), "text bold") for line in clean_lines(masked(ask.text)).split("\n") if line.strip()]
    lines += [
        (choice_line(number, choice, several=ask.several), "text") for number, choice in enumerate(ask.choices, 1)
    ]
    return lines


def question_within(ask: Ask, now: datetime, width: int, most: int) -> list[tuple[str, str]]:
    """The question in so many lines of this width. Where it is longer, the choices stay and the text is cut."""
    lines = question_lines(ask, now)
    whole = [[(part, role) for part in broken(text, width)] for text, role in lines]
    first_choice = len(lines) - len(ask.choices)
    told = [line for parts in whole[:first_choice] for line in parts]
    choices = [line for parts in whole[first_choice:] for line in parts]
    if len(told) + len(choices) <= most:
        return told + choices
    room = most - 1 - len(choices)
    if room < LEAST_COUNT_TOLD:
        return [*(told + choices)[: most - 1], MORE]
    return [*told[:room], MORE, *choices]
