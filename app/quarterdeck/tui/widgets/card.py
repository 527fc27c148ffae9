"""The card of what is not set up: lines between table and foot, with the key that turns each thing on."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from rich.text import Text
from textual.widgets import Static

from quarterdeck.core.text import clean, cut
from quarterdeck.errors import QuarterdeckError
from quarterdeck.tui.actions import SetupPart, spoken

if TYPE_CHECKING:
    from quarterdeck.tui.screen_context import ScreenContext

logger = logging.getLogger(__name__)

LEAST_CARD_WIDTH, LEAST_CARD_HEIGHT = 60, 20
"""In anything smaller the table needs every line."""
CARD_KEY_WIDTH = 4
PUT_AWAY = ("setup.card", "puts this away for good. Each key first shows what would change, and asks.")


class Card(Static):
    """Says what is off, until it is on or the operator has put the card away."""

    DEFAULT_CSS = "Card { display: none; height: auto; background: $surface; padding: 0 1; }"

    def __init__(self, context: ScreenContext) -> None:
        super().__init__("", id="card", markup=False)
        self.context = context
        self._said = Text()
        self._turn = asyncio.Lock()
        self._looked_at: str | None = None
        """The run of the tmux server at which it was looked last."""
        self.off: dict[SetupPart, str] = {}
        """What could be turned on, in a sentence each."""
        self.is_wanted = context.preferences.card

    async def look(self) -> None:
        """Find out what is off, unless nobody wants to know."""
        if not self.is_wanted:
            return
        async with self._turn:
            found: dict[SetupPart, str] = {}
            for part in SetupPart:
                try:
                    offer = await self.context.backend.setup.offer(part)
                except QuarterdeckError as error:
                    # Who turns it on is told; a card nobody asked for is no place for failures.
                    logger.info("cannot tell whether %s could be turned on: %s", part, error.message)
                    continue
                if offer is not None:
                    found[part] = offer.off
            self.off = found
        self.show()

    def look_again(self) -> None:
        """Look in the background, unless a look is under way: it may have been turned on or off elsewhere."""
        if self.is_attached and self.is_wanted and self.context.trouble is None and not self._turn.locked():
            self.app.run_worker(self.look(), group="actions")

    def follow(self) -> None:
        """Look again while it is shown."""
        if self.display:
            self.look_again()

    def show(self) -> None:
        """Show it where there is something to say, and room; look again when another server runs."""
        server = self.context.backend.now.fleet().incarnation
        if self.is_attached and self.is_wanted and server != self._looked_at:
            # A server that starts has none of the keys that the one before it had.
            self._looked_at = server
            self.app.run_worker(self.look(), group="actions")
        size = self.app.size
        has_room = size.width >= LEAST_CARD_WIDTH and size.height >= LEAST_CARD_HEIGHT
        self.display = self.is_wanted and bool(self.off) and has_room and self.context.trouble is None
        if self.display and (text := self._text(size.width - 2)) != self._said:
            self._said = text
            self.update(text)

    def _text(self, width: int) -> Text:
        style, keys = self.context.colours.style, self.context.keys
        text = Text(no_wrap=True)
        text.append("Not set up yet", style("text bold", "surface"))
        lines = [(f"setup.{part.value}", said, "text") for part, said in self.off.items()]
        for action, said, role in [*lines, (*PUT_AWAY, "muted")]:
            key = spoken(keys[action][0]) if keys[action] else ""
            text.append(f"\n {key:<{CARD_KEY_WIDTH - 1}}", style("accent bold", "surface"))
            text.append(cut(clean(said), width - CARD_KEY_WIDTH), style(role, "surface"))
        return text
