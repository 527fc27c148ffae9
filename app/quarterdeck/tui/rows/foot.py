"""The foot line: the keys that work now, as many as there is room for; and why some of the others do nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.text import cell_width, clean
from quarterdeck.tui.actions import ACTIONS, Needs, spoken
from quarterdeck.tui.rows.cell import Cell
from quarterdeck.tui.rows.session_row import has_left, name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from quarterdeck.core.session import Session
    from quarterdeck.tui.actions import Action

_ALWAYS = ("help.open", "console.quit")
SAID: Mapping[str, str] = {
    "session.answer": "{name} asks nothing now.",
    "session.restore": "{name} is neither ended nor stale, so there is nothing to bring back.",
    "session.dismiss": "{name} is live. d removes what has ended; x ends a live one.",
    "view.choose": "No filter is saved yet: add them under [views] in the settings file.",
}
"""Why a key does nothing now, said when it is pressed; other keys are only not named."""
LEFT = "{agent} has ended in {name}, and its shell is there. Go there, and resume it by hand; u is for what is gone."


def foot_cells(
    keys: Mapping[str, Sequence[str]], works: Callable[[Action], bool], width: int, marked: int = 0
) -> list[Cell]:
    """Keys and labels for a width. Help and quit keep their place when others must go."""
    shown = [action for action in ACTIONS if action.foot and keys[action.name] and works(action)]
    said = {action.name: (spoken(keys[action.name][0]), action.label) for action in shown}
    cost = {name: cell_width(key) + len(label) + 3 for name, (key, label) in said.items()}
    cells = [Cell(" "), Cell(f"{marked} marked", "accent bold"), Cell("  ")] if marked else [Cell(" ")]
    room = width - sum(cell_width(cell.text) for cell in cells) - sum(cost.get(name, 0) for name in _ALWAYS)
    for action in sorted(shown, key=lambda action: action.foot):
        if action.name not in _ALWAYS:
            if cost[action.name] > room:
                room = 0
                continue
            room -= cost[action.name]
        cells += _key_cells(*said[action.name])
    return cells


def typing_cells() -> list[Cell]:
    """The keys that work while a filter is typed: the letters are its own."""
    return [Cell(" "), *_key_cells("Enter", "keep"), *_key_cells("Esc", "clear"), *_key_cells("↑ ↓", "move")]


def _key_cells(key: str, label: str) -> tuple[Cell, Cell]:
    return Cell(key, "accent bold"), Cell(f" {label}  ", "muted")


def can_say_why(action: Action, session: Session | None) -> bool:
    """Whether a key that can do nothing here says so."""
    return action.name in SAID and (action.needs is Needs.NOTHING or session is not None)


def why_not(action: Action, session: Session | None) -> str:
    """Why nothing is done."""
    said = SAID[action.name]
    if session is not None and action.name == "session.restore" and has_left(session):
        said = LEFT
    name, agent = (f'"{name_of(session)}"', session.tool or "The agent") if session is not None else ("", "")
    return clean(said.format(name=name, agent=agent))
