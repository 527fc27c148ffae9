"""The one table of actions: key bindings, foot line, palette and help are all made from it."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from quarterdeck.core.key_choice import chosen_keys
from quarterdeck.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quarterdeck.core.session import Session


class Needs(StrEnum):
    """What must be selected for an action to make sense."""

    NOTHING = "nothing"
    FLEET = "fleet"
    ROW = "row"
    LIVE = "live"
    ASKING = "asking"
    GONE = "gone"
    GROUPED = "grouped"
    """A row of a group that can be folded."""
    FOLDED = "folded"
    """A folded group."""


class SetupPart(StrEnum):
    """What the actions `setup.…` turn on."""

    HOOKS = "hooks"
    KEY = "key"


class Action(NamedTuple):
    """One thing the operator can do."""

    name: str
    """`noun.verb`; what `[keys]` in config.toml maps."""
    keys: tuple[str, ...]
    label: str
    """For the foot line and the palette."""
    help: str
    group: str
    foot: int = 0
    """Place in the foot line, the lowest first; 0 = not there."""
    needs: Needs = Needs.NOTHING


ACTIONS: tuple[Action, ...] = (
    Action("session.go", ("enter",), "go", "Go to the pane", "Sessions", 1, Needs.LIVE),
    Action("session.answer", ("y",), "answer", "Answer what it asks", "Sessions", 2, Needs.ASKING),
    Action("session.send", ("m",), "message", "Message the row or the marked rows", "Sessions", 5, Needs.LIVE),
    Action("held.open", ("M",), "held messages", "Messages that wait: change, withdraw, send now", "Sessions"),
    Action("session.new", ("n",), "new", "New session: where, which agent, what to do", "Sessions", foot=6),
    Action("session.spawn", ("s",), "spawn", "Spawn a worker in its own worktree", "Sessions", foot=9),
    Action("session.end", ("x",), "end", "End the row or the marked; or stop its work", "Sessions", 7, Needs.ROW),
    Action("session.restore", ("u",), "bring back", "Bring back the row or the marked, ended or stale", "Sessions", 2,
           Needs.GONE),
    Action("session.dismiss", ("d",), "dismiss", "Remove ended and stale rows from the table", "Sessions", 3,
           Needs.GONE),
    Action("fleet.clean", ("c",), "clean up", "Review workers that are done or dead, and end them", "Sessions"),
    Action("session.mark", ("space",), "mark", "Mark the row, to do something with several", "Sessions", 13, Needs.ROW),
    Action("row.down", ("j", "down"), "down", "Next row", "Move", needs=Needs.FLEET),
    Action("row.up", ("k", "up"), "up", "Previous row", "Move", needs=Needs.FLEET),
    Action("row.first", ("g", "home"), "first", "First row", "Move", needs=Needs.FLEET),
    Action("row.last", ("G", "end"), "last", "Last row", "Move", needs=Needs.FLEET),
    Action("row.page_down", ("pagedown", "ctrl+d"), "page down", "A page down", "Move", needs=Needs.FLEET),
    Action("row.page_up", ("pageup", "ctrl+u"), "page up", "A page up", "Move", needs=Needs.FLEET),
    Action("waiting.next", ("a",), "next waiting", "Next session that waits for you", "Move", 3, Needs.FLEET),
    Action("waiting.previous", ("A",), "previous waiting", "Previous session that waits for you", "Move",
           needs=Needs.FLEET),
    Action("filter.open", ("/",), "filter", "Filter as you type; Enter keeps it", "Look", 4, Needs.FLEET),
    Action("filter.clear", ("escape",), "clear", "Clear the filter, then the marks", "Look"),
    Action("view.choose", ("v",), "saved views", "Choose a saved filter", "Look"),
    Action("group.next", ("tab",), "group", "Group by nothing, session, repo, project, state", "Look", 11,
           Needs.FLEET),
    Action("group.fold", ("h", "left"), "fold", "Fold the group of the row", "Look", needs=Needs.GROUPED),
    Action("group.unfold", ("l", "right"), "open", "Open the folded group", "Look", 1, Needs.FOLDED),
    Action("preview.next", ("p",), "preview", "Preview right, below, off", "Look", 10, Needs.FLEET),
    Action("preview.up", ("K", "shift+up"), "preview up", "Scroll the preview up", "Look", needs=Needs.FLEET),
    Action("preview.down", ("J", "shift+down"), "preview down", "Scroll the preview down", "Look", needs=Needs.FLEET),
    Action("details.open", ("i",), "details", "Thoughts, events, evidence, diff and work", "Look", 8, Needs.ROW),
    Action("activity.open", ("e",), "log", "Activity log", "Look", foot=12),
    Action("pane.choose", ("0",), "all panes", "Panes that are no rows: choose one to go to", "Look"),
    Action("fleet.look", ("r",), "look again", "Look at tmux again now", "Look"),
    Action("setup.hooks", ("H",), "hooks", "Let agents report: shows the change, then asks", "Set-up"),
    Action("setup.key", ("b",), "tmux key", "Put the console on a tmux key: shows it, then asks", "Set-up"),
    Action("setup.card", ("w",), "set-up card", "Hide or show the card of what is not set up", "Set-up"),
    Action("checks.open", ("!",), "checks", "Check tmux, git, agents, hooks, state, engine, projects", "Set-up"),
    Action("theme.choose", ("T",), "theme", "Choose the console's theme", "Console"),
    Action("settings.open", (",",), "settings", "Settings", "Console"),
    Action("picture.take", ("P",), "picture", "Save a picture of the screen, as an SVG file", "Console"),
    Action("palette.open", ("ctrl+p",), "palette", "Every action and every session, by typing", "Console"),
    Action("help.open", ("?",), "help", "This help", "Console", foot=20),
    Action("console.quit", ("q", "ctrl+c"), "quit", "Quit; never ends a session", "Console", foot=21),
)  # fmt: skip

BY_NAME: dict[str, Action] = {action.name: action for action in ACTIONS}
RESERVED = frozenset("123456789")
"""The digits jump to a row."""

_SPOKEN = {
    "enter": "Enter", "escape": "Esc", "space": "Space", "tab": "Tab", "down": "↓", "up": "↑", "pagedown": "PgDn",
    "pageup": "PgUp", "home": "Home", "end": "End", "delete": "Del", "backspace": "Bksp", "left": "←", "right": "→",
    "ctrl": "Ctrl", "shift": "Shift", "alt": "Alt",
}  # fmt: skip


def resolve(own: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The keys of every action, with the operator's own put in; a clash or an unknown action is a SettingsError."""
    keys, faults = chosen_keys({action.name: action.keys for action in ACTIONS}, own, RESERVED)
    if faults:
        fault = faults[0]
        raise SettingsError(
            f"[keys] {fault.action}: {fault.message}.", hint="The help (?) lists every action with its keys."
        )
    return keys


def for_textual(keys: Sequence[str]) -> str:
    """Keys as Textual binds them."""
    return ",".join("comma" if key == "," else key for key in keys)


@cache
def spoken(key: str) -> str:
    """A key as the operator reads it on the keyboard."""
    *modifiers, last = key.split("+") if len(key) > 1 else [key]
    last = last.upper() if modifiers and len(last) == 1 else _SPOKEN.get(last, last)
    return "+".join([*(_SPOKEN.get(part, part) for part in modifiers), last])


FOR_THE_MARKED = frozenset({"session.send", "session.end", "session.restore", "session.dismiss"})
"""What is done to the marked rows, wherever the cursor is."""


def applies(action: Action, session: Session | None, *, has_rows: bool) -> bool:
    """Whether the action makes sense for the selected row, or for whether there are rows at all; groups are no row."""
    if action.needs in {Needs.NOTHING, Needs.FLEET}:
        return action.needs is Needs.NOTHING or has_rows
    if session is None or action.needs in {Needs.GROUPED, Needs.FOLDED}:
        return False
    gone = session.is_stale or session.exit_reason is not None or session.state.value == "exited"
    if action.needs is Needs.GONE:
        return gone
    if action.needs is Needs.ASKING and session.asks is None:
        return False
    return action.needs is Needs.ROW or not gone
