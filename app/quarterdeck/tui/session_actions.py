"""What the actions about sessions do: ask what must be asked, then have it done."""

from __future__ import annotations

import shlex
from functools import partial
from typing import TYPE_CHECKING, assert_never

from quarterdeck.core.message import MOST_RECIPIENTS
from quarterdeck.core.pane import PaneId
from quarterdeck.core.text import clean
from quarterdeck.errors import QuarterdeckError, raise_together
from quarterdeck.ports.mux import Attach, GoResult, Switched, TypeThis
from quarterdeck.tui.rows.session_row import GONE_KINDS, kind_of, name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from quarterdeck.core.session import Session, SessionId
    from quarterdeck.operations.delivery import Delivery
    from quarterdeck.tui.backend import FleetActions, OpenFleet
    from quarterdeck.tui.screen_context import Work
    from quarterdeck.tui.screens.main import MainScreen
    from quarterdeck.tui.screens.message import WrittenMessage

OUTCOME_WORDS: Mapping[str, str] = {
    "delivered": "delivered to", "queued": "queued for", "unconfirmed": "not confirmed by", "refused": "not sent to",
}  # fmt: skip
LONG_TOAST = 20.0
"""Seconds for what the operator may want to copy."""


def go(screen: MainScreen) -> None:
    """Go to the pane."""
    session = screen.selected
    if session is not None:
        screen.context.do(lambda opened: _go(screen, session, opened.actions))


async def _go(screen: MainScreen, session: Session, actions: FleetActions) -> None:
    """Take the operator to a session; back here the same row is selected."""
    screen.context.backend.memory.remember(selected=session.session_id)
    await _follow(screen, await actions.go(session.session_id), actions)


async def _follow(screen: MainScreen, going: GoResult, actions: FleetActions) -> None:
    """Do what is left to do on the way to a pane."""
    app = screen.app
    match going:
        case Switched(closes=closes):
            if closes:
                app.exit(0)
        case Attach(argv=argv) if app.is_web:
            _tell_to_go(screen, "A page in a browser cannot show a pane.", shlex.join(argv))
        case Attach():
            # Painting stops too: the supervisor goes on beneath, and what it finds must not be drawn over the pane.
            with app.batch_update(), app.suspend():
                await actions.attach(going)
            app.refresh(layout=True)
            screen.sync()
        case TypeThis(command=command, why=why):
            _tell_to_go(screen, why, command)
        case _:
            assert_never(going)


def _tell_to_go(screen: MainScreen, why: str, command: str) -> None:
    from quarterdeck.tui.screens.yes_or_no import TellScreen

    screen.app.push_screen(TellScreen(screen.context, "You must go there yourself", why, command))


def panes(screen: MainScreen) -> None:
    """Show the panes that are no rows, and go to the one the operator chooses."""
    from quarterdeck.tui.screens.pane_choice import pane_picker

    async def show(opened: OpenFleet) -> None:
        found = opened.reader.panes_beside()
        if not found:
            screen.notify("Every pane of this tmux server is a row.", markup=False)
            return

        async def go_there(pane_id: str) -> None:
            await _follow(screen, await opened.actions.go_to_pane(PaneId(pane_id)), opened.actions)

        picker = pane_picker(screen.context, found)
        await screen.context.ask(picker, lambda pane_id: screen.context.attempt(go_there(pane_id)))

    _once_fetched(screen, show)


def send(screen: MainScreen) -> None:
    """Message the row, or the marked rows."""
    from quarterdeck.tui.screens.message import MessageScreen

    sessions = [session for session in screen.targets() if kind_of(session) not in GONE_KINDS]

    def written(message: WrittenMessage) -> None:
        async def deliver(opened: OpenFleet) -> None:
            ids = [session.session_id for session in sessions]
            sent = await opened.actions.send(ids, message.text, as_command=message.as_command)
            _tell_deliveries(screen, sent)

        screen.unmark()
        screen.context.do(deliver)

    if len(sessions) > MOST_RECIPIENTS:
        said = f"A message goes to {MOST_RECIPIENTS} sessions at most; {len(sessions)} are marked."
        screen.notify(said, severity="warning", markup=False)
    elif sessions:
        screen.context.ask(MessageScreen(screen.context, sessions), written)


def _tell_deliveries(screen: MainScreen, deliveries: Sequence[Delivery]) -> None:
    """Say what became of a message, of each session where it was not delivered."""
    from quarterdeck.tui.screens.message import first_of

    reached: dict[str, list[str]] = {}
    for delivery in deliveries:
        reached.setdefault(OUTCOME_WORDS[delivery.outcome], []).append(name_of(delivery.session))
    said = ", ".join(f"{outcome} {first_of(names)}" for outcome, names in reached.items())
    details = "\n".join(
        f"{name_of(delivery.session)}: {'as a command: ' if delivery.as_command else ''}{delivery.detail}"
        for delivery in deliveries
        if delivery.outcome != "delivered" or delivery.as_command
    )
    screen.notify(
        said[:1].upper() + clean(said[1:]) + (f"\n{clean(details)}" if details else ""),
        severity="warning" if details else "information",
        markup=False,
    )


def held(screen: MainScreen) -> None:
    """Show the messages that wait, and do with one what the operator decides."""
    _once_fetched(screen, partial(_open_held, screen))


def _once_fetched(screen: MainScreen, show: Work) -> None:
    """Open a dialog about what must be asked for first."""

    async def fetch() -> None:
        try:
            await screen.context.when_open(show)
        finally:
            screen.context.app.let_keys_go()

    # What is typed meanwhile is for that dialog: it must not reach the table.
    screen.context.app.hold_keys()
    screen.context.attempt(fetch())


async def _open_held(screen: MainScreen, opened: OpenFleet) -> None:
    from quarterdeck.tui.screens.message import ChangeScreen, Fate, HeldScreen

    context, actions = screen.context, opened.actions
    named = await opened.reader.held_messages()
    waiting = {message.id: message for message, _ in named}
    names: dict[str, str] = {message.session_id: name for message, name in named}

    async def act(message_id: int, fate: Fate, text: str = "") -> None:
        match fate:
            case Fate.CHANGE:
                await actions.rewrite(message_id, text)
                screen.notify("Changed; it is sent as soon as possible.", markup=False)
            case Fate.WITHDRAW:
                await actions.withdraw(message_id)
                screen.notify("Withdrawn.", markup=False)
            case Fate.NOW:
                _tell_deliveries(screen, [await actions.send_now(message_id)])

    def decided(decision: tuple[int, Fate]) -> None:
        message_id, fate = decision
        if fate is Fate.CHANGE:
            dialog = ChangeScreen(context, waiting[message_id], names)
            context.ask(dialog, lambda text: context.attempt(act(message_id, fate, text)))
        else:
            context.attempt(act(message_id, fate))

    await context.ask(HeldScreen(context, list(waiting.values()), names), decided)


def end(screen: MainScreen) -> None:
    """End the row, or the marked rows, after asking; where something is under way, stop that."""
    from quarterdeck.tui.screens.end import EndScreen

    context = screen.context
    targets = screen.targets()
    sessions = [session for session in targets if context.backend.now.under_way(session.session_id) is None]
    ids = [session.session_id for session in sessions]

    async def kill(opened: OpenFleet) -> None:
        _say_at_length(screen, await opened.actions.end(ids))

    async def ask_of_all(opened: OpenFleet) -> None:
        ending = opened.reader.ending(ids[0], whole_session=True)

        async def kill_all(opened: OpenFleet) -> None:
            _say_at_length(screen, await opened.actions.end_session(ids[0]))

        def agreed(_: bool) -> None:
            screen.unmark()
            screen.table.step_off([row.session_id for row in ending.rows])
            context.do(kill_all)

        context.ask(EndScreen(context, ending.rows, whole=ending), agreed)

    def decided(is_end: bool) -> None:
        screen.unmark()
        if len(ids) == 1 and sessions[0].work is None:
            screen.table.step_off(ids)
        context.do(kill if is_end else lambda opened: opened.actions.forget(ids))

    if sessions:
        context.ask(EndScreen(context, sessions, ask_of_all=lambda: context.do(ask_of_all)), decided)
    elif targets:
        _stop(screen, targets[0])


def _say_at_length(screen: MainScreen, sentences: Iterable[str]) -> None:
    for said in sentences:
        screen.notify(clean(said), markup=False, timeout=LONG_TOAST)


def _stop(screen: MainScreen, session: Session) -> None:
    from quarterdeck.tui.screens.yes_or_no import StopScreen

    context = screen.context
    under_way = context.backend.now.under_way(session.session_id)
    if under_way is None:
        return

    async def stop(opened: OpenFleet) -> None:
        left = await opened.actions.stop(session.session_id)
        said = "\n".join(("Stopped.", *map(clean, left))) if left else "Stopped; everything is taken back."
        screen.notify(said, severity="warning" if left else "information", markup=False)

    context.ask(StopScreen(context, session, under_way), lambda _: context.do(stop))


def answer(screen: MainScreen) -> None:
    """Answer what the row asks."""
    from quarterdeck.tui.screens.answer import AnswerScreen

    session, context = screen.selected, screen.context
    if session is not None and session.asks is not None:
        dialog = AnswerScreen(context, session, session.asks)
        context.ask(
            dialog,
            lambda choice: context.do(lambda opened: opened.actions.answer(session.session_id, dialog.ask, choice)),
        )


def new(screen: MainScreen) -> None:
    """Make sessions, one after the other; one that fails does not stop the others."""
    from quarterdeck.tui.screens.new import NewScreen

    context = screen.context
    dialog = NewScreen(context, screen.selected.cwd if screen.selected is not None else "")

    async def make(opened: OpenFleet) -> None:
        made: list[SessionId] = []
        failed: list[QuarterdeckError] = []
        for each in dialog.wanted:
            try:
                session, notices = await opened.actions.new(each)
            except QuarterdeckError as error:
                failed.append(error)
                continue
            made.append(session.session_id)
            context.backend.memory.went_to(str(each.cwd))
            failed += [QuarterdeckError(notice) for notice in notices]
        raise_together(failed)
        screen.show_soon(made)

    context.ask(dialog, lambda _: context.do(make))


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

    context.ask(dialog, lambda _: context.do(start))


def clean_up(screen: MainScreen) -> None:
    """Review what is done or dead."""
    from quarterdeck.tui.screens.cleanup import CleanupScreen

    screen.app.push_screen(CleanupScreen(screen.context))


def restore(screen: MainScreen) -> None:
    """Bring back what is gone: a worker with its worktree, another session under its name."""

    async def bring_back(session_id: SessionId, opened: OpenFleet) -> None:
        _say_at_length(screen, await opened.actions.bring_back(session_id))

    for session in [session for session in screen.targets() if kind_of(session) in GONE_KINDS]:
        screen.fleet_view.marked.discard(session.session_id)
        screen.context.do(partial(bring_back, session.session_id))
    screen.sync()


def dismiss(screen: MainScreen) -> None:
    """Remove ended and stale rows from the table."""
    ids = [session.session_id for session in screen.targets() if kind_of(session) in GONE_KINDS]
    if ids:
        screen.unmark()
        screen.table.step_off(ids)
        screen.context.do(lambda opened: opened.actions.forget(ids))
