"""Every agent the operator has: their own, the built-in ones, and those that plugins bring."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, cast

from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.agents.roster import Roster
from quarterdeck.plugins.loading import load_all

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quarterdeck.config.user_agents import UserAgent
    from quarterdeck.ports.agent import Agent

logger = logging.getLogger(__name__)


def load_agents(own: Mapping[str, UserAgent]) -> Roster:
    """All agents, those of the settings first; raises SettingsError for what cannot be understood."""
    return Roster(every_agent(own))


def every_agent(own: Mapping[str, UserAgent]) -> list[Agent]:
    """The same as a list. A plugin that does not load is a line in the log."""
    plugins, warnings = load_all()
    for warning in warnings:
        logger.warning(warning)
    known = [cast("Agent", agent) for agent in plugins.values()]
    if not own:
        return known
    # Here, since most operators have none.
    from quarterdeck.agents.custom import custom_agents

    return [*custom_agents(own, [agent for agent in known if isinstance(agent, CodingAgent)]), *known]
