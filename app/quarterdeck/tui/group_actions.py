"""What the actions about groups do: choose what rows are put together by, fold a group and open it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quarterdeck.tui.rows.grouping import Grouping
    from quarterdeck.tui.screens.main import MainScreen


def group_by(screen: MainScreen, grouping: Grouping) -> None:
    """Put rows together by this."""
    screen.fleet_view.grouping = grouping
    screen.set_filter(screen.fleet_view.filter)


def group_next(screen: MainScreen) -> None:
    """Group by the next thing."""
    grouping = screen.fleet_view.next_grouping()
    screen.context.backend.memory.remember(grouping=grouping.value)
    group_by(screen, grouping)


def fold(screen: MainScreen) -> None:
    """Fold the group of the row; the cursor stays with it, on its heading."""
    if screen.table.selected is not None:
        key = screen.fleet_view.fold(screen.table.selected)
        screen.show_folded()
        screen.table.select(key)


def unfold(screen: MainScreen) -> None:
    """Open the group under the cursor, which goes back to where it was in it."""
    if screen.table.heading is not None:
        row = screen.fleet_view.unfold(screen.table.heading.key)
        screen.show_folded()
        screen.table.select(row)
