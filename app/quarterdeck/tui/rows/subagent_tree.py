"""What an agent runs besides itself, as a tree to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
BRANCHES, ASCII_BRANCHES = ("├ ", "└ "), ("|-", "`-")
"""Before one that others follow, and before the last."""
SUBAGENT_KINDS = {
    SubagentState.BUSY: Kind.WORKS, SubagentState.IDLE: Kind.RESTS, SubagentState.ATTENTION: Kind.ASKS,
}  # fmt: skip


def subagent_lines(subagents: Sequence[Subagent], rows: Mapping[PaneId, str], *, ascii_only: bool) -> list[Line]:
    """A line for each; `rows` are the names of the rows that teammates have. Nothing where there is none."""
    if not subagents:
        return []
    branches = ASCII_BRANCHES if ascii_only else BRANCHES
    lines: list[Line] = [(Cell("Runs besides itself", "accent bold"),)]
    for each, is_last in zip(subagents, _last_ones(subagents), strict=True):
        kind, branch = SUBAGENT_KINDS[each.state], "  " * each.depth + branches[is_last]
        row = rows.get(each.pane_id) if each.pane_id is not None else None
        said = (f"in {row}" if row else "", clean(masked(each.thought or "")))
        lines.append((
            Cell(f"  {branch}", "muted"),
            Cell(shape(kind, ascii_only=ascii_only), KIND_ROLES[kind]),
            Cell(" " + fit(clean(masked(each.name)), NAME_WIDTH - len(branch)) + "  "),
            Cell(": ".join(part for part in said if part), "muted"),
        ))  # fmt: skip
    return [*lines, ()]


def _last_ones(subagents: Sequence[Subagent]) -> list[bool]:
    """Of each, whether none of the same depth follows below the same one."""
    found: list[bool] = []
    followed: set[int] = set()
    for each in reversed(subagents):
        found.append(each.depth not in followed)
        followed = {depth for depth in followed if depth < each.depth} | {each.depth}
    return found[::-1]
