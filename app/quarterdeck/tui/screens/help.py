"""Help, made from the table of actions and the keys they really have."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from quarterdeck.core.state_signs import STATE_SIGNS
from quarterdeck.core.text import fit
from quarterdeck.tui.actions import ACTIONS, spoken
from quarterdeck.tui.rows.cell import Cell
from quarterdeck.tui.rows.filter import FIELDS
from quarterdeck.tui.rows.session_row import Kind, shape
from quarterdeck.tui.screens.dialog import Page

if TYPE_CHECKING:
    from quarterdeck.tui.rows.cell import Line

KEY_WIDTH = 20
HELP_WIDTH = max(len(action.help) for action in ACTIONS) + 2
NAMES_FROM = 100
"""Cells at which the names of the actions have room, as `[keys]` of the settings has them."""


class HelpScreen(Page):
    """Keys, the language of the filter, and what the shapes mean."""

    heading = "Help"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("question_mark,q", "leave", "back")]
    keys = (("j k", "scroll"), ("Esc", "back"))
    _has_names = False

    def on_resize(self) -> None:
        """Names stand where there is room for them."""
        super().on_resize()
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        self._has_names = self.lines.size.width >= NAMES_FROM
        self.lines.show([*self._actions(), *_filter_lines(), *self._shapes(), *_column_lines()])

    def _actions(self) -> list[Line]:
        context = self.context
        lines: list[Line] = []
        for group, actions in groupby(ACTIONS, key=lambda action: action.group):
            lines.append((Cell(group, "text bold"),))
            for action in actions:
                pressed = " ".join(map(spoken, context.keys[action.name])) or "not bound"
                lines.append(
                    (
                        Cell("  " + fit(pressed, KEY_WIDTH), "accent"),
                        Cell(fit(action.help, HELP_WIDTH)),
                        Cell(action.name if self._has_names else "", "muted"),
                    )
                )
            lines.append(())
        lines[-1:] = [(Cell("  " + fit("1 … 9", KEY_WIDTH), "accent"), Cell("Jump to that row")), ()]
        return lines

    def _shapes(self) -> list[Line]:
        lines: list[Line] = [(Cell("What the shapes mean", "text bold"),)]
        for kind in Kind:
            sign = shape(kind, ascii_only=self.context.ascii_only)
            meaning = STATE_SIGNS[kind.value].meaning
            lines.append((Cell("  " + fit(f"{sign} {kind.value}", KEY_WIDTH), "accent"), Cell(meaning)))
        doubt = "behind a state: we think so, and are not sure (details say why)"
        return [*lines, (Cell("  " + fit("?", KEY_WIDTH), "accent"), Cell(doubt)), ()]


def _filter_lines() -> list[Line]:
    said = (
        ("word", "anywhere; letters in order are enough for names, repositories, agents, branches"),
        ("state:asks", "in one field: " + ", ".join(FIELDS)),
        ("agent:claude,codex", "one of several"),
        ("needs:any", "whatever waits for you"),
        ("!word  !repo:shop", "not that"),
    )
    lines: list[Line] = [(Cell("The filter", "text bold"),)]
    lines += [(Cell("  " + fit(what, KEY_WIDTH), "accent"), Cell(meaning)) for what, meaning in said]
    return [*lines, ()]


def _column_lines() -> list[Line]:
    said = (
        ("agent", "what runs there; in brackets when the agent has ended and its shell is there"),
        ("rest", "drowsy: quiet for 30 seconds; asleep: waits for you; shown where there is room"),
        ("ctx", "how much of its context the agent has used"),
        ("quiet", "since when nothing has happened"),
        ("activity", "how much it wrote in the last minutes, the newest at the right"),
    )
    lines: list[Line] = [(Cell("What the columns say", "text bold"),)]
    return [*lines, *((Cell("  " + fit(what, KEY_WIDTH), "accent"), Cell(meaning)) for what, meaning in said)]
