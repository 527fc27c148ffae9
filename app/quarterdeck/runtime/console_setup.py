"""The set-up as the console shows it: the checks of `doctor`, and the parts that can be turned on from there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from quarterdeck.config.settings import Settings
    from quarterdeck.core.pane import ServerAddress
    from quarterdeck.operations.setup_offers import Offer
    from quarterdeck.paths import Places
    from quarterdeck.ports.doctor_check import Finding
    from quarterdeck.tui.actions import SetupPart


class ConsoleSetup:
    """Implements tui.setup.Setup. What it needs is imported when it is first asked, which is after the first frame."""

    def __init__(
        self,
        address: ServerAddress,
        places: Places,
        load_settings: Callable[[], Settings],
        program: Sequence[str],
        ready: Callable[[], Awaitable[object]],
    ) -> None:
        self._address = address
        self._places = places
        self._load_settings = load_settings
        self._program = program
        self._ready = ready
        self.pictures = places.pictures

    async def findings(self) -> Sequence[Finding]:
        """Every check of `doctor`."""
        from quarterdeck.operations.doctor import examine
        from quarterdeck.runtime.checks import all_checks

        return await examine(self._places, all_checks(self._address, self._load_settings))

    async def offer(self, part: SetupPart) -> Offer | None:
        """What turning this part on would do."""
        from quarterdeck.operations.setup_offers import key_offer
        from quarterdeck.tmux.key_binding import TmuxConsoleKey
        from quarterdeck.tui.actions import SetupPart

        await self._ready()
        if part is SetupPart.KEY:
            return await key_offer(TmuxConsoleKey(self._address, self._program))
        return await asyncio.to_thread(self._hooks)

    def _hooks(self) -> Offer | None:
        from quarterdeck.operations.setup_offers import hooks_offer
        from quarterdeck.runtime.agent_loading import load_agents

        return hooks_offer(load_agents(self._load_settings().agents), self._places)
