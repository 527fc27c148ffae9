from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from support.serving import Serving, serving
from support.tmux_server import TmuxServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from playwright.async_api import Browser, BrowserContext

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NEEDED = {"textual_serve": "the extra `web`", "playwright": "Playwright, pip install playwright"}
NAMES = ("alpha", "bravo", "charlie")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All here are of one kind, and need what other tests do without."""
    missing = [what for module, what in NEEDED.items() if find_spec(module) is None]
    if not any(map(shutil.which, BROWSERS)):
        missing.append("a browser: one of " + ", ".join(BROWSERS))
    here = Path(__file__).parent
    for item in items:
        if item.path.parent == here:
            item.add_marker(pytest.mark.web)
            item.add_marker(pytest.mark.process)
            if missing:
                item.add_marker(pytest.mark.skip(reason=f"not installed: {'; '.join(missing)}"))


@pytest.fixture
def server(tmux_socket: Path) -> Iterator[TmuxServer]:
    """A tmux server with some sessions."""
    with TmuxServer(tmux_socket) as made:
        for name in NAMES:
            made.session(name)
        yield made


@pytest.fixture
def served(server: TmuxServer) -> Iterator[Serving]:
    """`quarterdeck serve` for it."""
    with serving(Path(server.socket)) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """A browser, which takes longer to start than a page of it."""
    from playwright.async_api import async_playwright

    path = next(filter(None, map(shutil.which, BROWSERS)))
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield started
        await started.close()


@pytest_asyncio.fixture(loop_scope="module")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A browser as one that nobody has used yet."""
    made = await browser.new_context()
    await made.grant_permissions(["clipboard-read", "clipboard-write"])
    yield made
    await made.close()
