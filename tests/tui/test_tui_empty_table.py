"""What the operator is told although they did not ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.supervisor.notifications import Told
from support.console import console

if TYPE_CHECKING:
    import pytest


async def test_a_notice_is_a_toast_whose_words_are_only_words() -> None:
    async with console() as running:
        (listener,) = running.backend.listeners

        listener(Told("web asks for permission", "waiting: may I run `[bold]x[/]`?\x1b[31m"))
        await running.settle()

        (toast,) = running.app._notifications
        assert (toast.title, toast.message) == ("web asks for permission", "waiting: may I run `[bold]x[/]`?")
        assert not toast.markup


async def test_a_notice_can_ring_and_have_the_terminal_speak(monkeypatch: pytest.MonkeyPatch) -> None:
    async with console() as running:
        heard: list[str] = []
        monkeypatch.setattr(running.app, "bell", lambda: heard.append("bell"))
        assert running.app._driver is not None
        monkeypatch.setattr(running.app._driver, "write", heard.append)

        running.app.tell(Told("web", rings=True))
        running.app.tell(Told("", sequence="\x1b]777;notify;web;x\x07"))

        assert heard == ["bell", "\x1b]777;notify;web;x\x07"]
        assert not list(running.app._notifications)
