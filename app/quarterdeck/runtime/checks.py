"""Every check of `doctor`, each with the adapters it needs."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from quarterdeck.errors import QuarterdeckError
from quarterdeck.operations.doctor import CHECKS, agents_check, hooks_check, projects_check
from quarterdeck.ports.doctor_check import Check
from quarterdeck.runtime.agent_loading import load_agents
from quarterdeck.store import hook_times
from quarterdeck.store.state_check import state_check
from quarterdeck.thoughts.configured_thinkers import engine_check
from quarterdeck.tmux.server_check import server_check

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quarterdeck.config.settings import Settings
    from quarterdeck.core.pane import ServerAddress
    from quarterdeck.paths import Places
    from quarterdeck.ports.doctor_check import Finding


def all_checks(address: ServerAddress, settings: Callable[[], Settings]) -> tuple[Check, ...]:
    """Every check; `settings` may raise SettingsError, which then is said once, by the check of the settings."""
    return (
        *CHECKS,
        Check("server", partial(server_check, address)),
        Check("state", partial(state_check, address)),
        Check("agents", partial(_with, settings, _agents)),
        Check("hooks", partial(_with, settings, _hooks)),
        Check("engine", partial(_with, settings, lambda found, _: engine_check(found))),
        Check("projects", partial(_with, settings, lambda found, _: projects_check(found))),
    )


async def _with(
    settings: Callable[[], Settings], look: Callable[[Settings, Places], Sequence[Finding]], places: Places
) -> Sequence[Finding]:
    try:
        found = settings()
    except QuarterdeckError:
        return ()
    return await asyncio.to_thread(look, found, places)


def _agents(settings: Settings, _: Places) -> Sequence[Finding]:
    return agents_check(load_agents(settings.agents))


def _hooks(settings: Settings, places: Places) -> Sequence[Finding]:
    return hooks_check(load_agents(settings.agents), places, hook_times.heard, hook_times.at_work)
