"""The list of `doctor`'s checks, each with its adapters (most checks: `operations/doctor`); and the console's set-up.

What they need is imported when it is first asked for, which in the console is after the first frame.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from quarterdeck.errors import QuarterdeckError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from quarterdeck.agents.roster import Roster
    from quarterdeck.config.settings import Settings
    from quarterdeck.core.pane import ServerAddress
    from quarterdeck.operations.setup_offers import Offer
    from quarterdeck.paths import Places
    from quarterdeck.ports.doctor_check import Check, Finding
    from quarterdeck.tui.actions import SetupPart


def _agents(settings: Settings, places: Places) -> Roster:
    from quarterdeck.runtime.agent_loading import load_agents

    return load_agents(settings.agents, places.agent_rules)


def _rules(settings: Settings, places: Places) -> Sequence[Finding]:
    """Whether the operator's own rules can be used, and rules are not older than the programs."""
    from quarterdeck.operations.agent_list import list_agents, rules_findings
    from quarterdeck.ports.doctor_check import CheckStatus, Finding
    from quarterdeck.runtime.agent_loading import rule_faults

    agents = _agents(settings, places)
    faults = rule_faults(places.agent_rules, agents)
    told = [f"{each} They are not used." for each in faults]
    wrong = [Finding("rules", CheckStatus.FAIL, each, "quarterdeck config check") for each in told]
    return [*wrong, *rules_findings(list_agents(agents, {}))]


def all_checks(address: ServerAddress, settings: Callable[[], Settings]) -> tuple[Check, ...]:
    """Every check; `settings` may raise SettingsError, which then is said once, by the check of the settings."""
    from quarterdeck.operations.doctor import CHECKS, agents_check, hooks_check, projects_check
    from quarterdeck.ports.doctor_check import Check
    from quarterdeck.store import glances
    from quarterdeck.store.state_check import state_check
    from quarterdeck.thoughts.configured_thinkers import engine_check
    from quarterdeck.tmux.server_check import server_check

    def hooks(found: Settings, places: Places) -> Sequence[Finding]:
        return hooks_check(_agents(found, places), places, glances.heard, glances.at_work)

    async def look(check: Callable[[Settings, Places], Sequence[Finding]], places: Places) -> Sequence[Finding]:
        try:
            found = settings()
        except QuarterdeckError:
            return ()
        return await asyncio.to_thread(check, found, places)

    return (
        *CHECKS,
        Check("server", partial(server_check, address)),
        Check("state", partial(state_check, address)),
        Check("agents", partial(look, lambda found, places: agents_check(_agents(found, places)))),
        Check("rules", partial(look, _rules)),
        Check("hooks", partial(look, hooks)),
        Check("engine", partial(look, lambda found, _: engine_check(found))),
        Check("projects", partial(look, lambda found, _: projects_check(found))),
    )


class ConsoleSetup:
    """Implements tui.backend.Setup: the checks of `doctor`, and the parts that can be turned on from the console."""

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

        return await examine(self._places, all_checks(self._address, self._load_settings))

    async def offer(self, part: SetupPart) -> Offer | None:
        """What turning this part on would do."""
        from quarterdeck.operations.setup_offers import hooks_offer, key_offer
        from quarterdeck.tmux.key_binding import TmuxConsoleKey
        from quarterdeck.tui.actions import SetupPart

        await self._ready()
        if part is SetupPart.KEY:
            return await key_offer(TmuxConsoleKey(self._address, self._program))
        return await asyncio.to_thread(lambda: hooks_offer(_agents(self._load_settings(), self._places), self._places))
