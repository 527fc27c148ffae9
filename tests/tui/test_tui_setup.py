"""The card of what is not set up, turning it on, and the checks."""

from __future__ import annotations

import pytest
from textual.events import AppFocus

from quarterdeck.tui.actions import SetupPart
from quarterdeck.tui.preferences import Preferences
from quarterdeck.tui.screens.checks import ChecksScreen
from quarterdeck.tui.screens.yes_or_no import OfferScreen
from quarterdeck.values import replace
from support.canned import CannedBackend, CannedSetup
from support.console import console, text_of


def unset(*, card: bool = True) -> CannedBackend:
    """A backend where nothing is set up."""
    return CannedBackend(setup=CannedSetup(off=set(SetupPart)), preferences=Preferences(card=card))


async def test_the_card_says_what_is_off_and_is_put_away_for_good() -> None:
    async with console(unset(), size=(80, 24)) as running:
        card = running.main.card
        said = str(card.render())
        assert "H  Claude Code and Codex do not report" in said
        assert "b  No key of tmux opens the console" in said
        await running.press("w")
        assert not card.display
        assert running.backend.remembered["card"] == "off"
        await running.press("w")
        assert card.display
        assert running.backend.remembered["card"] is None


@pytest.mark.parametrize(
    ("backend", "size"),
    [(unset(), (80, 18)), (unset(), (50, 40)), (unset(card=False), (120, 36)), (CannedBackend(), (120, 36))],
    ids=["low", "narrow", "put-away", "all-on"],
)
async def test_the_card_stays_away(backend: CannedBackend, size: tuple[int, int]) -> None:
    async with console(backend, size=size) as running:
        assert not running.main.card.display


async def test_nothing_is_turned_on_before_the_change_was_seen_and_agreed_to() -> None:
    async with console(unset()) as running:
        await running.press("H")
        screen = running.app.screen
        assert isinstance(screen, OfferScreen)
        assert '+  "hooks": {}' in text_of(screen.lines)
        await running.press("enter")
        assert running.backend.setup.off == set(SetupPart)
        await running.press("H", "y")
        assert running.backend.setup.off == {SetupPart.KEY}
        assert "report" not in str(running.main.card.render())
        await running.press("b", "y")
        assert "quarterdeck bind g --print" in str([widget.render() for widget in running.app.screen.query("Static")])
        await running.press("escape")
        assert not running.main.card.display
        await running.press("H")
        assert running.app.screen is running.main


async def test_the_checks_show_the_worst_first_with_its_cure() -> None:
    async with console(size=(80, 24)) as running:
        await running.press("!")
        screen = running.app.screen
        assert isinstance(screen, ChecksScreen)
        lines = text_of(screen.lines).split("\n")
        assert lines[0].split()[:3] == ["✖", "failed", "git"]
        assert lines[1].strip() == "→ sudo apt install git"
        assert lines[2].split()[:2] == ["!", "warning"]
        assert "its screen and files serve." in " ".join(text_of(screen.lines).split())
        assert lines[-1].split()[:3] == ["✓", "well", "tmux"]


async def test_a_server_that_starts_later_is_looked_at_too() -> None:
    backend = CannedBackend()
    async with console(backend) as running:
        assert not running.main.card.display
        backend.setup.off = {SetupPart.KEY}
        backend.set(replace(backend.shown, incarnation="another run"))
        await running.settle()
        assert "No key of tmux opens the console" in str(running.main.card.render())
        assert running.main.card.display


async def test_the_card_follows_what_is_set_up_elsewhere() -> None:
    async with console(unset()) as running:
        card, setup = running.main.card, running.backend.setup
        setup.off = {SetupPart.KEY}
        running.app.post_message(AppFocus())
        await running.settle()
        assert list(card.off) == [SetupPart.KEY]

        setup.off = {SetupPart.HOOKS}
        card.follow()
        await running.settle()
        assert list(card.off) == [SetupPart.HOOKS]

        setup.off = set()
        await running.press("r")
        assert not card.display

        setup.off = {SetupPart.KEY}
        card.follow()
        await running.settle()
        assert not card.display
