"""The preview: who is selected, what it asks, and the end of what its pane shows; and what fetches that."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.containers import Vertical
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from quarterdeck.core.text import cell_width, clean, clean_sgr
from quarterdeck.errors import TmuxUnreachable
from quarterdeck.tui.contrast import contrast, readable
from quarterdeck.tui.rows.cell import Cell
from quarterdeck.tui.rows.session_row import agent_of, branch_of, name_of, question_within, repo_of, summaries, title_of
from quarterdeck.tui.widgets.line import CellLine, strip_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from rich.terminal_theme import TerminalTheme
    from textual.app import ComposeResult
    from textual.timer import Timer

    from quarterdeck.core.session import Ask, Session
    from quarterdeck.errors import QuarterdeckError
    from quarterdeck.tui.backend import OpenFleet
    from quarterdeck.tui.rows.grouping import Heading
    from quarterdeck.tui.rows.session_row import RowView
    from quarterdeck.tui.screen_context import ScreenContext
    from quarterdeck.tui.theme import Theme

QUESTION_MOST = 10
"""Lines of a question that are shown; the answer dialog shows it whole."""
LEAST_CAPTURE_SECONDS = 0.1
"""Between two questions for what a pane shows."""
HISTORY_LINES = 120
"""Lines that can be scrolled back to."""


class QuestionPanel(ScrollView):
    """What the session asks."""

    DEFAULT_CSS = "QuestionPanel { height: auto; max-height: 10; overflow-x: hidden; display: none; }"

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._lines: list[tuple[str, str]] = []
        self._asked: tuple[Ask, datetime] | None = None

    def show(self, ask: Ask | None, now: datetime) -> None:
        """Show what is asked, or nothing at all."""
        self._asked = (ask, now) if ask is not None else None
        self.on_resize()

    def on_resize(self) -> None:
        """Lines are broken where the preview ends."""
        width = self.parent.size.width if isinstance(self.parent, Preview) else 0
        lines = question_within(*self._asked, width - 4, QUESTION_MOST) if self._asked is not None else []
        if len(lines) != len(self._lines):
            self.display = bool(lines)
            self.styles.height = len(lines)
            self.virtual_size = Size(self.size.width, len(lines))
        changed = [y for y, (old, new) in enumerate(zip(self._lines, lines, strict=False)) if old != new]
        self._lines = lines
        for y in changed:
            self.refresh_line(y)

    def use(self, theme: Theme) -> None:
        """Paint in another theme."""
        self._theme = theme
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line, with a bar at its left."""
        index = y + self.scroll_offset.y
        text, role = self._lines[index] if index < len(self._lines) else ("", "text")
        return strip_of([Cell(" ▌ ", "asks"), Cell(text, role)], self._theme, "background", self.size.width)


class PaneTail(ScrollView):
    """The pane's last lines in their own colours; stays at the end unless scrolled away from it."""

    DEFAULT_CSS = "PaneTail { overflow-x: hidden; height: 1fr; }"

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._raw = ""
        self._lines: list[Strip] = []

    def show(self, raw: str, *, is_other: bool) -> None:
        """Show a pane's text; `is_other` when it is another session's than before."""
        if raw == self._raw and not is_other:
            return
        before, at_end = self._lines, is_other or self.scroll_offset.y >= self._end
        self._raw = raw
        self._lines = self._make()
        if len(before) != len(self._lines):
            self.virtual_size = Size(0, len(self._lines))
        top = self.scroll_offset.y
        if at_end:
            self._go_to(self._end)
        if self.scroll_offset.y != top:
            return
        for y in range(self.size.height):
            if before[top + y : top + y + 1] != self._lines[top + y : top + y + 1]:
                self.refresh(Region(0, y, self.size.width, 1))

    def use(self, theme: Theme) -> None:
        """Paint in another theme."""
        self._theme = theme
        self._lines = self._make()
        self.refresh()

    def scroll_by(self, lines: int) -> None:
        """Scroll, down when positive."""
        self._go_to(max(0, min(self._end, self.scroll_offset.y + lines)))

    def _go_to(self, y: int) -> None:
        # By force: Textual scrolls nothing whose scrollbar has not come yet.
        self.scroll_to(y=y, animate=False, immediate=True, force=True)

    @property
    def _end(self) -> int:
        return max(0, len(self._lines) - self.size.height)

    def _make(self) -> list[Strip]:
        """The lines, without blank ones at the end. Of the raw text nothing but its colours survives."""
        if not self._raw.strip():
            return []
        text = Text.from_ansi(clean_sgr(self._raw).rstrip(), no_wrap=True, end="")
        base = self._theme.style("text")
        return [
            Strip([Segment(" ", base), *(self._on_our_ground(part, base) for part in line.render(self.app.console))])
            for line in text.split("\n", allow_blank=True)
        ]

    def _on_our_ground(self, part: Segment, base: Style) -> Segment:
        """A piece as it is painted. A program's `default` means ours, not black on white as a palette would have it."""
        if not part.style:
            return Segment(part.text, base)
        style = _legible(part.style, self._theme, self.app.ansi_theme)
        ink = base.color if style.color is None or style.color.is_default else style.color
        ground = base.bgcolor if style.bgcolor is None or style.bgcolor.is_default else style.bgcolor
        return Segment(part.text, style + Style.from_color(ink, ground))

    def render_line(self, y: int) -> Strip:
        """One line, cut at the right edge: a pane is shown as it is, never wrapped anew."""
        index = y + self.scroll_offset.y
        line = self._lines[index] if index < len(self._lines) else Strip([])
        return line.adjust_cell_length(self.size.width, self._theme.style("text"))

    def on_resize(self) -> None:
        """Stay at the end."""
        self.call_after_refresh(lambda: self._go_to(self._end))


def _legible(style: Style, theme: Theme, ansi: TerminalTheme) -> Style:
    """The style, its ink moved towards black or white where our ground would swallow it."""
    if theme.terminal or style.color is None or style.color.is_default:
        return style
    ground = theme.colours["background"]
    if style.bgcolor is not None and not style.bgcolor.is_default:
        ground = style.bgcolor.get_truecolor(ansi, foreground=False).hex
    return style + _ink(style.color.get_truecolor(ansi).hex, ground, bool(style.dim))


@lru_cache(maxsize=2048)
def _ink(ink: str, ground: str, is_dim: bool) -> Style:
    """An ink that stands at least 3:1 (what is dim may stay so: its program meant it)."""
    least = 2.0 if is_dim else 3.0
    return Style(color=ink if contrast(ink, ground) >= least else readable(ink, ground))


class Preview(Vertical):
    """Title, question and tail of the selected session."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(id="preview")
        self.title_line = CellLine(theme)
        self.question = QuestionPanel(theme)
        self.tail = PaneTail(theme)
        self.shown: str | None = None
        """Whose tail it shows."""

    def compose(self) -> ComposeResult:
        """From the top."""
        yield from (self.title_line, self.question, self.tail)

    def use(self, theme: Theme) -> None:
        """Paint in another theme."""
        for part in (self.title_line, self.question, self.tail):
            part.use(theme)

    def show_session(self, session: Session | None, now: datetime) -> None:
        """Say who is selected and what it asks."""
        self.title_line.show(_title(session, self.size.width) if session is not None else [])
        self.question.show(session.asks if session is not None else None, now)

    def show_group(self, heading: Heading, sessions: Sequence[Session], view: RowView) -> None:
        """Say what stands in a folded group: each row's state and thought."""
        self.title_line.show([Cell(" " + clean(heading.title), "text bold"), Cell(f"  {heading.count} rows", "muted")])
        self.question.show(None, view.now)
        self.show_tail(heading.key, "\n".join(summaries(sessions, view)))

    def show_tail(self, session_id: str | None, raw: str) -> None:
        """Show the end of a session's pane."""
        self.tail.show(raw, is_other=session_id != self.shown)
        self.shown = session_id


def _title(session: Session, width: int) -> list[Cell]:
    """Name first, then the facts that a row may have had no room for."""
    cells = [Cell(" " + name_of(session), "text bold")]
    room = width - cell_width(cells[0].text)
    cost = f"${session.cost_usd:.2f}" if session.cost_usd else ""
    facts = (title_of(session), agent_of(session), session.model or "", repo_of(session), branch_of(session), cost)
    for fact in facts:
        text = f"  {clean(fact)}"
        if fact and cell_width(text) <= room:
            cells.append(Cell(text, "muted"))
            room -= cell_width(text)
    return cells


class PreviewFeed:
    """Asks for the tail of the selected session alone, when it moved, and one question at a time."""

    def __init__(self, context: ScreenContext, show: Callable[[str, str, bool], None]) -> None:
        self._context = context
        self._show = show
        self._wanted: Session | None = None
        self._fetched: Session | None = None
        self._lines = 0
        self._asked_at = -LEAST_CAPTURE_SECONDS
        self._is_asking = False
        self._timer: Timer | None = None

    def want(self, session: Session | None, height: int) -> None:
        """Say whose preview is on the screen. Nothing is asked when that session has not changed."""
        self._wanted, lines = session, max(HISTORY_LINES, height)
        if session is None:
            # What stands there now is a group's, so a session's own must be asked for again.
            self._fetched = None
            return
        if lines != self._lines:
            self._lines, self._fetched = lines, None
        if session is not self._fetched and not self._is_asking and self._timer is None:
            wait = LEAST_CAPTURE_SECONDS - (self._context.clock.monotonic() - self._asked_at)
            if wait <= 0:
                self._ask()
            else:
                self._timer = self._context.app.set_timer(wait, self._ask)

    def _ask(self) -> None:
        self._timer = None
        if self._wanted is not None and not self._is_asking:
            self._is_asking = True
            self._asked_at = self._context.clock.monotonic()
            self._context.app.run_worker(self._fetch(self._wanted), group="preview", exit_on_error=True)

    async def _fetch(self, session: Session) -> None:
        async def ask(opened: OpenFleet) -> None:
            self._take(session, await opened.reader.preview(session.session_id, self._lines))

        def failed(error: QuarterdeckError) -> None:
            self._take(session, error.message, is_known=not isinstance(error, TmuxUnreachable))

        await self._context.when_open(ask, failed)

    def _take(self, session: Session, raw: str, *, is_known: bool = True) -> None:
        self._is_asking = False
        self._fetched = session
        self._show(session.session_id, raw, is_known)
        if self._wanted is not session:
            self.want(self._wanted, self._lines)
