"""Every agent the operator has: their own, the built-in ones, and those that plugins bring."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, cast

from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.agents.roster import Roster
from quarterdeck.plugins.loading import load_all
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from quarterdeck.config.user_agents import UserAgent
    from quarterdeck.ports.agent import Agent, Agents

logger = logging.getLogger(__name__)


def load_agents(own: Mapping[str, UserAgent], rules: Path | None = None) -> Roster:
    """All agents, those of the settings first; raises SettingsError for what cannot be understood.

    `rules` is the folder where rules of the operator's own may be.
    """
    return Roster(every_agent(own, rules))


def every_agent(own: Mapping[str, UserAgent], rules: Path | None = None) -> list[Agent]:
    """The same as a list. A plugin that does not load is a line in the log."""
    plugins, warnings = load_all()
    for warning in warnings:
        logger.warning(warning)
    known = [cast("Agent", agent) for agent in plugins.values()]
    if own:
        # Here, since most operators have none.
        from quarterdeck.agents.custom import custom_agents

        known = [*custom_agents(own, [agent for agent in known if isinstance(agent, CodingAgent)]), *known]
    if rules is None or not rules.is_dir():
        return known
    return [replace(agent, rules_folder=rules) if isinstance(agent, CodingAgent) else agent for agent in known]


def rule_faults(rules: Path, agents: Agents) -> list[str]:
    """A sentence for each file of the operator's own rules that is wrong."""
    if not rules.is_dir():
        return []
    from quarterdeck.agents.agent_rules import faults_in

    return faults_in(rules, agents.names())
