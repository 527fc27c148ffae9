"""The console in a real browser: it fills the page, takes keys at once, asks nobody else, and says when it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.serving import serving
from support.tab import Tab
from support.tmux_server import TmuxServer
from support.workers import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.async_api import BrowserContext

    from support.serving import Serving
    from support.tab import Seen

# One browser for all of them, in one process and its loop.
pytestmark = [pytest.mark.asyncio(loop_scope="module")]

NAMES = ("alpha", "bravo", "charlie")
OF_A_PAGE = ("COLUMNS", "ROWS", "TEXTUAL_DRIVER", "TEXTUAL_FPS", "TEXTUAL_COLOR_SYSTEM")


def selected(name: str) -> Callable[[Seen], bool]:
    """Whether a session is the selected one: it stands in the table and over the preview."""
    return lambda seen: seen.text.count(name) == 2


def has(words: str) -> Callable[[Seen], bool]:
    return lambda seen: words in seen.text


async def row_of(tab: Tab, name: str) -> float:
    """How far down a session's row is, in pixels."""
    seen = await tab.seen()
    row = next(number for number, line in enumerate(seen.lines) if name in line[:20])
    return (row + 0.5) * seen.screen[1] / seen.height


async def drag_over(tab: Tab, name: str) -> str:
    """What of a session's row is selected when the mouse is drawn over its beginning."""
    down = await row_of(tab, name)
    await tab.page.mouse.move(5, down)
    await tab.page.mouse.down()
    await tab.page.mouse.move(200, down, steps=5)
    await tab.page.mouse.up()
    text: str = await tab.page.evaluate("tab.terminal.getSelection()")
    return text


@pytest.mark.parametrize(("width", "height"), [(1400, 900), (800, 500)])
async def test_it_fills_the_page_and_follows_its_size(
    context: BrowserContext, served: Serving, width: int, height: int
) -> None:
    tab = await Tab.opened(context, served.url, width, height)

    first = await tab.shows_console(*NAMES)

    assert tab.sizes == [(first.width, first.height)], "the first frame had another size"
    for wide, high in ((1500, 950), (900, 600)):
        await tab.page.set_viewport_size({"width": wide, "height": high})
        seen = await tab.shows_console(*NAMES, room=(wide, high))
        assert (seen.width > first.width, seen.height > first.height) == (wide > width, high > height)


async def test_a_size_that_comes_while_the_console_starts_is_not_lost(context: BrowserContext, served: Serving) -> None:
    tab = await Tab.opened(context, "about:blank")
    async with tab.page.expect_websocket():
        await tab.page.goto(served.url)
    await tab.page.set_viewport_size({"width": 1000, "height": 600})

    seen = await tab.shows_console(*NAMES, room=(1000, 600))

    assert tab.sizes != [(seen.width, seen.height)], "the size came before the console was asked for"


async def test_keys_work_without_a_click(context: BrowserContext, served: Serving) -> None:
    tab = await Tab.opened(context, served.url)
    await tab.shows_console(*NAMES)

    await tab.press("j")
    await tab.shows(selected("bravo"), "the second session was selected")
    await tab.press("?")
    await tab.shows(has("Help"), "the help was open")
    await tab.press("Escape")
    await tab.shows(lambda seen: "Help" not in seen.text, "the help was closed")
    await tab.press("Control+p")
    await tab.shows(has("a session or an action"), "the palette was open")


async def test_mouse_and_wheel_work(context: BrowserContext, served: Serving) -> None:
    tab = await Tab.opened(context, served.url)
    await tab.shows_console(*NAMES)

    await tab.page.mouse.click(100, await row_of(tab, "charlie"))
    await tab.shows(selected("charlie"), "the third session was selected")
    await tab.page.mouse.wheel(0, -100)
    await tab.shows(selected("bravo"), "the wheel moved the selection")
    # No character fits into the corner.
    await tab.page.mouse.click(1399, 899)
    await tab.press("?")
    await tab.shows(has("Help"), "a click beside the characters took no keys away")


async def test_what_is_selected_is_copied_and_ends_nothing(context: BrowserContext, served: Serving) -> None:
    tab = await Tab.opened(context, served.url)
    await tab.shows_console(*NAMES)
    # Until then a row may change between what is read of it and what is copied.
    await tab.shows(has(f"{len(NAMES)} work"), "what the sessions do was seen")

    await tab.page.keyboard.down("Shift")
    text = await drag_over(tab, "alpha")
    await tab.page.keyboard.up("Shift")
    await tab.press("Control+c")

    assert "alpha" in text
    assert await tab.page.evaluate("navigator.clipboard.readText()") == text
    await tab.press("?")
    await tab.shows(has("Help"), "the console was still there")


async def test_without_the_mouse_it_selects_text_as_always(context: BrowserContext, server: TmuxServer) -> None:
    with serving(server.socket, {"QUARTERDECK_CONSOLE_MOUSE": "false"}) as served:
        tab = await Tab.opened(context, served.url)
        await tab.shows_console(*NAMES)

        assert "alpha" in await drag_over(tab, "alpha")


@pytest.mark.parametrize("theme", ["dark", "light"])
async def test_the_edge_has_the_ground_of_the_theme(context: BrowserContext, server: TmuxServer, theme: str) -> None:
    with serving(server.socket, {"QUARTERDECK_CONSOLE_THEME": theme}) as served:
        tab = await Tab.opened(context, served.url)
        seen = await tab.shows_console(*NAMES)

        assert seen.edge == seen.ground


async def test_nothing_is_asked_of_anybody_else(context: BrowserContext, served: Serving) -> None:
    tab = await Tab.opened(context, served.url)
    await tab.shows_console(*NAMES)
    await tab.page.reload()
    await tab.shows_console(*NAMES)

    ours = (served.url, served.url.replace("http", "ws", 1), "data:")
    assert [address for address in tab.asked if not address.startswith(ours)] == []
    assert len([address for address in tab.asked if address.startswith("ws:")]) == 2
    assert tab.complaints == []
    assert await tab.page.evaluate("[...document.fonts].map(font => font.status)") == ["loaded", "loaded"]


async def test_two_tabs_and_a_reload_have_a_console_each(context: BrowserContext, served: Serving) -> None:
    first = await Tab.opened(context, served.url)
    await first.shows_console(*NAMES)
    second = await Tab.opened(context, served.url, 900, 600)
    await second.shows_console(*NAMES)
    before = {each.pid for each in served.consoles()}
    assert len(before) == 2

    await second.press("?")
    await second.shows(has("Help"), "the second page had its help")
    assert "Help" not in (await first.seen()).text
    await first.page.bring_to_front()
    await first.page.reload()
    await first.shows_console(*NAMES)
    await first.press("j")
    await first.shows(selected("bravo"), "the page took keys after it was loaded again")

    await until(lambda: len(served.consoles()) == 2, "the console of the page as it was has ended")
    assert len(before & {each.pid for each in served.consoles()}) == 1
    await second.page.close()
    await until(lambda: len(served.consoles()) == 1, "the console of the closed page has ended")


async def test_a_console_that_was_left_says_so_and_opens_again(context: BrowserContext, served: Serving) -> None:
    tab = await Tab.opened(context, served.url)
    await tab.shows_console(*NAMES)

    await tab.press("q")
    await tab.shows(lambda seen: "This console has ended." in seen.notice, "the page said that its console ended")
    await tab.press("Enter")

    await tab.shows_console(*NAMES)


async def test_a_console_that_died_is_no_dead_picture(context: BrowserContext, served: Serving) -> None:
    tab = await Tab.opened(context, served.url)
    await tab.shows_console(*NAMES)

    for console in served.consoles():
        console.kill()

    await tab.shows(lambda seen: "connection to this console is lost" in seen.notice, "the page said so")
    await tab.press("Enter")
    await tab.shows_console(*NAMES)


@pytest.mark.parametrize("ends", ["end", "kill"])
async def test_when_nothing_serves_any_more_the_page_says_so_and_no_console_stays(
    context: BrowserContext, served: Serving, server: TmuxServer, ends: str
) -> None:
    tab = await Tab.opened(context, served.url)
    await tab.shows_console(*NAMES)
    consoles = served.consoles()
    assert consoles

    getattr(served, ends)()

    await tab.shows(lambda seen: "Nothing answers at this address." in seen.notice, "the page said so")
    await until(lambda: not any(each.is_running() for each in consoles), "the consoles have ended")
    assert server.sessions() == list(NAMES)
    await tab.press("Enter")
    await tab.shows(lambda seen: "Nothing answers at this address." in seen.notice, "the page stayed as it was")


async def test_what_is_started_from_a_page_knows_nothing_of_the_page(
    context: BrowserContext, tmux_socket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in OF_A_PAGE:
        monkeypatch.delenv(name, raising=False)
    with serving(tmux_socket) as served:
        tab = await Tab.opened(context, served.url)
        await tab.shows_console()
        await tab.press("n")
        await tab.shows(has("New session"), "the dialog was open")
        await tab.press("Enter", "Enter")
        await until(tmux_socket.exists, "the console has started a tmux server")
        server = TmuxServer(tmux_socket)
        await until(server.sessions, "there is a session")

        known = {line.split("=")[0] for line in server.run("show-environment", "-g").splitlines()}

        assert "PATH" in known
        assert known & set(OF_A_PAGE) == set()
