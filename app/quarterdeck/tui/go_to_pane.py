"""Going to a pane, in each of the ways there is."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, assert_never

from quarterdeck.ports.go_result import Attach, Switched, TypeThis

if TYPE_CHECKING:
    from quarterdeck.core.session import Session
    from quarterdeck.tui.backend import FleetActions
    from quarterdeck.tui.screens.main import MainScreen


async def go(screen: MainScreen, session: Session, actions: FleetActions) -> None:
    """Take the operator to a session; back here the same row is selected."""
    app = screen.app
    screen.context.backend.memory.remember(selected=session.session_id)
    going = await actions.go(session.session_id)
    match going:
        case Switched(closes=closes):
            if closes:
                app.exit(0)
        case Attach(argv=argv) if app.is_web:
            _tell(screen, "A page in a browser cannot show a pane.", shlex.join(argv))
        case Attach():
            # Painting stops too: the supervisor goes on beneath, and what it finds must not be drawn over the pane.
            with app.batch_update(), app.suspend():
                await actions.attach(going)
            app.refresh(layout=True)
            screen.sync()
        case TypeThis(command=command, why=why):
            _tell(screen, why, command)
        case _:
            assert_never(going)


def _tell(screen: MainScreen, why: str, command: str) -> None:
    from quarterdeck.tui.screens.instructions import TellScreen

    screen.app.push_screen(TellScreen(screen.context, "You must go there yourself", why, command))
