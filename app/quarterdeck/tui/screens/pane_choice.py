"""A dialog to choose one of the panes that are no rows: shells, editors, whatever else runs in tmux."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.core.row_name import called
from quarterdeck.core.text import clean, from_home
from quarterdeck.core.urgency import natural_key
from quarterdeck.tui.screens.picker import Picker, PickerItem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.core.pane import Pane
    from quarterdeck.tui.screen_context import ScreenContext


def pane_picker(context: ScreenContext, panes: Sequence[Pane]) -> Picker:
    """The dialog; it answers the id of a pane."""
    ordered = sorted(panes, key=lambda pane: (natural_key(pane.session_name), pane.window_index, pane.pane_index))
    home = str(Path.home())
    found = [PickerItem(pane.pane_id, _place(pane), _note(pane, home)) for pane in ordered]
    picker = Picker(context, "Panes that are no rows", found, "a session, a command or a folder")
    picker.keys = (("↑ ↓", "choose"), ("Enter", "go there"), ("Esc", "back"))
    return picker


def _place(pane: Pane) -> str:
    return clean(f"{pane.session_name}:{called(pane.window_index, pane.window_name)}.{pane.pane_index}")


def _note(pane: Pane, home: str) -> str:
    what = "ended" if pane.dead else pane.command
    return clean("  ".join(part for part in (what, from_home(pane.path, home)) if part))
