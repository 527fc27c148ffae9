"""The foot line: the keys that work now, as many as there is room for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.text import cell_width
from quarterdeck.tui.actions import ACTIONS, spoken
from quarterdeck.tui.rows.cell import Cell

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from quarterdeck.tui.actions import Action

_ALWAYS = ("help.open", "console.quit")


def foot_cells(
    keys: Mapping[str, Sequence[str]], works: Callable[[Action], bool], width: int, marked: int = 0
) -> list[Cell]:
    """Keys and labels for a width. Help and quit keep their place when others must go."""
    shown = sorted((action for action in ACTIONS if action.foot and keys[action.name] and works(action)), key=_place)
    budget = width - 1 - sum(_cost(action, keys) for action in shown if action.name in _ALWAYS)
    said = f"{marked} marked" if marked else ""
    budget -= len(said) + 2 if said else 0
    cells = [Cell(" "), Cell(said, "accent bold"), Cell("  ")] if said else [Cell(" ")]
    for action in shown:
        if action.name not in _ALWAYS:
            if _cost(action, keys) > budget:
                budget = 0
                continue
            budget -= _cost(action, keys)
        cells += [Cell(_key(action, keys), "accent bold"), Cell(f" {action.label}  ", "muted")]
    return cells


def typing_cells() -> list[Cell]:
    """The keys that work while a filter is typed: the letters are its own."""
    cells = [Cell(" ")]
    for key, label in (("Enter", "keep"), ("Esc", "clear"), ("↑ ↓", "move")):
        cells += [Cell(key, "accent bold"), Cell(f" {label}  ", "muted")]
    return cells


def _place(action: Action) -> int:
    return action.foot


def _key(action: Action, keys: Mapping[str, Sequence[str]]) -> str:
    return spoken(keys[action.name][0])


def _cost(action: Action, keys: Mapping[str, Sequence[str]]) -> int:
    return cell_width(_key(action, keys)) + len(action.label) + 3
