"""What the actions about the set-up do. Nothing is changed before the operator has seen the change and agreed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.setup_part import SetupPart
from quarterdeck.core.text import clean_lines

if TYPE_CHECKING:
    from quarterdeck.operations.setup_offers import Offer
    from quarterdeck.tui.screens.main import MainScreen

_IS_ON = {
    SetupPart.HOOKS: "Every agent on this machine that can report does.",
    SetupPart.KEY: "A tmux key opens the console already, or no tmux server runs.",
}
SECONDS = 12.0
"""How long it is said what was done: it names files."""


def turn_on(screen: MainScreen, part: SetupPart) -> None:
    """Show what turning a part on would change, and do it when the operator agrees."""
    context = screen.context

    async def ask() -> None:
        from quarterdeck.tui.screens.offer import OfferScreen

        offer = await context.backend.setup.offer(part)
        if offer is None:
            screen.notify(_IS_ON[part], markup=False)
            return
        await screen.app.push_screen(
            OfferScreen(context, offer), lambda agreed: context.attempt(accept(offer)) if agreed else None
        )

    async def accept(offer: Offer) -> None:
        try:
            done = await offer.accept()
            if done.command:
                from quarterdeck.tui.screens.instructions import TellScreen

                await screen.app.push_screen(TellScreen(context, "Done", done.said, done.command))
            else:
                screen.notify(clean_lines(done.said), markup=False, timeout=SECONDS)
        finally:
            await screen.card.look()

    context.attempt(ask())


def card(screen: MainScreen) -> None:
    """Put the card away for good, or show it again."""
    context = screen.context
    screen.card.is_wanted = not screen.card.is_wanted
    context.backend.memory.remember(card=None if screen.card.is_wanted else "off")
    screen.card.show()
    if screen.card.is_wanted:
        context.attempt(_look_again(screen))


async def _look_again(screen: MainScreen) -> None:
    await screen.card.look()
    if not screen.card.off:
        screen.app.notify("All that can be turned on from here is on.", markup=False)


def checks(screen: MainScreen) -> None:
    """Show what `doctor` finds."""
    from quarterdeck.tui.screens.checks import ChecksScreen

    screen.app.push_screen(ChecksScreen(screen.context))
