"""Answers what a session asks, after showing it whole."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from quarterdeck.core.answer_choice import is_told_again
from quarterdeck.core.text import clean
from quarterdeck.tui.rows.session_row import broken, choice_line, name_of, question_lines
from quarterdeck.tui.screens.dialog import Dialog, Keys
from quarterdeck.tui.widgets.field import Field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rich.text import Text
    from textual.widget import Widget

    from quarterdeck.core.session import Ask, Session
    from quarterdeck.errors import QuarterdeckError
    from quarterdeck.tui.backend import OpenFleet
    from quarterdeck.tui.screen_context import ScreenContext

logger = logging.getLogger(__name__)

KEYS_GRACE_SECONDS = 0.3
"""Keys pressed before the question could have been read answer nothing."""


_WRITING: Keys = (("Enter", "answer"), ("Esc", "leave it open"))


def _keys(ask: Ask, *, scrolls: bool = False) -> Keys:
    numbers = f"1-{min(9, len(ask.choices))}" if len(ask.choices) > 1 else "1"
    choosing = ((numbers, "tick"), ("Enter", "answer")) if ask.several else ((numbers, "answer"),)
    scrolling = (("j k", "scroll"),) if scrolls else ()
    return (*(choosing if ask.choices else ()), *scrolling, ("t", "write an answer"), ("Esc", "leave it open"))


class AnswerScreen(Dialog[str]):
    """Answers a choice's number, or free text. Closes by itself when the question is gone."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(number), f"choose({number})", "choose") for number in range(1, 10)),
        Binding("t,tab", "write", "write"),
        Binding("enter", "answer", "answer"),
        Binding("j,down", "scroll(1)", "down"),
        Binding("k,up", "scroll(-1)", "up"),
        Binding("space,pagedown", "scroll(10)", "page down"),
        Binding("pageup", "scroll(-10)", "page up"),
    ]

    def __init__(self, context: ScreenContext, session: Session, ask: Ask) -> None:
        super().__init__(context)
        self.heading = f"{name_of(session)} asks"
        self._session = session
        self.ask = ask
        """The question as it is shown."""
        self._told_of: Ask | None = ask
        self._opened = 0.0
        self._unsubscribe: Callable[[], None] = lambda: None
        self._own = Field(placeholder="an answer in your own words", css_id="own", on_enter=self._written)
        self._own.display = False
        self.keys = _keys(ask)
        self._ticked: set[int] = set()
        self._places: list[Static] = []
        self._since = Static()
        """Since when it is asked."""

    def body(self) -> Iterable[Widget]:
        """The question as it was captured, then a place to write."""
        yield VerticalScroll(*self._told(), id="question", can_focus=False)
        yield Vertical(*self._choices(), id="choices")
        yield self._own

    def _told(self) -> Iterable[Static]:
        lines = self._lines()
        told = [Static(each) for each in lines[: len(lines) - len(self.ask.choices)]]
        self._since = told[0]
        return told

    def _lines(self) -> list[Text]:
        lines = question_lines(self.ask, self.context.clock.now())
        return [self.style(clean(text), role) for text, role in lines]

    def _choices(self) -> Iterable[Static]:
        self._places = [Static(self._choice(number)) for number in range(1, len(self.ask.choices) + 1)]
        return self._places

    def _choice(self, number: int) -> Text:
        ask, is_ticked = self.ask, number in self._ticked
        text = choice_line(number, ask.choices[number - 1], several=ask.several, is_ticked=is_ticked)
        lines = broken(clean(text), self._room or self.app.size.width)
        return self.style("\n".join(lines), "text bold" if is_ticked else "text")

    def on_resize(self) -> None:
        """The choices stay in sight below a question that is scrolled."""
        self.query_one("#question").styles.max_height = max(1, self.app.size.height // 2)

    def _fit_keys(self) -> None:
        super()._fit_keys()
        for number, place in enumerate(self._places, 1):
            place.update(self._choice(number))
        self.call_after_refresh(self._offer_scrolling)

    def _offer_scrolling(self) -> None:
        scrolls = any(self.query_one(part).max_scroll_y for part in ("#question", "#box"))
        if scrolls and self.keys != _WRITING:
            self.show_keys(_keys(self.ask, scrolls=True))

    def on_mount(self) -> None:
        """Watch whether it is still asked."""
        self._opened = self.context.clock.monotonic()
        if not self.ask.choices:
            self.action_write()
            # An agent that tells that it asks does not always tell what can be chosen: its dialog does.
            self.run_worker(self.context.when_open(self._read, self._not_read))
        self._unsubscribe = self.context.backend.subscribe(self._check)

    def on_unmount(self) -> None:
        """Stop watching."""
        self._unsubscribe()

    def _not_read(self, error: QuarterdeckError) -> None:
        # What was told stands, and an answer to it will be refused with the reason.
        logger.debug("the question cannot be read: %s", error.message)

    async def _read(self, opened: OpenFleet) -> None:
        seen = await opened.reader.question(self._session.session_id)
        if self.is_current and seen.choices:
            self._fill(seen)

    def _check(self) -> None:
        now = self.context.backend.now.fleet().sessions.get(self._session.session_id)
        ask, shown = now.asks if now is not None else None, self.ask
        if not self.is_current or (ask == self._told_of and shown.text.strip()):
            return
        self._told_of = ask
        # Another source may have told of the same question since, in more words or in fewer. Whether it is still that
        # question when a key goes to it is seen on its screen then.
        if ask is not None and not shown.text.strip():
            self._fill(ask)
        elif ask is None or not is_told_again(shown.text, shown.choices, ask.text, ask.choices):
            self.notify("The question has changed or is gone.", severity="warning", markup=False)
            self.dismiss(None)
        else:
            self._since.update(self._lines()[0])

    def _fill(self, ask: Ask) -> None:
        """Show the words of a question that was told of before its dialog was drawn."""
        if not ask.text.strip():
            return
        self.ask = ask
        self._opened = self.context.clock.monotonic()
        self._ticked.clear()
        for name, lines in (("#question", self._told()), ("#choices", self._choices())):
            place = self.query_one(name)
            place.remove_children()
            place.mount(*lines)
        if ask.choices and not self._own.value:
            self._own.display = False
            self.set_focus(None)
        self.show_keys(_WRITING if self._own.display else _keys(ask))

    def action_choose(self, number: int) -> None:
        """Answer with a choice, or tick it where several may be taken."""
        is_read = self.context.clock.monotonic() - self._opened >= KEYS_GRACE_SECONDS
        if number > len(self.ask.choices) or not is_read:
            return
        if self.ask.several:
            self._ticked ^= {number}
            self._places[number - 1].update(self._choice(number))
        elif number == self.ask.to_write:
            self.action_write()
        else:
            self.dismiss(str(number))

    def action_answer(self) -> None:
        """Answer with what is ticked."""
        if self._ticked:
            self.dismiss(",".join(map(str, sorted(self._ticked))))

    def action_scroll(self, by: int) -> None:
        """Scroll the question; where that is at its end, all of it."""
        question, box = self.query_one("#question"), self.query_one("#box")
        is_at_end = question.scroll_offset.y == (question.max_scroll_y if by > 0 else 0)
        (box if is_at_end else question).scroll_relative(y=by, animate=False, immediate=True)

    def action_write(self) -> None:
        """Let the operator write."""
        self._own.display = True
        self.show_keys(_WRITING)
        # At once, unlike `focus()`: the next key may be on its way.
        self.set_focus(self._own)

    def _written(self) -> None:
        if self._own.value.strip():
            self.dismiss(self._own.value)
