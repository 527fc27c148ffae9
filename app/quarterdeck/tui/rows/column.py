"""The table's columns: what each shows, how wide it is, and when there is room for it. Pure.

A column more is a row more in `TABLE_COLUMNS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from quarterdeck.core.session import RowKind
from quarterdeck.core.subagent import hidden_work
from quarterdeck.core.text import cell_width, clean, cut, fit
from quarterdeck.core.times import limit_words
from quarterdeck.tui.rows.cell import Cell, plot, quiet, share
from quarterdeck.tui.rows.session_row import (
    GONE_KINDS,
    KIND_ROLES,
    Kind,
    Nesting,
    agent_of,
    branch_of,
    is_doubtful,
    kind_of,
    name_within,
    repo_of,
    rest_word,
    saying,
    shape,
    waiting_mail,
    waiting_since,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from quarterdeck.core.session import Session
    from quarterdeck.tui.rows.grouping import Heading
    from quarterdeck.tui.rows.session_row import RowView

NAME_LEAST, NAME_MOST = 8, 24
INDENT = 2
"""Cells by which a row below a heading stands further in."""
THOUGHT_LEAST = 16
THOUGHT_SHORT = 24
"""A thought this long says what it is about."""
THOUGHT_EASY = 34
"""A thought this long can mostly be read; what is only nice to know waits until it can."""
BRANCH_EASY = 18
CONTEXT_TIGHT = 0.8
"""From this share of its context on, a session's use of it is worth a colour."""


class Row(NamedTuple):
    """What a cell is made of."""

    session: Session
    kind: Kind
    is_doubtful: bool
    view: RowView

    @property
    def role(self) -> str:
        """The colour of its state."""
        return KIND_ROLES[self.kind] + (" dim" if self.is_doubtful else "")


class ColumnKind(NamedTuple):
    """One column, whatever the width."""

    name: str
    says: Callable[[Row, int], tuple[str, str]]
    """Text and role for a row, where there is so much room."""
    title: str = ""
    width: int = 0
    turn: int = 0
    """When it is given its room: the lower the sooner; 0 for those that are always there."""
    beside: int = THOUGHT_EASY
    """How long a thought must still fit then; when it does not, this and all that come later are left out."""
    gap: int | None = None
    """Cells before the next column, where they are others than usual."""
    is_right: bool = False
    is_said: Callable[[Session, Kind], object] | None = None
    """Whether it has something to say, of those that are left out while they would say nothing in any row."""


class Column(NamedTuple):
    """One column at one width of the table: the cells it takes, and the empty ones between it and the next."""

    kind: ColumnKind
    width: int
    gap: int

    @property
    def name(self) -> str:
        """What it is called here."""
        return self.kind.name

    def cell(self, text: str, role: str, *, before: int = 0, less: int = 0) -> Cell:
        """A cell of it that says this, with so many empty cells before it, or so much narrower."""
        return Cell(" " * before + fit(text, self.width - less, right=self.kind.is_right) + " " * self.gap, role)


class ColumnLayout(NamedTuple):
    """The columns of the table at one width."""

    columns: tuple[Column, ...]
    width: int


def _mark(row: Row, _: int) -> tuple[str, str]:
    if not row.view.is_marked(row.session):
        return " ", "text"
    return "+" if row.view.ascii_only else "✓", "accent"


def _thought(row: Row, _: int) -> tuple[str, str]:
    role = {Kind.ASKS: "asks", Kind.FAILED: "failed"}.get(row.kind, "text")
    words = waiting_mail(row.session) + saying(row.session, row.kind)
    if row.kind is Kind.LIMITED:
        words = f"{limit_words(row.session.limited_until, row.view.now)}: {words.removeprefix('limited: ')}"
    return words, role


def _agent(row: Row, width: int) -> tuple[str, str]:
    name, more = agent_of(row.session), hidden_work(row.session.subagents)
    if not more:
        return name, "muted"
    told = f"+{more}"
    room = width - len(told)
    return f"{name} {told}" if cell_width(name) < room else f"{cut(name, room)}{told}", "muted"


def _context(row: Row, _: int) -> tuple[str, str]:
    used, limit = row.session.token_count, row.session.context_limit
    return share(used, limit), "asks" if limit and used / limit >= CONTEXT_TIGHT else "muted"


def _quiet(row: Row, _: int) -> tuple[str, str]:
    role = KIND_ROLES[row.kind] if row.kind is Kind.ASKS else "muted"
    return quiet(waiting_since(row.session), row.view.now), role


def _has_branch(session: Session, _: Kind) -> object:
    return session.work and (session.work.branch or session.work.prs)


MARK, SHAPE, NAME, STATE, THOUGHT, BRANCH = "mark", "shape", "name", "state", "thought", "branch"
TABLE_COLUMNS = (
    ColumnKind(MARK, _mark, width=1, gap=0),
    ColumnKind(SHAPE, lambda row, _: (shape(row.kind, ascii_only=row.view.ascii_only), row.role), width=1, gap=1),
    ColumnKind(NAME, lambda row, width: (name_within(row.session, row.view.nesting(row.session), width),
               "text bold" if row.kind is Kind.ASKS else "text"), "session"),
    ColumnKind("agent", _agent, "agent", 8, turn=3, beside=THOUGHT_LEAST),
    ColumnKind(STATE, lambda row, _: (row.kind.value + "?" * row.is_doubtful, row.role), "state", 8, turn=1, beside=0),
    ColumnKind("rest", lambda row, _: (rest_word(row.session, row.kind), "muted"), "rest", 6, turn=8,
               is_said=rest_word),
    ColumnKind(THOUGHT, _thought, "thought"),
    ColumnKind("context", _context, "ctx", 4, turn=4, is_right=True, is_said=lambda session, _: session.token_count),
    ColumnKind("repo", lambda row, _: (repo_of(row.session), row.view.repo_role(row.session)), "repo", 12, turn=5,
               beside=THOUGHT_SHORT),
    ColumnKind(BRANCH, lambda row, width: (branch_of(row.session, width), "muted"), "branch", 14, turn=6,
               beside=THOUGHT_SHORT, is_said=_has_branch),
    ColumnKind("quiet", _quiet, "quiet", 5, turn=2, beside=THOUGHT_LEAST, is_right=True),
    ColumnKind("plot", lambda row, width: (plot(row.view.activity_of(row.session), width,
               ascii_only=row.view.ascii_only), "muted"), "activity", 8, turn=7),
)  # fmt: skip
"""As they stand on the screen. The mark and the shape belong to the name; name and thought get what room there is."""

SELDOM = frozenset(each.name for each in TABLE_COLUMNS if each.is_said is not None)
"""Columns that are left out while they would say nothing in any row."""


def layout(width: int, longest_name: int, empty: Collection[str] = ()) -> ColumnLayout:
    """The columns for a width. `empty` columns have nothing to show in any row, and are left out."""
    gap = 1 if width < 72 else 2
    name = max(NAME_LEAST, min(longest_name, NAME_MOST, max(NAME_LEAST, width // 4)))
    in_turn = sorted((each for each in TABLE_COLUMNS if each.turn), key=lambda each: each.turn)
    room = width - 1 - 1 - 1
    if room < name + gap + THOUGHT_LEAST:
        # The state, which comes first, goes before a name in full.
        name = min(longest_name, max(1, room - (in_turn[0].width + gap if room >= NAME_LEAST + gap + 8 else 0)))
    chosen = {MARK: 1, SHAPE: 1, NAME: max(1, min(name, room))}
    room -= chosen[NAME]
    for each in in_turn:
        if each.name in empty:
            continue
        cost = each.width + gap
        if room - cost < (each.beside + gap if each.beside else 0):
            break
        chosen[each.name] = each.width
        room -= cost
    if BRANCH in chosen and room - gap >= THOUGHT_EASY + BRANCH_EASY - chosen[BRANCH]:
        room -= BRANCH_EASY - chosen[BRANCH]
        chosen[BRANCH] = BRANCH_EASY
    if room - gap >= THOUGHT_LEAST // 2:
        chosen[THOUGHT] = room - gap
    shown = [each for each in TABLE_COLUMNS if each.name in chosen]
    gaps = [gap if each.gap is None else each.gap for each in shown[:-1]] + [0]
    columns = (Column(each, chosen[each.name], after) for each, after in zip(shown, gaps, strict=True))
    return ColumnLayout(tuple(columns), width)


def session_cells(session: Session, layout: ColumnLayout, view: RowView) -> tuple[Cell, ...]:
    """The cells of a session's row, in the layout's order, each exactly as wide as its column and the gap after it.

    The same session, moment and layout give the same cells.
    """
    kind = kind_of(session)
    row = Row(session, kind, is_doubtful(session, kind), view)
    name = next(column.width for column in layout.columns if column.name == NAME)
    indent = min(INDENT, name - 1) if view.nesting(session) is not Nesting.NOTHING else 0
    is_quiet_guest = session.kind is RowKind.DETACHED and session.needs is None
    cells: list[Cell] = []
    for column in layout.columns:
        text, role = column.kind.says(row, column.width - indent * (column.name == NAME))
        is_faint = (kind in GONE_KINDS or is_quiet_guest) and column.name not in {SHAPE, MARK}
        # By what the sign stands further in, the name is shorter.
        before, less = indent * (column.name == SHAPE), indent * (column.name == NAME)
        cells.append(column.cell(text, "muted" if is_faint else role, before=before, less=less))
    return tuple(cells)


def silent_in(session: Session, kind: Kind) -> frozenset[str]:
    """Of the columns that are seldom filled, those in which a session has nothing to say."""
    return frozenset(
        each.name for each in TABLE_COLUMNS if each.is_said is not None and not each.is_said(session, kind)
    )


def title_cells(layout: ColumnLayout) -> tuple[Cell, ...]:
    """The titles, each above its column."""
    return tuple(column.cell(column.kind.title, "muted") for column in layout.columns)


def group_signs(ascii_only: bool) -> tuple[str, str]:
    """What stands before an open group's title, and before a folded one's."""
    return ("v", ">") if ascii_only else ("▾", "▸")


def heading_cells(heading: Heading, layout: ColumnLayout, *, ascii_only: bool) -> tuple[Cell, ...]:
    """The line above a group: whether it is folded, its title, how many rows it has, and the loudest state in it."""
    sign = group_signs(ascii_only)[heading.is_folded] + " "
    number = f"  {heading.count} {'|' if ascii_only else '·'} "
    room = layout.width - 1 - len(sign) - len(number) - 1
    return (
        Cell(" " + sign, "muted"),
        Cell(clean(heading.title, max(1, room)), "text bold"),
        Cell(number, "muted"),
        Cell(shape(heading.worst, ascii_only=ascii_only), KIND_ROLES[heading.worst]),
    )
