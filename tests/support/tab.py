"""A page of the console in a real browser, seen as somebody sees it who sits before it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qs, urlsplit

from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.async_api import BrowserContext, Page

CATCH_THE_TERMINAL = """
Object.defineProperty(Object.prototype, "fitAddon", {
  configurable: true,
  set(value) {
    window.tab = this;
    Object.defineProperty(this, "fitAddon", { value, writable: true });
  },
});
"""
"""The terminal in the page belongs to nobody outside of its script, so whoever gets its name is noted."""
LOOK = """() => {
  const terminal = window.tab?.terminal;
  const notice = document.getElementById("notice");
  const seen = {
    width: 0, height: 0, painted: 0, lines: [], screen: [0, 0], room: [innerWidth, innerHeight], edge: "", ground: "",
    notice: notice?.checkVisibility() ? notice.innerText : "", keys: document.activeElement?.tagName ?? "",
  };
  if (!terminal) return seen;
  const box = document.querySelector(".xterm-screen").getBoundingClientRect();
  const grounds = {};
  for (let y = 0; y < terminal.rows; y++) {
    const line = terminal.buffer.active.getLine(terminal.buffer.active.viewportY + y);
    seen.lines.push(line.translateToString(true));
    for (let x = 0; x < terminal.cols; x++) {
      const cell = line.getCell(x);
      if (cell.isBgDefault()) continue;
      seen.painted += 1;
      grounds[cell.getBgColor()] = (grounds[cell.getBgColor()] ?? 0) + 1;
    }
  }
  const most = Object.keys(grounds).sort((one, other) => grounds[other] - grounds[one])[0];
  const parts = [16, 8, 0].map((shift) => (most >> shift) & 255);
  return {
    ...seen, width: terminal.cols, height: terminal.rows, screen: [box.right, box.bottom],
    edge: getComputedStyle(document.querySelector(".xterm-viewport")).backgroundColor,
    ground: `rgb(${parts.join(", ")})`,
  };
}"""


class Seen(NamedTuple):
    """The page at one moment."""

    width: int
    """Of the terminal, in characters."""
    height: int
    painted: int
    """How many of its cells the console has painted; those it has not have no ground of their own."""
    lines: list[str]
    notice: str
    """What the page itself says; nothing where it is just the console."""
    screen: tuple[float, float]
    """Where the terminal's characters end, in pixels."""
    room: tuple[float, float]
    edge: str
    """The colour of what lies beside the characters."""
    ground: str
    """That of what lies behind most of them."""
    keys: str
    """The element that gets what is typed."""

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def is_whole(self) -> bool:
        """Whether all of the terminal is the console's, and no further character would fit into the page."""
        if not self.width:
            return False
        spare = [room - end for room, end in zip(self.room, self.screen, strict=True)]
        cell = self.screen[0] / self.width, self.screen[1] / self.height
        return self.painted == self.width * self.height and all(
            0 <= left < wide for left, wide in zip(spare, cell, strict=True)
        )


class Tab:
    """One page, and all that it has asked for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.sizes: list[tuple[int, int]] = []
        """With which size each console was asked for."""
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._complain)
        page.on("websocket", lambda websocket: self._connected(websocket.url))

    @classmethod
    async def opened(cls, context: BrowserContext, url: str, width: int = 1400, height: int = 900) -> Tab:
        """A new page that shows an address."""
        page = await context.new_page()
        await page.set_viewport_size({"width": width, "height": height})
        await page.add_init_script(CATCH_THE_TERMINAL)
        tab = cls(page)
        await page.goto(url)
        return tab

    def _complain(self, message: object) -> None:
        if getattr(message, "type", "") == "error":
            self.complaints.append(getattr(message, "text", ""))

    def _connected(self, url: str) -> None:
        self.asked.append(url)
        asked = parse_qs(urlsplit(url).query)
        self.sizes.append((int(asked["width"][0]), int(asked["height"][0])))

    async def seen(self) -> Seen:
        """What it shows now."""
        found = await self.page.evaluate(LOOK)
        return Seen(**found | {name: tuple(found[name]) for name in ("screen", "room")})

    async def shows(self, condition: Callable[[Seen], bool], what: str) -> Seen:
        """Wait until what it shows is so."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        while (seen := await self._seen_unless_it_loads()) is None or not condition(seen):
            assert loop.time() < deadline, f"waited in vain until {what}; the page shows\n{seen}"
            await asyncio.sleep(0.02)
        return seen

    async def _seen_unless_it_loads(self) -> Seen | None:
        from playwright.async_api import Error

        try:
            return await self.seen()
        except Error as error:
            if "context was destroyed" not in error.message:
                raise
            return None

    async def shows_console(self, *names: str, room: tuple[int, int] | None = None) -> Seen:
        """Wait until the whole page, of this size, is a console with these sessions, which takes keys."""
        return await self.shows(
            lambda seen: (
                seen.is_whole
                and seen.keys == "TEXTAREA"
                and all(name in seen.text for name in names)
                and room in {None, seen.room}
            ),
            f"the console filled the page and had {names}",
        )

    async def press(self, *keys: str) -> None:
        """Press keys, with no click before."""
        for key in keys:
            await self.page.keyboard.press(key)
