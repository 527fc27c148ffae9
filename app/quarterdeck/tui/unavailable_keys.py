"""Keys that can do nothing now, and say why when they are pressed; other keys are only not named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.text import clean
from quarterdeck.tui.actions import Needs, offered
from quarterdeck.tui.rows.session_row import has_left, name_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quarterdeck.tui.actions import Action
    from quarterdeck.tui.screens.main import MainScreen

SAID: Mapping[str, str] = {
    "session.answer": "{name} asks nothing now.",
    "session.restore": "{name} is neither ended nor stale, so there is nothing to bring back.",
    "session.dismiss": "{name} is live. d takes off what has ended; x ends a live one.",
    "view.choose": "No filter is kept yet: they go under [views] in the settings file.",
}
LEFT = "{agent} has ended in {name}, and its shell is there. Go there, and resume it by hand; u is for what is gone."


def can_say(screen: MainScreen, action: Action) -> bool:
    """Whether the key has something to say here."""
    console = screen.console_app
    return (
        action.name in SAID
        and console.trouble is None
        and offered(action, console.backend.capabilities())
        and (action.needs is Needs.NOTHING or screen.selected is not None)
    )


def say(screen: MainScreen, action: Action) -> None:
    """Say why nothing is done."""
    session, said = screen.selected, SAID[action.name]
    if session is not None and action.name == "session.restore" and has_left(session):
        said = LEFT
    name, agent = (f'"{name_of(session)}"', session.tool or "The agent") if session is not None else ("", "")
    screen.console_app.notify(clean(said.format(name=name, agent=agent)), markup=False)
