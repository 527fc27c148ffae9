"""What the actions about sessions do: ask what must be asked, then have it done."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from quarterdeck.core.text import clean
from quarterdeck.tui.backend import Capability
from quarterdeck.tui.rows.mark import GONE, Kind, kind_of
from quarterdeck.tui.rows.session_row import name_of

if TYPE_CHECKING:
    from quarterdeck.core.ids import SessionId
    from quarterdeck.core.session import Session
    from quarterdeck.tui.app import ConsoleApp
    from quarterdeck.tui.screens.main import MainScreen


def go(screen: MainScreen) -> None:
    """Go to the pane."""
    from quarterdeck.tui.going import go as go_there

    if screen.selected is not None:
        screen.console_app.attempt(go_there(screen.console_app, screen.selected))


def send(screen: MainScreen) -> None:
    """Message the row, or the marked rows."""
    from quarterdeck.tui.screens.message import MessageScreen

    sessions = [session for session in screen.targets() if kind_of(session) not in GONE]
    console = screen.console_app

    def written(text: str | None) -> None:
        if text is not None:
            screen.unmark()
            console.attempt(_send(console, [session.session_id for session in sessions], text))

    if sessions:
        screen.app.push_screen(MessageScreen(console, sessions), written)


async def _send(console: ConsoleApp, ids: list[SessionId], text: str) -> None:
    deliveries = await console.backend.send(ids, text)
    counts = Counter(delivery.outcome for delivery in deliveries)
    said = ", ".join(f"{outcome} to {count}" for outcome, count in counts.items())
    details = "\n".join(
        delivery.detail for delivery in deliveries if delivery.outcome != "delivered" and delivery.detail
    )
    is_well = set(counts) == {"delivered"}
    console.notify(
        clean(said).capitalize() + (f"\n{clean(details)}" if details else ""),
        severity="information" if is_well else "warning",
        markup=False,
    )


def end(screen: MainScreen) -> None:
    """End the row, or the marked rows, after asking."""
    sessions = screen.targets()
    if sessions:
        screen.console_app.attempt(_ask_and_end(screen, sessions))


async def _ask_and_end(screen: MainScreen, sessions: list[Session]) -> None:
    from quarterdeck.tui.screens.end import Ending, EndScreen

    console = screen.console_app
    ids = [session.session_id for session in sessions]
    losses = await console.backend.losses(ids)

    def decided(ending: Ending | None) -> None:
        if ending is not None:
            screen.unmark()
            screen.table.step_off(ids)
            console.attempt(console.backend.kill(ids, detach=ending is Ending.DETACH))

    screen.app.push_screen(EndScreen(console, sessions, losses), decided)


def answer(screen: MainScreen) -> None:
    """Answer what the row asks."""
    from quarterdeck.tui.screens.answer import AnswerScreen

    session, console = screen.selected, screen.console_app
    ask = session.asks if session is not None else None
    if session is None or ask is None:
        return

    def answered(choice: str | None) -> None:
        if choice is not None:
            console.attempt(console.backend.answer(session.session_id, ask, choice))

    screen.app.push_screen(AnswerScreen(console, session, ask), answered)


def new(screen: MainScreen) -> None:
    """Make sessions."""
    from quarterdeck.tui.screens.new import NewScreen

    console = screen.console_app
    dialog = NewScreen(console, screen.selected.cwd if screen.selected is not None else "")

    async def make() -> None:
        if dialog.request is not None:
            screen.show_soon(await console.backend.new(dialog.request))

    def filled(result: str | None) -> None:
        if result is not None:
            console.attempt(make())

    screen.app.push_screen(dialog, filled)


def spawn(screen: MainScreen) -> None:
    """Start a worker."""
    from quarterdeck.tui.backend import SpawnRequest
    from quarterdeck.tui.screens.spawn import SpawnScreen

    console = screen.console_app

    async def start(request: SpawnRequest) -> None:
        console.notify(f"Preparing a worktree of {clean(request.project)}.", markup=False)
        screen.show_soon([await console.backend.spawn(request)])

    def filled(request: SpawnRequest | None) -> None:
        if request is not None:
            console.attempt(start(request))

    screen.app.push_screen(SpawnScreen(console), filled)


def restore(screen: MainScreen) -> None:
    """Bring back what is gone: a stale row is bound again, a dead agent is started again."""
    session, backend = screen.selected, screen.console_app.backend
    if session is None:
        return
    can_adopt = kind_of(session) is Kind.STALE and Capability.ADOPT in backend.capabilities()
    if can_adopt and not session.agent_session_id and session.work is None:
        screen.console_app.attempt(backend.adopt(session.session_id))
    elif Capability.RESTORE in backend.capabilities():
        screen.app.notify(f"Bringing back {name_of(session)}.", markup=False, timeout=3)
        screen.console_app.attempt(backend.restore(session.session_id))


def dismiss(screen: MainScreen) -> None:
    """Take ended and stale rows off the table."""
    ids = [session.session_id for session in screen.targets() if kind_of(session) in GONE]
    if ids:
        screen.unmark()
        screen.table.step_off(ids)
        screen.console_app.attempt(screen.console_app.backend.dismiss(ids))
