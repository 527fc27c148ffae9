"""A message to one session or to several, and the messages that wait."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import Static, TextArea
from textual.widgets.option_list import Option

from quarterdeck.core.text import cell_width, clean, cut, listed
from quarterdeck.core.times import exact
from quarterdeck.core.typed_text import command_in, typed_text
from quarterdeck.tui.rows.session_row import Kind, kind_of, name_of
from quarterdeck.tui.screens.dialog import Dialog, Keys
from quarterdeck.tui.widgets.choices import ChoiceList
from quarterdeck.tui.widgets.text_box import TextBox

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from textual.widget import Widget

    from quarterdeck.core.session import Session
    from quarterdeck.core.typed_text import InputHabits
    from quarterdeck.ports.store import Held
    from quarterdeck.tui.backend import OpenFleet
    from quarterdeck.tui.screen_context import ScreenContext

NAMES_SHOWN = 4
NARROWEST = 70
"""Cells of a line of the list of those that wait, in a terminal of eighty columns."""
LINES_BESIDE_LIST = 6
"""Lines of that dialog that are not the list's."""


def names(sessions: Sequence[Session]) -> str:
    """`a`, `a, b and c`, or the first few and how many more."""
    return first_of([name_of(session) for session in sessions])


def first_of(said: Sequence[str]) -> str:
    """The same of names that are known already."""
    if len(said) > NAMES_SHOWN:
        return f"{', '.join(said[: NAMES_SHOWN - 1])} and {len(said) - NAMES_SHOWN + 1} more"
    return listed(said)


class WrittenMessage(NamedTuple):
    """What was written, and how it is to be typed."""

    text: str
    as_command: bool = False
    """Untouched, whatever the agent makes of it."""


def becomes(text: str, names: Sequence[str], habits: InputHabits, *, as_command: bool) -> str:
    """What becomes of a text in the input line of agents with these habits; "" when it arrives as it stands."""
    typed, whose = typed_text(text, habits, as_command=as_command), listed(names)
    if as_command:
        return f"It is typed untouched, and {whose} may take it for a command."
    if typed.is_command:
        return f"It goes to {whose} as the command /{command_in(text)}."
    return f"A sign that is not seen is added, so that {whose} takes it as words." if typed.is_guarded else ""


class MessageScreen(Dialog[WrittenMessage]):
    """Answers the text and how it is typed, or None."""

    AUTO_FOCUS = "#writing"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+t", "untouched", "untouched", priority=True)]
    keys = (("Enter", "send"), ("Ctrl+J", "new line"), ("Esc", "back"))

    def __init__(self, context: ScreenContext, sessions: Sequence[Session]) -> None:
        super().__init__(context)
        self._sessions = sessions
        self.heading = f"Message to {names(sessions) if len(sessions) <= NAMES_SHOWN else f'{len(sessions)} sessions'}"
        if len(sessions) > 1:
            self.keys = (("Enter", f"send to all {len(sessions)}"), *self.keys[1:])
        self._as_command = False
        self._habits: dict[InputHabits, list[str]] = {}
        """What agents make of words, and the sessions whose agents do."""

    def body(self) -> Iterable[Widget]:
        """What to know before, then the text."""
        busy = [session for session in self._sessions if kind_of(session) is Kind.WORKS]
        waiting = sum(session.held_messages for session in self._sessions)
        asking = [session for session in self._sessions if kind_of(session) is Kind.ASKS]
        if len(self._sessions) > NAMES_SHOWN:
            yield Static(self.style(clean(", ".join(map(name_of, self._sessions)))), id="recipients")
        if waiting:
            still = "message still waits" if waiting == 1 else "messages still wait"
            yield Static(self.style(f"{waiting} earlier {still}: M shows what, and lets you change it.", "muted"))
        if busy:
            verb = "works" if len(busy) == 1 else "work"
            yield Static(self.style(f"{names(busy)} {verb}: the message waits until the turn is over.", "muted"))
        if asking:
            verb = "asks" if len(asking) == 1 else "ask"
            said = f"{names(asking)} {verb}: the message waits until that is answered (y)."
            yield Static(self.style(said, "asks"))
        yield TextBox()
        yield Static(id="becomes")

    def on_mount(self) -> None:
        """Ask what the agents make of words; until that is known nothing is said of it."""
        self.context.do(self._learn)

    async def _learn(self, opened: OpenFleet) -> None:
        known = await opened.reader.input_habits([session.session_id for session in self._sessions])
        for session in self._sessions:
            if session.session_id in known:
                self._habits.setdefault(known[session.session_id], []).append(name_of(session))
        self._say_what_becomes()

    @on(TextArea.Changed)
    def _say_what_becomes(self) -> None:
        text = self.query_one(TextBox).text
        said = [becomes(text, names, habits, as_command=self._as_command) for habits, names in self._habits.items()]
        line = self.query_one("#becomes", Static)
        line.update(self.style("\n".join(filter(None, said)), "muted"))
        line.display = any(said)
        untouched = (("Ctrl+T", "as words" if self._as_command else "untouched"),) if any(said) else ()
        self.show_keys((*(key for key in self.keys if key[0] not in {"Ctrl+T", "Esc"}), *untouched, ("Esc", "back")))

    def action_untouched(self) -> None:
        """Type it as it stands, or see again to it that it arrives as words."""
        if self._habits:
            self._as_command = not self._as_command
            self._say_what_becomes()

    @on(TextBox.Submitted)
    def _submitted(self, event: TextBox.Submitted) -> None:
        if event.text.strip():
            self.dismiss(WrittenMessage(event.text, self._as_command))


class Fate(StrEnum):
    """What becomes of a message that waits."""

    CHANGE = "change"
    WITHDRAW = "withdraw"
    NOW = "now"


class HeldScreen(Dialog[tuple[int, Fate]]):
    """Answers the number of a message and what is to be done with it."""

    AUTO_FOCUS = "#options"
    heading = "Messages that wait"
    keys: Keys = (("Enter", "change"), ("x", "withdraw"), ("!", "send now, whatever is in the way"), ("Esc", "back"))
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x,delete", "do('withdraw')", "withdraw"),
        Binding("exclamation_mark", "do('now')", "now"),
        Binding("M,q", "leave", "back"),
    ]

    def __init__(self, context: ScreenContext, waiting: Sequence[Held], names: Mapping[str, str]) -> None:
        super().__init__(context)
        self._waiting = waiting
        self._names = names
        self._options = ChoiceList(on_enter=lambda: self.action_do(Fate.CHANGE.value))
        if not waiting:
            self.keys = Dialog.keys

    def body(self) -> Iterable[Widget]:
        """The messages, oldest first."""
        if not self._waiting:
            yield Static(self.style("No message waits.", "muted"))
        else:
            # Before it is known how wide they may be: the next key may be on its way, and is for one of them.
            self._offer()
            yield self._options

    def on_resize(self) -> None:
        """Lines are cut where the box ends, and as many shown as it has room for."""
        self._options.styles.max_height = self.lines_for_list(LINES_BESIDE_LIST)
        self.call_after_refresh(self._offer)

    def _offer(self) -> None:
        room = (self._options.scrollable_content_region.width or NARROWEST) - 2
        entries = [Option(self._entry(each, room), id=str(each.id)) for each in self._waiting]
        self._options.offer(entries, self._options.highlighted or 0)

    def _entry(self, waiting: Held, room: int) -> Text:
        colours = self.context.colours
        age = exact(waiting.at, self.context.clock.now())
        name = clean(self._names[waiting.session_id])
        why = clean(waiting.why or "it is on its way")
        lines = waiting.text.strip().splitlines() or [""]
        more = f" (+{len(lines) - 1} more)" if len(lines) > 1 else ""
        entry = Text(no_wrap=True, overflow="ellipsis")
        entry.append(name, colours.ink("accent bold"))
        entry.append(f"  {age}, {cut(why, room - cell_width(name) - len(age) - 4)}\n", colours.ink("muted"))
        entry.append(f"  {cut(clean(lines[0]), room - len(more) - 2)}{more}", colours.ink("text"))
        return entry

    def action_do(self, fate: str) -> None:
        """Decide on the message under the cursor."""
        here = self._options.highlighted
        if here is not None:
            self.dismiss((self._waiting[here].id, Fate(fate)))


class ChangeScreen(Dialog[str]):
    """Answers the new words of a message that waits."""

    AUTO_FOCUS = "#writing"
    keys = (("Enter", "keep"), ("Ctrl+J", "new line"), ("Esc", "leave as it was"))

    def __init__(self, context: ScreenContext, waiting: Held, names: Mapping[str, str]) -> None:
        super().__init__(context)
        self.heading = f"Message that waits for {names[waiting.session_id]}"
        self._text = waiting.text

    def body(self) -> Iterable[Widget]:
        """Its words."""
        writing = TextBox()
        writing.load_text(self._text)
        writing.move_cursor(writing.document.end)
        yield writing

    @on(TextBox.Submitted)
    def _submitted(self, event: TextBox.Submitted) -> None:
        if event.text.strip():
            self.dismiss(event.text)
