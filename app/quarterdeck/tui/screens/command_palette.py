"""The command palette: every action that works now, and every session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.tui.actions import ACTIONS, BY_NAME, spoken
from quarterdeck.tui.rows.mark import kind_of
from quarterdeck.tui.rows.session_row import name_of, repo_of, title_of
from quarterdeck.tui.screens.picker import Picker, PickerItem

if TYPE_CHECKING:
    from quarterdeck.tui.screens.main import MainScreen

ACTION, SESSION = "action:", "session:"
_ITSELF = "palette.open"


def candidates(screen: MainScreen) -> list[PickerItem]:
    """Sessions as they stand, then actions as the help has them."""
    context = screen.context
    found = [
        PickerItem(
            SESSION + session_id, name_of(session), f"{kind_of(session).value}  {title_of(session) or repo_of(session)}"
        )
        for session_id in screen.table.ids
        if (session := screen.board.sessions.get(session_id)) is not None
    ]
    found += [
        PickerItem(ACTION + action.name, action.help, " ".join(map(spoken, context.keys[action.name][:1])))
        for action in ACTIONS
        if action.name != _ITSELF and screen.works(action)
    ]
    return found


def open_palette(screen: MainScreen) -> None:
    """Let the operator type what they want."""

    def chosen(answer: str | None) -> None:
        if answer is None:
            return
        if answer.startswith(ACTION):
            screen.action_do(answer.removeprefix(ACTION))
        elif screen.table.select(answer.removeprefix(SESSION)) and screen.works(BY_NAME["session.go"]):
            screen.action_do("session.go")

    screen.app.push_screen(Picker(screen.context, "Go to, or do", candidates(screen), "a session or an action"), chosen)


def open_views(screen: MainScreen) -> None:
    """Let the operator choose a saved filter."""
    views = screen.context.preferences.views

    def chosen(answer: str | None) -> None:
        if answer is not None:
            screen.open_filter(views[answer])

    found = [PickerItem(name, name, text) for name, text in views.items()]
    screen.app.push_screen(Picker(screen.context, "Saved views", found, "a view of [views] in config.toml"), chosen)
