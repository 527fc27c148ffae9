"""What the actions about sessions do: ask what must be asked, then have it done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.message import MOST_RECIPIENTS
from quarterdeck.core.text import clean
from quarterdeck.tui.backend import Capability
from quarterdeck.tui.rows.mark import GONE, kind_of
from quarterdeck.tui.rows.session_row import name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.core.ids import SessionId
    from quarterdeck.core.session import Session
    from quarterdeck.tui.app import ConsoleApp
    from quarterdeck.tui.requests import Delivery
    from quarterdeck.tui.screens.main import MainScreen

LONG_TOAST = 20.0
"""Seconds for what the operator may want to copy."""


def go(screen: MainScreen) -> None:
    """Go to the pane."""
    from quarterdeck.tui.go_to_pane import go as go_there

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

    if len(sessions) > MOST_RECIPIENTS:
        said = f"A message goes to {MOST_RECIPIENTS} sessions at most; {len(sessions)} are marked."
        console.notify(said, severity="warning", markup=False)
    elif sessions:
        screen.app.push_screen(MessageScreen(console, sessions), written)


async def _send(console: ConsoleApp, ids: list[SessionId], text: str) -> None:
    _tell(console, await console.backend.send(ids, text))


def _tell(console: ConsoleApp, deliveries: Sequence[Delivery]) -> None:
    """Say what became of a message, of each session where it was not delivered."""
    from quarterdeck.tui.screens.message import first_of

    sessions = console.backend.fleet().sessions
    reached: dict[str, list[str]] = {}
    for delivery in deliveries:
        session = sessions.get(delivery.session_id)
        reached.setdefault(delivery.outcome, []).append(name_of(session) if session else delivery.session_id)
    said = ", ".join(f"{outcome} to {first_of(names)}" for outcome, names in reached.items())
    details = "\n".join(
        delivery.detail for delivery in deliveries if delivery.outcome != "delivered" and delivery.detail
    )
    is_well = set(reached) == {"delivered"}
    console.notify(
        said[:1].upper() + clean(said[1:]) + (f"\n{clean(details)}" if details else ""),
        severity="information" if is_well else "warning",
        markup=False,
    )


def held(screen: MainScreen) -> None:
    """Show the messages that wait, and do with one what the operator decides."""
    # What is typed meanwhile is about these messages: it must not reach the table.
    screen.console_app.hold_keys()
    screen.console_app.attempt(_show_held(screen))


async def _show_held(screen: MainScreen) -> None:
    from quarterdeck.tui.screens.held import ChangeScreen, Fate, HeldScreen

    console = screen.console_app
    try:
        mailbox = await console.backend.mailbox()
        waiting = await mailbox.waiting()
    except BaseException:
        console.let_keys_go()
        raise

    async def change(message_id: int, text: str) -> None:
        await mailbox.rewrite(message_id, text)
        console.notify("Changed; it goes when it can.", markup=False)

    async def withdraw(message_id: int) -> None:
        await mailbox.withdraw(message_id)
        console.notify("Withdrawn.", markup=False)

    async def hurry(message_id: int) -> None:
        _tell(console, [await mailbox.send_now(message_id)])

    def decided(decision: tuple[int, Fate] | None) -> None:
        if decision is None:
            return
        message_id, fate = decision
        match fate:
            case Fate.CHANGE:
                chosen = next(each for each in waiting if each.id == message_id)
                screen.app.push_screen(
                    ChangeScreen(console, chosen),
                    lambda text: console.attempt(change(message_id, text)) if text is not None else None,
                )
            case Fate.WITHDRAW:
                console.attempt(withdraw(message_id))
            case Fate.NOW:
                console.attempt(hurry(message_id))

    await screen.app.push_screen(HeldScreen(console, waiting), decided)
    console.let_keys_go()


def end(screen: MainScreen) -> None:
    """End the row, or the marked rows, after asking; where something is under way, stop that."""
    from quarterdeck.tui.screens.end import Ending, EndScreen

    console = screen.console_app
    targets = screen.targets()
    sessions = [session for session in targets if console.backend.under_way(session.session_id) is None]
    ids = [session.session_id for session in sessions]

    def decided(ending: Ending | None) -> None:
        if ending is not None:
            screen.unmark()
            if len(ids) == 1 and sessions[0].work is None:
                screen.table.step_off(ids)
            console.attempt(_end(console, ids, detach=ending is Ending.DETACH))

    if sessions:
        screen.app.push_screen(EndScreen(console, sessions), decided)
    elif targets:
        _stop(screen, targets[0])


async def _end(console: ConsoleApp, ids: list[SessionId], *, detach: bool) -> None:
    for said in await console.backend.kill(ids, detach=detach):
        console.notify(clean(said), markup=False, timeout=LONG_TOAST)


def _stop(screen: MainScreen, session: Session) -> None:
    from quarterdeck.tui.screens.stop import StopScreen

    console = screen.console_app
    under_way = console.backend.under_way(session.session_id)
    if under_way is None:
        return

    async def stop() -> None:
        left = await console.backend.stop(session.session_id)
        said = "\n".join(("Stopped.", *map(clean, left))) if left else "Stopped; everything is taken back."
        console.notify(said, severity="warning" if left else "information", markup=False)

    def decided(is_wanted: bool | None) -> None:
        if is_wanted:
            console.attempt(stop())

    screen.app.push_screen(StopScreen(console, session, under_way), decided)


def answer(screen: MainScreen) -> None:
    """Answer what the row asks."""
    from quarterdeck.tui.screens.answer import AnswerScreen

    session, console = screen.selected, screen.console_app
    if session is None:
        return
    ask = session.asks
    if ask is None:
        return
    dialog = AnswerScreen(console, session, ask)

    def answered(choice: str | None) -> None:
        if choice is not None:
            console.attempt(console.backend.answer(session.session_id, dialog.ask, choice))

    screen.app.push_screen(dialog, answered)


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
    from quarterdeck.tui.screens.spawn import SpawnScreen

    console = screen.console_app
    dialog = SpawnScreen(console, screen.selected.session_id if screen.selected is not None else None)

    shown: list[SessionId] = []

    def begun(session_id: SessionId) -> None:
        if not shown or screen.table.selected == shown[-1]:
            screen.show_soon([session_id])
        shown.append(session_id)

    async def start() -> None:
        if dialog.request is not None:
            await console.backend.spawn(dialog.request, begun)

    def filled(result: str | None) -> None:
        if result is not None:
            console.attempt(start())

    screen.app.push_screen(dialog, filled)


def clean_up(screen: MainScreen) -> None:
    """Review what is done or dead."""
    from quarterdeck.tui.screens.cleanup import CleanupScreen

    screen.app.push_screen(CleanupScreen(screen.console_app))


def restore(screen: MainScreen) -> None:
    """Bring back what is gone: a worker with its worktree, another session under its name."""
    console = screen.console_app
    able = console.backend.capabilities()
    for session in [session for session in screen.targets() if kind_of(session) in GONE]:
        screen.board.marked.discard(session.session_id)
        if session.work is None and Capability.ADOPT in able:
            console.attempt(console.backend.adopt(session.session_id))
        elif Capability.RESTORE in able:
            console.attempt(_restore(console, session.session_id))
    screen.sync()


async def _restore(console: ConsoleApp, session_id: SessionId) -> None:
    for said in await console.backend.restore(session_id):
        console.notify(clean(said), markup=False, timeout=LONG_TOAST)


def dismiss(screen: MainScreen) -> None:
    """Take ended and stale rows off the table."""
    ids = [session.session_id for session in screen.targets() if kind_of(session) in GONE]
    if ids:
        screen.unmark()
        screen.table.step_off(ids)
        screen.console_app.attempt(screen.console_app.backend.dismiss(ids))
