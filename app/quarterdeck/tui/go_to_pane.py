"""Going to a pane, in each of the ways there is."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, assert_never

from quarterdeck.tui.requests import Attach, Switched, TypeThis

if TYPE_CHECKING:
    from quarterdeck.core.session import Session
    from quarterdeck.tui.app import ConsoleApp


async def go(console: ConsoleApp, session: Session) -> None:
    """Take the operator to a session; back here the same row is selected."""
    console.selection_moved(session.session_id)
    going = await console.backend.go(session.session_id)
    match going:
        case Switched(closes=closes):
            if closes:
                console.exit(0)
        case Attach(argv=argv) if console.is_web:
            _tell(console, "A page of a browser cannot show a pane.", shlex.join(argv))
        case Attach():
            # Painting stops too: the supervisor goes on beneath, and what it finds must not be drawn over the pane.
            with console.batch_update(), console.suspend():
                await console.backend.attach(going)
            console.refresh(layout=True)
            console.main.sync()
        case TypeThis(command=command, why=why):
            _tell(console, why, command)
        case _:
            assert_never(going)


def _tell(console: ConsoleApp, why: str, command: str) -> None:
    from quarterdeck.tui.screens.instructions import TellScreen

    console.push_screen(TellScreen(console, "You must go there yourself", why, command))
