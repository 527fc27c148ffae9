"""What each action of the table does on the main screen. Dialogs are imported when they are first wanted."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from quarterdeck.core.text import clean_lines
from quarterdeck.tui import group_actions, session_actions, theme
from quarterdeck.tui.actions import ACTIONS, BY_NAME, SetupPart, spoken
from quarterdeck.tui.rows.grouping import Grouping
from quarterdeck.tui.rows.session_row import kind_of, name_of, repo_of, title_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from quarterdeck.operations.setup_offers import Offer
    from quarterdeck.tui.screens.main import MainScreen
    from quarterdeck.tui.screens.picker import PickerItem

PLACEMENTS = ("right", "below", "off")
ACTION, SESSION = "action:", "session:"
"""How the ids of the palette's choices begin."""
_IS_ON = {
    SetupPart.HOOKS: "Every agent on this machine that can report to Quarterdeck does so already.",
    SetupPart.KEY: "A tmux key opens the console already, or no tmux server runs.",
}
SETUP_SECONDS = 12.0
"""How long it is said what was done: it names files."""


# The table and the preview


def _move(by: int) -> Callable[[MainScreen], None]:
    return lambda screen: screen.table.move(by)


def _waiting(step: int) -> Callable[[MainScreen], None]:
    def jump(screen: MainScreen) -> None:
        found = screen.fleet_view.next_waiting(screen.table.here, step)
        if found is None:
            screen.app.notify("No session waits for you.", markup=False, timeout=2)
        else:
            screen.select(found)

    return jump


def _scroll(direction: int) -> Callable[[MainScreen], None]:
    return lambda screen: screen.preview.tail.scroll_by(direction * max(1, screen.preview.tail.size.height // 2))


def preview_next(screen: MainScreen) -> None:
    """Right, below, off, and round again from where it is now."""
    shown = next((place for place in PLACEMENTS if screen.has_class(f"-{place}")), "off")
    screen.placement = PLACEMENTS[(PLACEMENTS.index(shown) + 1) % len(PLACEMENTS)]
    screen.place_preview()
    if not screen.preview.display and screen.placement != "off":
        screen.placement = "off"
    screen.context.backend.memory.remember(preview=screen.placement)
    screen.call_after_refresh(screen.sync)


def session_mark(screen: MainScreen) -> None:
    """Mark or unmark the row, and go to the next."""
    if screen.selected is not None:
        screen.fleet_view.marked ^= {screen.selected.session_id}
        screen.table.move(1)
        screen.sync()


def filter_clear(screen: MainScreen) -> None:
    """Take away the filter; when there is none, the marks."""
    if screen.filter_bar.display:
        screen.action_close_filter(False)
    else:
        screen.unmark()


def fleet_look(screen: MainScreen) -> None:
    """Look at tmux again, and at what is set up."""
    screen.context.look_again()
    screen.card.look_again()


# Pages and lists


def _details_open(screen: MainScreen) -> None:
    from quarterdeck.tui.screens.details import DetailsScreen

    if screen.selected is not None:
        screen.app.push_screen(DetailsScreen(screen.context, screen.selected))


def _activity_open(screen: MainScreen) -> None:
    from quarterdeck.tui.screens.details import ActivityScreen

    screen.app.push_screen(ActivityScreen(screen.context, screen.selected))


def _help_open(screen: MainScreen) -> None:
    from quarterdeck.tui.screens.help import HelpScreen

    screen.app.push_screen(HelpScreen(screen.context))


def _checks_open(screen: MainScreen) -> None:
    from quarterdeck.tui.screens.checks import ChecksScreen

    screen.app.push_screen(ChecksScreen(screen.context))


def palette_open(screen: MainScreen) -> None:
    """Let the operator type what they want: a session, or an action that works now."""
    from quarterdeck.tui.screens.picker import Picker

    def chosen(answer: str) -> None:
        if answer.startswith(ACTION):
            screen.action_do(answer.removeprefix(ACTION))
        elif screen.select(answer.removeprefix(SESSION)) and screen.works(BY_NAME["session.go"]):
            screen.action_do("session.go")

    dialog = Picker(screen.context, "Go to, or do", _palette(screen), "a session or an action")
    screen.context.ask(dialog, chosen)


def _palette(screen: MainScreen) -> list[PickerItem]:
    """Sessions as they stand, then actions as the help has them."""
    from quarterdeck.tui.screens.picker import PickerItem

    found: list[PickerItem] = []
    for session_id in screen.fleet_view.order:
        if (session := screen.fleet_view.sessions.get(session_id)) is not None:
            about = f"{kind_of(session).value}  {title_of(session) or repo_of(session)}"
            found.append(PickerItem(SESSION + session_id, name_of(session), about))
    for action in ACTIONS:
        if action.name != "palette.open" and screen.works(action):
            keys = screen.context.keys[action.name]
            found.append(PickerItem(ACTION + action.name, action.help, " ".join(map(spoken, keys[:1]))))
    return found


def view_choose(screen: MainScreen) -> None:
    """Let the operator choose a saved filter."""
    from quarterdeck.tui.screens.picker import Picker, PickerItem

    views = screen.context.preferences.views
    found = [PickerItem(name, name, text) for name, text in views.items()]
    dialog = Picker(screen.context, "Saved views", found, "a view of [views] in config.toml")
    screen.context.ask(dialog, lambda name: screen.open_filter(views[name]))


# The set-up. Nothing is changed before the operator has seen the change and agreed.


def _turn_on(screen: MainScreen, part: SetupPart) -> None:
    """Show what turning a part on would change, and do it when the operator agrees."""
    context = screen.context

    async def ask() -> None:
        from quarterdeck.tui.screens.yes_or_no import OfferScreen

        offer = await context.backend.setup.offer(part)
        if offer is None:
            screen.notify(_IS_ON[part], markup=False)
        else:
            await context.ask(OfferScreen(context, offer), lambda _: context.attempt(accept(offer)))

    async def accept(offer: Offer) -> None:
        try:
            done = await offer.accept()
            if done.command:
                from quarterdeck.tui.screens.yes_or_no import TellScreen

                await screen.app.push_screen(TellScreen(context, "Done", done.said, done.command))
            else:
                screen.notify(clean_lines(done.said), markup=False, timeout=SETUP_SECONDS)
        finally:
            await screen.card.look()

    context.attempt(ask())


def setup_card(screen: MainScreen) -> None:
    """Put the card away for good, or show it again."""

    async def look() -> None:
        await screen.card.look()
        if not screen.card.off:
            screen.app.notify("Everything that can be turned on from here is on already.", markup=False)

    screen.card.is_wanted = not screen.card.is_wanted
    screen.context.backend.memory.remember(card=None if screen.card.is_wanted else "off")
    screen.card.show()
    if screen.card.is_wanted:
        screen.context.attempt(look())


# The console


def picture_take(screen: MainScreen) -> None:
    """Keep a picture of the screen, and say where it is."""
    from quarterdeck.tui import screenshot

    context = screen.context
    # Drawn at once, and not when the file is written: that is the screen the operator meant.
    svg = screenshot.drawn(screen.app)

    async def keep() -> None:
        folder = context.backend.setup.pictures
        file = await asyncio.to_thread(screenshot.kept, svg, folder, context.clock.now())
        screen.notify(str(file), title="Picture taken", markup=False)

    context.attempt(keep())


def theme_choose(screen: MainScreen) -> None:
    """Choose a theme; it is remembered."""
    from quarterdeck.tui.screens.settings import ThemeScreen

    context = screen.context
    context.ask(ThemeScreen(context), lambda name: context.backend.memory.remember(theme=name))


def _settings_open(screen: MainScreen) -> None:
    from quarterdeck.tui.screens.settings import SettingsScreen

    screen.app.push_screen(SettingsScreen(screen.context, partial(_take_up, screen)))


def _take_up(screen: MainScreen, key: str, value: str) -> None:
    """Let the console look as a setting says from now on."""
    match key:
        case "console.theme":
            screen.context.use_theme(theme.load(value, screen.context.backend.themes_folder))
        case "console.preview":
            screen.placement = value
            screen.place_preview()
        case "console.group":
            group_actions.group_by(screen, Grouping(value))
        case _:
            return
    screen.sync()


COMMANDS: dict[str, Callable[[MainScreen], None]] = {
    "row.down": _move(1),
    "row.up": _move(-1),
    "row.first": lambda screen: screen.table.move(-len(screen.table.ids)),
    "row.last": lambda screen: screen.table.move(len(screen.table.ids)),
    "row.page_down": lambda screen: screen.table.move_page(1),
    "row.page_up": lambda screen: screen.table.move_page(-1),
    "waiting.next": _waiting(1),
    "waiting.previous": _waiting(-1),
    "filter.open": lambda screen: screen.open_filter(),
    "filter.clear": filter_clear,
    "group.next": group_actions.group_next,
    "group.fold": group_actions.fold,
    "group.unfold": group_actions.unfold,
    "preview.next": preview_next,
    "preview.up": _scroll(-1),
    "preview.down": _scroll(1),
    "fleet.look": fleet_look,
    "view.choose": view_choose,
    "details.open": _details_open,
    "activity.open": _activity_open,
    "session.go": session_actions.go,
    "pane.choose": session_actions.panes,
    "session.answer": session_actions.answer,
    "session.send": session_actions.send,
    "held.open": session_actions.held,
    "session.new": session_actions.new,
    "session.spawn": session_actions.spawn,
    "session.end": session_actions.end,
    "session.restore": session_actions.restore,
    "session.dismiss": session_actions.dismiss,
    "session.mark": session_mark,
    "setup.hooks": lambda screen: _turn_on(screen, SetupPart.HOOKS),
    "setup.key": lambda screen: _turn_on(screen, SetupPart.KEY),
    "setup.card": setup_card,
    "checks.open": _checks_open,
    "fleet.clean": session_actions.clean_up,
    "theme.choose": theme_choose,
    "settings.open": _settings_open,
    "picture.take": picture_take,
    "palette.open": palette_open,
    "help.open": _help_open,
    "console.quit": lambda screen: screen.app.exit(0),
}
