"""Keeps the last lines of every pane, so that a session that has ended can still be read."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from quarterdeck.core.events import Event, SessionDeleted, SessionForgotten, SessionStale
from quarterdeck.core.screen_text import KEPT_LINES, Scrollback
from quarterdeck.core.text import clean_sgr
from quarterdeck.errors import TmuxError
from quarterdeck.ports.mux import CaptureRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from quarterdeck.core.pane import Pane
    from quarterdeck.core.session import SessionId
    from quarterdeck.ports.clock import Clock
    from quarterdeck.ports.mux import Mux

logger = logging.getLogger(__name__)

ROUND = 2.0
"""Seconds between two rounds in which tmux is asked for what scrolled away unseen; none is made while nothing did."""
PANES_AT_ONCE = 8
"""Panes that are asked for in one round."""
PANE_AFTER = 10.0
"""Seconds until the same pane is asked for again, however much it writes."""


class Scrollbacks:
    """One for each session. What ends is handed over as it was last seen."""

    def __init__(self, *, mux: Mux, clock: Clock, keep: Callable[[SessionId, str], None]) -> None:
        self._mux = mux
        self._clock = clock
        self._keep = keep
        """Takes the last lines of a session that has ended."""
        self._lines: dict[SessionId, Scrollback] = {}
        self._panes: dict[SessionId, Pane] = {}
        self._asked_at: dict[SessionId, float] = {}
        self._wake = asyncio.Event()

    def drawn(self, session_id: SessionId, pane: Pane, screen: str) -> None:
        """A session's pane shows this now, in colour."""
        known = self._panes.get(session_id)
        before = self._lines.get(session_id, Scrollback()) if known and known.pane_id == pane.pane_id else Scrollback()
        self._panes[session_id] = pane
        after = self._lines[session_id] = before.drawn(screen.split("\n"), is_alternate=pane.alternate)
        if not after.is_whole and not pane.alternate:
            self._wake.set()

    def note(self, event: Event) -> None:
        """Hand over the last lines of what has ended."""
        match event:
            case SessionDeleted(session=session) | SessionStale(session=session):
                lines = self._forget(session.session_id)
                if lines is not None and lines.text:
                    self._keep(session.session_id, lines.text)
            case SessionForgotten(session_id=session_id):
                self._forget(session_id)
            case _:
                return

    def _forget(self, session_id: SessionId) -> Scrollback | None:
        self._panes.pop(session_id, None)
        self._asked_at.pop(session_id, None)
        return self._lines.pop(session_id, None)

    async def run(self) -> None:
        """Ask tmux for what scrolled away between two screens, a few panes at a time."""
        while True:
            await self._wake.wait()
            await asyncio.sleep(ROUND)
            self._wake.clear()
            now = self._clock.monotonic()
            missing = [key for key, each in self._lines.items() if not each.is_whole and not self._panes[key].alternate]
            due = [key for key in missing if now - self._asked_at.get(key, -PANE_AFTER) >= PANE_AFTER][:PANES_AT_ONCE]
            if due:
                self._asked_at |= dict.fromkeys(due, now)
                await self._ask(due)
            if missing:
                self._wake.set()

    async def _ask(self, due: list[SessionId]) -> None:
        panes = {key: self._panes[key] for key in due}
        requests = [CaptureRequest(pane.pane_id, lines=KEPT_LINES, colours=True) for pane in panes.values()]
        try:
            texts = await self._mux.capture(requests)
        except TmuxError as fault:
            logger.info("what scrolled away could not be read: %s", fault.message)
            return
        for session_id, pane in panes.items():
            text = texts.get(pane.pane_id)
            if text is None or self._panes.get(session_id) is not pane:
                continue
            lines = clean_sgr(text).removesuffix("\n").split("\n")
            # tmux gives the history first and then every line of the screen.
            cut = max(0, len(lines) - pane.height)
            self._lines[session_id] = Scrollback(tuple(lines[:cut]), tuple(lines[cut:]), is_whole=True)
