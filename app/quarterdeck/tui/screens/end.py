"""The dialog that ends sessions or forgets them, once it is seen what would be lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import Static

from quarterdeck.core.text import cell_width, clean, cut, fit
from quarterdeck.tui.rows.session_row import (
    GONE_KINDS,
    KIND_ROLES,
    Kind,
    agent_of,
    kind_of,
    name_of,
    session_of,
    shape,
)
from quarterdeck.tui.screens.message import names
from quarterdeck.tui.screens.yes_or_no import YesOrNo
from quarterdeck.tui.widgets.field import Field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from textual.widget import Widget

    from quarterdeck.core.session import Session
    from quarterdeck.errors import QuarterdeckError
    from quarterdeck.operations.kill import Ending
    from quarterdeck.tui.backend import OpenFleet
    from quarterdeck.tui.screen_context import ScreenContext
    from quarterdeck.tui.screens.dialog import Keys

MOST_LOST = 12
"""Lines that are shown of what would be lost."""
MOST_LISTED = 8
"""Rows that end with a session, each on a line of its own; more of them stand one after the other."""
LONGEST_LISTED = 30
"""Cells of a name in that list."""
NOTHING_LOST = "Nothing would be lost that we know of."


class EndScreen(YesOrNo):
    """Answers whether to end sessions, or else to forget them: one with a key, several with their number, typed.

    With `whole` the sessions are all rows of one tmux session, which is to end; `ask_of_all` asks about that.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("d", "forget", "forget"), Binding("s", "all", "whole session")]

    def __init__(
        self,
        context: ScreenContext,
        sessions: Sequence[Session],
        *,
        whole: Ending | None = None,
        ask_of_all: Callable[[], object] | None = None,
    ) -> None:
        super().__init__(context)
        self._sessions = sessions
        self._whole = whole
        self._is_many = len(sessions) > 1
        self._shared = [each for each in sessions if each.rows_in_session > 1 and kind_of(each) not in GONE_KINDS]
        """Those that are not all of their tmux session."""
        self._ask_of_all = ask_of_all if self._shared and not self._is_many else None
        self._is_known = False
        """Whether what would be lost stands there; before that nobody can agree to it."""
        self._is_wanted = False
        self._told = Static(self.style("Looking at what would be lost …", "muted"))
        self._number = Field(css_id="number", on_enter=self._typed)
        self._number.restrict = "[0-9]*"
        self.heading = f"End {names(sessions)}?"
        if whole is not None:
            self.heading = f"End the whole session {session_of(sessions[0])}?"
        one: Keys = (("y", "end it"), ("d", "forget it, leave tmux alone"), ("Enter Esc", "no"))
        if whole is not None:
            one = (("y", "end it"), ("Enter Esc", "no"))
        elif self._ask_of_all is not None:
            one = (("y", "end it"), ("s", "its whole session"), ("d", "forget it"), ("Enter Esc", "no"))
        self.keys = ((f"{len(sessions)} Enter", "end them"), ("Esc", "no")) if self._is_many else one

    def body(self) -> Iterable[Widget]:
        """What would be lost, and for several the number to type."""
        if self._whole is not None:
            yield Static(self._listed(self._whole))
        yield self._told
        if self._is_many:
            yield Static(self.style(f"\nTo end all {len(self._sessions)} of them, type {len(self._sessions)}:"))
            yield self._number

    def _listed(self, whole: Ending) -> Text:
        """Everything that ends with a session."""
        ascii_only = self.context.ascii_only
        rows = [(each, kind_of(each), cut(name_of(each), LONGEST_LISTED)) for each in whole.rows]
        width = max(cell_width(name) for *_, name in rows)
        lines = [
            Text.assemble(
                self.style(f" {shape(kind, ascii_only=ascii_only)} ", KIND_ROLES[kind]),
                self.style(f"{fit(name, width)}  {agent_of(each)} {kind.value}"),
            )
            for each, kind, name in rows
        ]
        if len(rows) > MOST_LISTED:
            told = ", ".join(f"{name} ({agent_of(each)} {kind.value})" for each, kind, name in rows)
            lines = [self.style(told)]
        if whole.others:
            told = "1 pane in which no agent runs" if whole.others == 1 else f"{whole.others} panes without an agent"
            lines.append(self.style(f"   and {told}", "muted"))
        return Text("\n").join([*lines, Text()])

    def on_mount(self) -> None:
        """Look: git may take its time."""
        self.run_worker(self.context.when_open(self._look, self._failed), group="look")

    def _failed(self, error: QuarterdeckError) -> None:
        self._told.update(self.style(clean(f"What would be lost is not known: {error.message}"), "failed"))

    async def _look(self, opened: OpenFleet) -> None:
        losses = await opened.reader.losses([session.session_id for session in self._sessions])
        lines: list[tuple[str, str]] = []
        for session in self._sessions:
            lost = losses.get(session.session_id, ())
            if lost and self._is_many:
                lines.append((name_of(session), "text bold"))
            lines += [(f"  {sentence}" if self._is_many else sentence, "failed") for sentence in lost]
        part, others = self._part(opened)
        if others:
            told = "1 other pane of its session ends" if others == 1 else f"{others} other panes of its session end"
            lines.append((f"{told} with it.", "failed"))
        if len(lines) > MOST_LOST:
            lines = [*lines[:MOST_LOST], (f"… and {len(lines) - MOST_LOST} more lines", "muted")]
        is_over = all(kind_of(session) is Kind.ENDED for session in self._sessions)
        nothing = "It is over already: u brings it back, d dismisses it." if is_over else NOTHING_LOST
        said = [self.style(clean(text), role) for text, role in lines or [(nothing, "muted")]]
        self._told.update(Text("\n").join([*([self.style(clean(part))] if part else ()), *said]))
        self._is_known = True
        if self._is_wanted and not lines:
            self.dismiss(True)

    def _part(self, opened: OpenFleet) -> tuple[str, int]:
        """What of tmux ends, "" where that is simply the session; and how many panes end that are no rows."""
        first, shared = self._sessions[0], self._shared
        if self._whole is None and self._is_many and shared:
            return f"Of {names(shared)} only the panes end, not the sessions.", 0
        if self._whole is not None or self._is_many or kind_of(first) in GONE_KINDS:
            return "", 0
        ending = opened.reader.ending(first.session_id)
        if not shared:
            return "", ending.others
        all_rows = opened.reader.ending(first.session_id, whole_session=True).rows
        rest = [row for row in all_rows if row not in ending.rows]
        stays = f"; {names(rest)} {'goes' if len(rest) == 1 else 'go'} on" if rest else ""
        return f"Its {ending.part} ends{stays}.", ending.others

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Several are not ended, or forgotten, by one letter."""
        if action == "all":
            return self._ask_of_all is not None
        return not ((self._is_many and action in {"agree", "forget"}) or (self._whole and action == "forget"))

    def action_agree(self) -> None:
        """End it, once it stands there what that means; where nothing is lost, an earlier yes counts too."""
        self._is_wanted = True
        if self._is_known:
            self.dismiss(True)

    def action_forget(self) -> None:
        """Forget it and leave tmux alone."""
        self.dismiss(False)

    def action_all(self) -> None:
        """Ask about its whole session instead."""
        self.dismiss(None)
        if self._ask_of_all is not None:
            self._ask_of_all()

    def _typed(self) -> None:
        is_agreed = self._number.value == str(len(self._sessions))
        if self._is_known or not is_agreed:
            self.dismiss(True if is_agreed else None)
