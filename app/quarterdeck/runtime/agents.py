"""Every agent the operator has: built in, brought by plugins."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, cast

from quarterdeck.agents.roster import Roster
from quarterdeck.plugins.plugins import load_all

if TYPE_CHECKING:
    from quarterdeck.ports.agent import Agent

logger = logging.getLogger(__name__)


def load_agents() -> Roster:
    """All agents; a plugin that does not load is a line in the log."""
    loaded = load_all("agents")
    for warning in loaded.warnings:
        logger.warning(warning)
    return Roster([cast("Agent", agent) for agent in loaded.plugins.values()])
