"""Help, made from the table of actions and the keys they really have."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from quarterdeck.core.state_signs import STATE_SIGNS
from quarterdeck.core.text import fit
from quarterdeck.tui.actions import ACTIONS, spoken
from quarterdeck.tui.rows.cell import Cell
from quarterdeck.tui.rows.column import group_signs
from quarterdeck.tui.rows.filter import FILTER_FIELDS
from quarterdeck.tui.rows.session_row import Kind, shape
from quarterdeck.tui.screens.dialog import Page

if TYPE_CHECKING:
    from quarterdeck.tui.rows.cell import Line

HELP_KEY_WIDTH = 20
HELP_WIDTH = max(len(action.help) for action in ACTIONS) + 2
NAMES_FROM = 100
"""Cells at which the names of the actions have room, as `[keys]` of the settings has them."""
FILTER = (
    ("word", "anywhere; letters in order are enough for names, repositories, agents, branches"),
    ("state:asks", "in one field: " + ", ".join(FILTER_FIELDS)),
    ("agent:claude,codex", "one of several"),
    ("needs:any", "whatever waits for you"),
    ("!word  !repo:shop", "not that"),
)
DOUBT = ("?", "behind a state: we are not sure of it (details say why)")
GROUP_HELP = ("a group of rows: how many they are, and the loudest state among them", "the same, folded into its line")
"""Of an open one, and of a folded one."""
COLUMN_HELP = (
    "What the columns say",
    (
        ("agent", "what runs there; in brackets when the agent has ended and its shell is there"),
        ("rest", "drowsy: quiet for 30 seconds; asleep: waits for you; shown where there is room"),
        ("ctx", "how much of its context the agent has used"),
        ("quiet", "since when nothing has happened"),
        ("activity", "how much it wrote in the last minutes, the newest at the right"),
    ),
)


class HelpScreen(Page):
    """Keys, the language of the filter, and what the shapes mean."""

    heading = "Help"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("question_mark,q", "leave", "back")]

    def on_resize(self) -> None:
        """Names stand where there is room for them."""
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        has_names = self.lines.size.width >= NAMES_FROM
        lines: list[Line] = []
        for group, actions in groupby(ACTIONS, key=lambda action: action.group):
            lines.append((Cell(group, "text bold"),))
            for action in actions:
                pressed = " ".join(map(spoken, self.context.keys[action.name])) or "not bound"
                name = Cell(action.name if has_names else "", "muted")
                lines.append((*_told(pressed, fit(action.help, HELP_WIDTH)), name))
            lines.append(())
        lines[-1:] = [_told("1 … 9", "Jump to that row"), ()]
        ascii_only = self.context.ascii_only
        shapes = {kind: shape(kind, ascii_only=ascii_only) for kind in Kind}
        meanings = [(f"{sign} {kind.value}", STATE_SIGNS[kind.value].meaning) for kind, sign in shapes.items()]
        groups = tuple(
            (f"{sign} web  4", meaning) for sign, meaning in zip(group_signs(ascii_only), GROUP_HELP, strict=True)
        )
        told = (*meanings, DOUBT, *groups)
        for title, said in (("The filter", FILTER), ("What the shapes mean", told), COLUMN_HELP):
            lines += [(Cell(title, "text bold"),), *(_told(*each) for each in said), ()]
        self.lines.show(lines[:-1])


def _told(what: str, meaning: str) -> tuple[Cell, Cell]:
    return Cell("  " + fit(what, HELP_KEY_WIDTH), "accent"), Cell(meaning)
