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
    from quarterdeck.tui.requests import Delivery
    from quarterdeck.tui.screens.main import MainScreen

LONG_TOAST = 20.0
"""Seconds for what the operator may want to copy."""


def go(screen: MainScreen) -> None:
    """Go to the pane."""
    from quarterdeck.tui.go_to_pane import go as go_there

    if screen.selected is not None:
        screen.context.attempt(go_there(screen, screen.selected))


def send(screen: MainScreen) -> None:
    """Message the row, or the marked rows."""
    from quarterdeck.tui.screens.message import MessageScreen

    sessions = [session for session in screen.targets() if kind_of(session) not in GONE]
    context = screen.context

    def written(text: str | None) -> None:
        if text is not None:
            screen.unmark()
            context.attempt(_send(screen, [session.session_id for session in sessions], text))

    if len(sessions) > MOST_RECIPIENTS:
        said = f"A message goes to {MOST_RECIPIENTS} sessions at most; {len(sessions)} are marked."
        screen.notify(said, severity="warning", markup=False)
    elif sessions:
        screen.app.push_screen(MessageScreen(context, sessions), written)


async def _send(screen: MainScreen, ids: list[SessionId], text: str) -> None:
    _tell(screen, await screen.context.backend.send(ids, text))


def _tell(screen: MainScreen, deliveries: Sequence[Delivery]) -> None:
    """Say what became of a message, of each session where it was not delivered."""
    from quarterdeck.tui.screens.message import first_of

    sessions = screen.context.backend.fleet().sessions
    reached: dict[str, list[str]] = {}
    for delivery in deliveries:
        session = sessions.get(delivery.session_id)
        reached.setdefault(delivery.outcome, []).append(name_of(session) if session else delivery.session_id)
    said = ", ".join(f"{outcome} to {first_of(names)}" for outcome, names in reached.items())
    details = "\n".join(
        delivery.detail for delivery in deliveries if delivery.outcome != "delivered" and delivery.detail
    )
    is_well = set(reached) == {"delivered"}
    screen.notify(
        said[:1].upper() + clean(said[1:]) + (f"\n{clean(details)}" if details else ""),
        severity="information" if is_well else "warning",
        markup=False,
    )


def held(screen: MainScreen) -> None:
    """Show the messages that wait, and do with one what the operator decides."""
    # What is typed meanwhile is about these messages: it must not reach the table.
    screen.context.hold_keys()
    screen.context.attempt(_show_held(screen))


async def _show_held(screen: MainScreen) -> None:
    from quarterdeck.tui.screens.held import ChangeScreen, Fate, HeldScreen

    context = screen.context
    try:
        mailbox = await context.backend.mailbox()
        waiting = await mailbox.waiting()
    except BaseException:
        context.let_keys_go()
        raise

    async def change(message_id: int, text: str) -> None:
        await mailbox.rewrite(message_id, text)
        screen.notify("Changed; it is sent as soon as possible.", markup=False)

    async def withdraw(message_id: int) -> None:
        await mailbox.withdraw(message_id)
        screen.notify("Withdrawn.", markup=False)

    async def hurry(message_id: int) -> None:
        _tell(screen, [await mailbox.send_now(message_id)])

    def decided(decision: tuple[int, Fate] | None) -> None:
        if decision is None:
            return
        message_id, fate = decision
        match fate:
            case Fate.CHANGE:
                chosen = next(each for each in waiting if each.id == message_id)
                screen.app.push_screen(
                    ChangeScreen(context, chosen),
                    lambda text: context.attempt(change(message_id, text)) if text is not None else None,
                )
            case Fate.WITHDRAW:
                context.attempt(withdraw(message_id))
            case Fate.NOW:
                context.attempt(hurry(message_id))

    await screen.app.push_screen(HeldScreen(context, waiting), decided)
    context.let_keys_go()


def end(screen: MainScreen) -> None:
    """End the row, or the marked rows, after asking; where something is under way, stop that."""
    from quarterdeck.tui.screens.end import Ending, EndScreen

    context = screen.context
    targets = screen.targets()
    sessions = [session for session in targets if context.backend.under_way(session.session_id) is None]
    ids = [session.session_id for session in sessions]

    def decided(ending: Ending | None) -> None:
        if ending is not None:
            screen.unmark()
            if len(ids) == 1 and sessions[0].work is None:
                screen.table.step_off(ids)
            context.attempt(_end(screen, ids, detach=ending is Ending.DETACH))

    if sessions:
        screen.app.push_screen(EndScreen(context, sessions), decided)
    elif targets:
        _stop(screen, targets[0])


async def _end(screen: MainScreen, ids: list[SessionId], *, detach: bool) -> None:
    for said in await screen.context.backend.kill(ids, detach=detach):
        screen.notify(clean(said), markup=False, timeout=LONG_TOAST)


def _stop(screen: MainScreen, session: Session) -> None:
    from quarterdeck.tui.screens.stop import StopScreen

    context = screen.context
    under_way = context.backend.under_way(session.session_id)
    if under_way is None:
        return

    async def stop() -> None:
        left = await context.backend.stop(session.session_id)
        said = "\n".join(("Stopped.", *map(clean, left))) if left else "Stopped; everything is taken back."
        screen.notify(said, severity="warning" if left else "information", markup=False)

    def decided(is_wanted: bool | None) -> None:
        if is_wanted:
            context.attempt(stop())

    screen.app.push_screen(StopScreen(context, session, under_way), decided)


def answer(screen: MainScreen) -> None:
    """Answer what the row asks."""
    from quarterdeck.tui.screens.answer import AnswerScreen

    session, context = screen.selected, screen.context
    if session is None:
        return
    ask = session.asks
    if ask is None:
        return
    dialog = AnswerScreen(context, session, ask)

    def answered(choice: str | None) -> None:
        if choice is not None:
            context.attempt(context.backend.answer(session.session_id, dialog.ask, choice))

    screen.app.push_screen(dialog, answered)


def new(screen: MainScreen) -> None:
    """Make sessions."""
    from quarterdeck.tui.screens.new import NewScreen

    context = screen.context
    dialog = NewScreen(context, screen.selected.cwd if screen.selected is not None else "")

    async def make() -> None:
        if dialog.request is not None:
            screen.show_soon(await context.backend.new(dialog.request))

    def filled(result: str | None) -> None:
        if result is not None:
            context.attempt(make())

    screen.app.push_screen(dialog, filled)


def spawn(screen: MainScreen) -> None:
    """Start a worker."""
    from quarterdeck.tui.screens.spawn import SpawnScreen

    context = screen.context
    dialog = SpawnScreen(context, screen.selected.session_id if screen.selected is not None else None)

    shown: list[SessionId] = []

    def begun(session_id: SessionId) -> None:
        if not shown or screen.table.selected == shown[-1]:
            screen.show_soon([session_id])
        shown.append(session_id)

    async def start() -> None:
        if dialog.request is not None:
            await context.backend.spawn(dialog.request, begun)

    def filled(result: str | None) -> None:
        if result is not None:
            context.attempt(start())

    screen.app.push_screen(dialog, filled)


def clean_up(screen: MainScreen) -> None:
    """Review what is done or dead."""
    from quarterdeck.tui.screens.cleanup import CleanupScreen

    screen.app.push_screen(CleanupScreen(screen.context))


def restore(screen: MainScreen) -> None:
    """Bring back what is gone: a worker with its worktree, another session under its name."""
    context = screen.context
    able = context.backend.capabilities()
    for session in [session for session in screen.targets() if kind_of(session) in GONE]:
        screen.board.marked.discard(session.session_id)
        if session.work is None and Capability.ADOPT in able:
            context.attempt(context.backend.adopt(session.session_id))
        elif Capability.RESTORE in able:
            context.attempt(_restore(screen, session.session_id))
    screen.sync()


async def _restore(screen: MainScreen, session_id: SessionId) -> None:
    for said in await screen.context.backend.restore(session_id):
        screen.notify(clean(said), markup=False, timeout=LONG_TOAST)


def dismiss(screen: MainScreen) -> None:
    """Remove ended and stale rows from the table."""
    ids = [session.session_id for session in screen.targets() if kind_of(session) in GONE]
    if ids:
        screen.unmark()
        screen.table.step_off(ids)
        screen.context.attempt(screen.context.backend.dismiss(ids))
