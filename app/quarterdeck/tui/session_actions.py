"""What the actions about sessions do: ask what must be asked, then have it done."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from quarterdeck.core.message import MOST_RECIPIENTS
from quarterdeck.core.text import clean
from quarterdeck.errors import QuarterdeckError, raise_together
from quarterdeck.tui.rows.mark import GONE, kind_of
from quarterdeck.tui.rows.session_row import name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from quarterdeck.core.session import Session, SessionId
    from quarterdeck.operations.delivery import Delivery
    from quarterdeck.operations.new import NewSessionRequest
    from quarterdeck.tui.backend import FleetActions, OpenFleet
    from quarterdeck.tui.screens.main import MainScreen

OUTCOME_WORDS: Mapping[str, str] = {"refused": "not sent"}
"""What is said of a message, where that is another word than its outcome."""
LONG_TOAST = 20.0
"""Seconds for what the operator may want to copy."""


def go(screen: MainScreen) -> None:
    """Go to the pane."""
    from quarterdeck.tui.go_to_pane import go as go_there

    session, context = screen.selected, screen.context
    if session is not None:
        context.do(lambda opened: go_there(screen, session, opened.actions))


def send(screen: MainScreen) -> None:
    """Message the row, or the marked rows."""
    from quarterdeck.tui.screens.message import MessageScreen

    sessions = [session for session in screen.targets() if kind_of(session) not in GONE]
    context = screen.context

    def written(text: str | None) -> None:
        if text is not None:
            screen.unmark()
            ids = [session.session_id for session in sessions]
            context.do(lambda opened: _send(screen, opened.actions, ids, text))

    if len(sessions) > MOST_RECIPIENTS:
        said = f"A message goes to {MOST_RECIPIENTS} sessions at most; {len(sessions)} are marked."
        screen.notify(said, severity="warning", markup=False)
    elif sessions:
        screen.app.push_screen(MessageScreen(context, sessions), written)


async def _send(screen: MainScreen, actions: FleetActions, ids: list[SessionId], text: str) -> None:
    _tell(screen, await actions.send(ids, text))


def _tell(screen: MainScreen, deliveries: Sequence[Delivery]) -> None:
    """Say what became of a message, of each session where it was not delivered."""
    from quarterdeck.tui.screens.message import first_of

    reached: dict[str, list[str]] = {}
    for delivery in deliveries:
        outcome = OUTCOME_WORDS.get(delivery.outcome, delivery.outcome)
        reached.setdefault(outcome, []).append(name_of(delivery.session))
    said = ", ".join(f"{outcome} to {first_of(names)}" for outcome, names in reached.items())
    details = "\n".join(
        f"{delivery.session.tmux_name}: {delivery.detail}" for delivery in deliveries if delivery.outcome != "delivered"
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
    try:
        await screen.context.when_open(lambda opened: _open_held(screen, opened))
    finally:
        screen.context.let_keys_go()


async def _open_held(screen: MainScreen, opened: OpenFleet) -> None:
    from quarterdeck.tui.screens.held import ChangeScreen, Fate, HeldScreen

    context, actions = screen.context, opened.actions
    named = await opened.reader.held_messages()
    waiting = [message for message, _ in named]
    names: dict[str, str] = {message.session_id: name for message, name in named}

    async def change(message_id: int, text: str) -> None:
        await actions.rewrite(message_id, text)
        screen.notify("Changed; it is sent as soon as possible.", markup=False)

    async def withdraw(message_id: int) -> None:
        await actions.withdraw(message_id)
        screen.notify("Withdrawn.", markup=False)

    async def hurry(message_id: int) -> None:
        _tell(screen, [await actions.send_now(message_id)])

    def decided(decision: tuple[int, Fate] | None) -> None:
        if decision is None:
            return
        message_id, fate = decision
        match fate:
            case Fate.CHANGE:
                chosen = next(each for each in waiting if each.id == message_id)
                screen.app.push_screen(
                    ChangeScreen(context, chosen, names),
                    lambda text: context.attempt(change(message_id, text)) if text is not None else None,
                )
            case Fate.WITHDRAW:
                context.attempt(withdraw(message_id))
            case Fate.NOW:
                context.attempt(hurry(message_id))

    await screen.app.push_screen(HeldScreen(context, waiting, names), decided)


def end(screen: MainScreen) -> None:
    """End the row, or the marked rows, after asking; where something is under way, stop that."""
    from quarterdeck.tui.screens.end import Ending, EndScreen

    context = screen.context
    targets = screen.targets()
    sessions = [session for session in targets if context.backend.now.under_way(session.session_id) is None]
    ids = [session.session_id for session in sessions]

    def decided(ending: Ending | None) -> None:
        if ending is not None:
            screen.unmark()
            if len(ids) == 1 and sessions[0].work is None:
                screen.table.step_off(ids)
            if ending is Ending.DETACH:
                context.do(lambda opened: opened.actions.forget(ids))
            else:
                context.do(lambda opened: _end(screen, opened.actions, ids))

    if sessions:
        screen.app.push_screen(EndScreen(context, sessions), decided)
    elif targets:
        _stop(screen, targets[0])


async def _end(screen: MainScreen, actions: FleetActions, ids: list[SessionId]) -> None:
    _say_at_length(screen, await actions.end(ids))


def _say_at_length(screen: MainScreen, sentences: Iterable[str]) -> None:
    for said in sentences:
        screen.notify(clean(said), markup=False, timeout=LONG_TOAST)


def _stop(screen: MainScreen, session: Session) -> None:
    from quarterdeck.tui.screens.stop import StopScreen

    context = screen.context
    under_way = context.backend.now.under_way(session.session_id)
    if under_way is None:
        return

    async def stop(opened: OpenFleet) -> None:
        left = await opened.actions.stop(session.session_id)
        said = "\n".join(("Stopped.", *map(clean, left))) if left else "Stopped; everything is taken back."
        screen.notify(said, severity="warning" if left else "information", markup=False)

    def decided(is_wanted: bool | None) -> None:
        if is_wanted:
            context.do(stop)

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
            context.do(lambda opened: opened.actions.answer(session.session_id, dialog.ask, choice))

    screen.app.push_screen(dialog, answered)


def new(screen: MainScreen) -> None:
    """Make sessions."""
    from quarterdeck.tui.screens.new import NewScreen

    context = screen.context
    dialog = NewScreen(context, screen.selected.cwd if screen.selected is not None else "")

    def filled(result: str | None) -> None:
        if result is not None:
            context.do(lambda opened: _make(screen, opened.actions, dialog.wanted))

    screen.app.push_screen(dialog, filled)


async def _make(screen: MainScreen, actions: FleetActions, wanted: Sequence[NewSessionRequest]) -> None:
    """Make sessions, one after the other; one that fails does not stop the others."""
    made: list[SessionId] = []
    failed: list[QuarterdeckError] = []
    for each in wanted:
        try:
            session, notices = await actions.new(each)
        except QuarterdeckError as error:
            failed.append(error)
            continue
        made.append(session.session_id)
        screen.context.backend.memory.went_to(str(each.cwd))
        failed += [QuarterdeckError(notice) for notice in notices]
    raise_together(failed)
    screen.show_soon(made)


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

    async def start(opened: OpenFleet) -> None:
        if dialog.request is not None:
            await opened.actions.spawn(dialog.request, begun)

    def filled(result: str | None) -> None:
        if result is not None:
            context.do(start)

    screen.app.push_screen(dialog, filled)


def clean_up(screen: MainScreen) -> None:
    """Review what is done or dead."""
    from quarterdeck.tui.screens.cleanup import CleanupScreen

    screen.app.push_screen(CleanupScreen(screen.context))


def restore(screen: MainScreen) -> None:
    """Bring back what is gone: a worker with its worktree, another session under its name."""
    context = screen.context
    for session in [session for session in screen.targets() if kind_of(session) in GONE]:
        screen.board.marked.discard(session.session_id)
        context.do(partial(_bring_back, screen, session.session_id))
    screen.sync()


async def _bring_back(screen: MainScreen, session_id: SessionId, opened: OpenFleet) -> None:
    _say_at_length(screen, await opened.actions.bring_back(session_id))


def dismiss(screen: MainScreen) -> None:
    """Remove ended and stale rows from the table."""
    context = screen.context
    ids = [session.session_id for session in screen.targets() if kind_of(session) in GONE]
    if ids:
        screen.unmark()
        screen.table.step_off(ids)
        context.do(lambda opened: opened.actions.forget(ids))
