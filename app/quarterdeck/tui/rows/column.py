"""Which columns there is room for, and how wide each is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection

MARK, SHAPE, NAME, AGENT, STATE = "mark", "shape", "name", "agent", "state"
REST, THOUGHT, CONTEXT, REPO = "rest", "thought", "context", "repo"
BRANCH, QUIET, PLOT = "branch", "quiet", "plot"

ORDER = (MARK, SHAPE, NAME, AGENT, STATE, REST, THOUGHT, CONTEXT, REPO, BRANCH, QUIET, PLOT)
"""As they stand on the screen."""
TITLES = {
    NAME: "session", AGENT: "agent", STATE: "state", REST: "rest", THOUGHT: "thought", CONTEXT: "ctx", REPO: "repo",
    BRANCH: "branch", QUIET: "quiet", PLOT: "activity",
}  # fmt: skip
RIGHT = frozenset({CONTEXT, QUIET})

NAME_LEAST, NAME_MOST = 8, 24
THOUGHT_LEAST = 16
THOUGHT_SHORT = 24
"""A thought this long says what it is about."""
THOUGHT_EASY = 34
"""A thought this long can mostly be read; what is only nice to know waits until it can."""
_WIDTHS = {MARK: 1, SHAPE: 1, AGENT: 8, STATE: 8, REST: 6, CONTEXT: 4, REPO: 12, BRANCH: 14, QUIET: 5, PLOT: 8}
_BRANCH_EASY = 18
_FIRST = (STATE, QUIET, AGENT)
"""Taken in this order while a thought of the least length still fits."""
_THEN = (
    ((CONTEXT,), THOUGHT_EASY),
    ((REPO,), THOUGHT_SHORT),
    ((BRANCH,), THOUGHT_SHORT),
    ((PLOT, REST), THOUGHT_EASY),
)
"""Taken in this order while a thought of the length beside them still fits; the first that does not ends it."""


class Column(NamedTuple):
    """One column: the cells it takes, and the empty ones between it and the next."""

    name: str
    width: int
    gap: int


class ColumnLayout(NamedTuple):
    """The columns of the table at one width."""

    columns: tuple[Column, ...]
    width: int


_OWN_GAPS = {MARK: 0, SHAPE: 1}
"""The mark and the shape belong to the name."""


def layout(width: int, longest_name: int, empty: Collection[str] = ()) -> ColumnLayout:
    """The columns for a width. `empty` columns have nothing to show in any row, and are left out."""
    gap = 1 if width < 72 else 2
    name = max(NAME_LEAST, min(longest_name, NAME_MOST, max(NAME_LEAST, width // 4)))
    chosen = {MARK: 1, SHAPE: 1}
    room = width - 1 - 1 - 1
    if room < name + gap + THOUGHT_LEAST:
        name = min(longest_name, max(1, room - (_WIDTHS[STATE] + gap if room >= NAME_LEAST + gap + 8 else 0)))
    chosen[NAME] = max(1, min(name, room))
    room -= chosen[NAME]
    is_full = False
    for wanted, thought in ((_FIRST, THOUGHT_LEAST), *_THEN):
        for column in (name for name in wanted if name not in empty):
            cost = _WIDTHS[column] + gap
            # The state goes before everything but the name; elsewhere the first that has no room ends it.
            if is_full := room - cost < (0 if column == STATE else thought + gap):
                break
            chosen[column] = _WIDTHS[column]
            room -= cost
        if is_full:
            break
    if BRANCH in chosen and room - gap >= THOUGHT_EASY + _BRANCH_EASY - chosen[BRANCH]:
        room -= _BRANCH_EASY - chosen[BRANCH]
        chosen[BRANCH] = _BRANCH_EASY
    if room - gap >= THOUGHT_LEAST // 2:
        chosen[THOUGHT] = room - gap
    names = [name for name in ORDER if name in chosen]
    gaps = [_OWN_GAPS.get(name, gap) for name in names[:-1]] + [0]
    return ColumnLayout(
        tuple(Column(name, chosen[name], after) for name, after in zip(names, gaps, strict=True)), width
    )
