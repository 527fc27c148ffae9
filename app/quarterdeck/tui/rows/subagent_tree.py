"""What an agent runs besides itself, as a tree to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from quarterdeck.core.redact import masked
from quarterdeck.core.subagent import SubagentState
from quarterdeck.core.text import clean, fit
from quarterdeck.tui.rows.cell import Cell
from quarterdeck.tui.rows.session_row import KIND_ROLES, Kind, shape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quarterdeck.core.pane import PaneId
    from quarterdeck.core.subagent import Subagent
    from quarterdeck.tui.rows.cell import Line

NAME_WIDTH = 18
"""Cells of a name, and of the branches before it."""


class TreeSigns(NamedTuple):
    """How a tree is drawn."""

    more: str
    """Before one that others follow."""
    last: str
    past: str
    """Where the branch of others goes on."""


LINES, ASCII_LINES = TreeSigns("├ ", "└ ", "│ "), TreeSigns("|-", "`-", "| ")
SUBAGENT_KINDS = {
    SubagentState.BUSY: Kind.WORKS, SubagentState.IDLE: Kind.RESTS, SubagentState.ATTENTION: Kind.ASKS,
}  # fmt: skip


def subagent_lines(subagents: Sequence[Subagent], rows: Mapping[PaneId, str], *, ascii_only: bool) -> list[Line]:
    """A line for each; `rows` are the names of the rows that teammates have. Nothing where there is none."""
    if not subagents:
        return []
    branches = _branches(subagents, ASCII_LINES if ascii_only else LINES)
    lines: list[Line] = [(Cell("Runs besides itself", "accent bold"),)]
    for each, branch in zip(subagents, branches, strict=True):
        kind = SUBAGENT_KINDS[each.state]
        row = rows.get(each.pane_id) if each.pane_id is not None else None
        said = (f"in {row}" if row else "", clean(masked(each.thought or "")))
        lines.append((
            Cell(f"  {branch}", "muted"),
            Cell(shape(kind, ascii_only=ascii_only), KIND_ROLES[kind]),
            Cell(" " + fit(clean(masked(each.name)), NAME_WIDTH - len(branch)) + "  "),
            Cell(": ".join(part for part in said if part), "muted"),
        ))  # fmt: skip
    return [*lines, ()]


def _branches(subagents: Sequence[Subagent], signs: TreeSigns) -> list[str]:
    """What stands before each: its own branch, and those that go on past it."""
    found: list[str] = []
    followed: set[int] = set()
    for each in reversed(subagents):
        past = "".join(signs.past if depth in followed else "  " for depth in range(each.depth))
        found.append(past + (signs.more if each.depth in followed else signs.last))
        followed = {depth for depth in followed if depth < each.depth} | {each.depth}
    return found[::-1]
