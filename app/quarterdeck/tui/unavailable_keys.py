"""Keys that can do nothing now, and say why when they are pressed; other keys are only not named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.text import clean
from quarterdeck.tui.actions import Needs
from quarterdeck.tui.rows.session_row import has_left, name_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quarterdeck.core.session import Session
    from quarterdeck.tui.actions import Action
    from quarterdeck.tui.screen_context import ScreenContext

SAID: Mapping[str, str] = {
    "session.answer": "{name} asks nothing now.",
    "session.restore": "{name} is neither ended nor stale, so there is nothing to bring back.",
    "session.dismiss": "{name} is live. d removes what has ended; x ends a live one.",
    "view.choose": "No filter is saved yet: add them under [views] in the settings file.",
}
LEFT = "{agent} has ended in {name}, and its shell is there. Go there, and resume it by hand; u is for what is gone."


def can_say(context: ScreenContext, action: Action, session: Session | None) -> bool:
    """Whether the key has something to say here."""
    return action.name in SAID and context.trouble is None and (action.needs is Needs.NOTHING or session is not None)


def why(action: Action, session: Session | None) -> str:
    """Why nothing is done."""
    said = SAID[action.name]
    if session is not None and action.name == "session.restore" and has_left(session):
        said = LEFT
    name, agent = (f'"{name_of(session)}"', session.tool or "The agent") if session is not None else ("", "")
    return clean(said.format(name=name, agent=agent))
