"""What each action of the table does on the main screen. Dialogs are imported when they are first wanted."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from quarterdeck.core.setup_part import SetupPart
from quarterdeck.tui import session_actions, setup_actions, theme
from quarterdeck.tui.rows.order import Grouping

if TYPE_CHECKING:
    from collections.abc import Callable

    from quarterdeck.tui.screens.main import MainScreen

PLACEMENTS = ("right", "below", "off")


def _move(by: int) -> Callable[[MainScreen], None]:
    return lambda screen: screen.table.move(by)


def _page(direction: int) -> Callable[[MainScreen], None]:
    return lambda screen: screen.table.move_page(direction)


def _end(last: bool) -> Callable[[MainScreen], None]:
    return lambda screen: screen.table.move(len(screen.table.ids) * (1 if last else -1))


def _waiting(step: int) -> Callable[[MainScreen], None]:
    def jump(screen: MainScreen) -> None:
        found = screen.board.next_waiting(screen.table.selected, step)
        if found is None:
            screen.app.notify("No session waits for you.", markup=False, timeout=2)
        else:
            screen.table.select(found)

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


def group_next(screen: MainScreen) -> None:
    """Group by the next thing."""
    screen.board.grouping = screen.board.grouping.next
    screen.context.backend.memory.remember(grouping=screen.board.grouping.value)
    screen.set_filter(screen.board.filter)


def session_mark(screen: MainScreen) -> None:
    """Mark or unmark the row, and go to the next."""
    if screen.selected is not None:
        screen.board.marked ^= {screen.selected.session_id}
        screen.table.move(1)
        screen.sync()


def filter_open(screen: MainScreen) -> None:
    """Let the operator type a filter."""
    screen.open_filter()


def filter_clear(screen: MainScreen) -> None:
    """Take away the filter; when there is none, the marks."""
    if screen.filter_bar.display:
        screen.close_filter(keeps=False)
    else:
        screen.board.marked.clear()
        screen.sync()


def details_open(screen: MainScreen) -> None:
    """Show everything known of the row."""
    from quarterdeck.tui.screens.details import DetailsScreen

    if screen.selected is not None:
        screen.app.push_screen(DetailsScreen(screen.context, screen.selected))


def activity_open(screen: MainScreen) -> None:
    """Show what happened."""
    from quarterdeck.tui.screens.activity import ActivityScreen

    screen.app.push_screen(ActivityScreen(screen.context, screen.selected))


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


def help_open(screen: MainScreen) -> None:
    """Show the help."""
    from quarterdeck.tui.screens.help import HelpScreen

    screen.app.push_screen(HelpScreen(screen.context))


def palette_open(screen: MainScreen) -> None:
    """Show the palette."""
    from quarterdeck.tui.screens.command_palette import open_palette

    open_palette(screen)


def view_choose(screen: MainScreen) -> None:
    """Choose a saved filter."""
    from quarterdeck.tui.screens.command_palette import open_views

    open_views(screen)


def theme_choose(screen: MainScreen) -> None:
    """Choose a theme; it is remembered."""
    from quarterdeck.tui.screens.theme_picker import ThemeScreen

    def chosen(name: str | None) -> None:
        if name is not None:
            screen.context.backend.memory.remember(theme=name)

    screen.app.push_screen(ThemeScreen(screen.context), chosen)


def settings_open(screen: MainScreen) -> None:
    """Show the settings."""
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
            screen.board.grouping = Grouping(value)
            screen.set_filter(screen.board.filter)
        case _:
            return
    screen.sync()


def fleet_look(screen: MainScreen) -> None:
    """Look at tmux again, and at what is set up."""
    screen.context.look_again()
    screen.card.look_again()


def console_quit(screen: MainScreen) -> None:
    """Leave. Sessions go on."""
    screen.app.exit(0)


COMMANDS: dict[str, Callable[[MainScreen], None]] = {
    "row.down": _move(1),
    "row.up": _move(-1),
    "row.first": _end(False),
    "row.last": _end(True),
    "row.page_down": _page(1),
    "row.page_up": _page(-1),
    "waiting.next": _waiting(1),
    "waiting.previous": _waiting(-1),
    "filter.open": filter_open,
    "filter.clear": filter_clear,
    "group.next": group_next,
    "preview.next": preview_next,
    "preview.up": _scroll(-1),
    "preview.down": _scroll(1),
    "fleet.look": fleet_look,
    "view.choose": view_choose,
    "details.open": details_open,
    "activity.open": activity_open,
    "session.go": session_actions.go,
    "session.answer": session_actions.answer,
    "session.send": session_actions.send,
    "held.open": session_actions.held,
    "session.new": session_actions.new,
    "session.spawn": session_actions.spawn,
    "session.end": session_actions.end,
    "session.restore": session_actions.restore,
    "session.dismiss": session_actions.dismiss,
    "session.mark": session_mark,
    "setup.hooks": lambda screen: setup_actions.turn_on(screen, SetupPart.HOOKS),
    "setup.key": lambda screen: setup_actions.turn_on(screen, SetupPart.KEY),
    "setup.card": setup_actions.card,
    "checks.open": setup_actions.checks,
    "fleet.clean": session_actions.clean_up,
    "theme.choose": theme_choose,
    "settings.open": settings_open,
    "picture.take": picture_take,
    "palette.open": palette_open,
    "help.open": help_open,
    "console.quit": console_quit,
}
