"""Every agent the operator has: their own, the built-in ones, and those that plugins bring."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, cast

from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.agents.roster import Roster
from quarterdeck.plugins.loading import load_all

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from quarterdeck.config.settings import Settings
    from quarterdeck.config.user_agents import UserAgent
    from quarterdeck.ports.agent import Agent
    from quarterdeck.supervisor.live_settings import LiveSettings

logger = logging.getLogger(__name__)


def load_agents(own: Mapping[str, UserAgent]) -> Roster:
    """All agents, those of the settings first; raises SettingsError for what cannot be understood."""
    return Roster(_every(own))


def follow_agents(live: LiveSettings, roster: Roster, changed: Callable[[], None]) -> None:
    """Have the roster hold the agents of the settings that are in force, and tell when they are others."""
    held = live.now.agents

    def take_up(settings: Settings) -> None:
        nonlocal held
        if settings.agents != held:
            roster.use(_every(settings.agents))
            held = settings.agents
            changed()

    live.when_changed(take_up)


def _every(own: Mapping[str, UserAgent]) -> list[Agent]:
    """A plugin that does not load is a line in the log."""
    loaded = load_all("agents")
    for warning in loaded.warnings:
        logger.warning(warning)
    known = [cast("Agent", agent) for agent in loaded.plugins.values()]
    return [*_described(own, known), *known]


def _described(own: Mapping[str, UserAgent], known: list[Agent]) -> tuple[CodingAgent, ...]:
    if not own:
        return ()
    # Here, since most operators have none.
    from quarterdeck.agents.custom import custom_agents

    return custom_agents(own, [agent for agent in known if isinstance(agent, CodingAgent)])
