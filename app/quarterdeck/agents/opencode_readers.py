"""What reads the programs of OpenCode's family."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from quarterdeck.agents import (
    opencode_commands,
    opencode_plugin,
    opencode_screen,
    opencode_service,
    opencode_shown,
    opencode_transcript,
)
from quarterdeck.agents.agent_readers import AgentReaders
from quarterdeck.agents.colours import marked_button

if TYPE_CHECKING:
    from quarterdeck.agents.opencode_family import OpenCodeFamily


def family_readers(family: OpenCodeFamily) -> AgentReaders:
    """The readers of one of them."""
    return AgentReaders(
        layout=opencode_screen.LAYOUT,
        colours=opencode_screen.by_colour,
        marks=marked_button,
        reports=opencode_plugin.read_opencode,
        hooks=opencode_plugin.PluginFile(family),
        registry=partial(opencode_service.read_registry, family),
        service=opencode_service.OpenCodeService(family),
        transcripts=partial(opencode_transcript.OpenCodeDatabase, family),
        commands=partial(opencode_commands.own_commands, family),
        conversations_by_screen=partial(opencode_shown.conversation, family),
        traces=opencode_transcript.traces,
    )
