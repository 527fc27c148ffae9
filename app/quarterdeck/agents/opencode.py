"""OpenCode."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.ports.agent_spec import AgentDialog, AgentSpec, HookKind, Permissions, Press, PromptDelivery

if TYPE_CHECKING:
    from quarterdeck.agents.agent_readers import AgentReaders

SPEC = AgentSpec(
    key="opencode",
    name="OpenCode",
    commands=("opencode", "open-code", "open_code"),
    scripts=("/opencode-ai/", "/opencode-linux-", "/opencode-darwin-"),
    permission_flags={Permissions.PERMISSIONLESS: ("--auto",)},
    prompt_delivery=PromptDelivery.ARGUMENT,
    prompt_flag=("--prompt={text}",),
    subagent_flag=("--agent",),
    resume=("opencode", "--session", "{id}"),
    resume_latest=("opencode", "--continue"),
    delete=("opencode", "session", "delete", "{id}"),
    conversation_words=("--session", "-s"),
    conversation_pattern=r"ses_[A-Za-z0-9_-]+",
    remaps=True,
    quit=("/exit",),
    home_variables=("XDG_DATA_HOME", "XDG_CONFIG_HOME"),
    hooks=HookKind.PLUGIN,
    permission_dialog=AgentDialog(
        press=Press.RIGHT_ENTER,
        confirmed=r"^(?:Allow always|Reject)$",
        confirmation=r"^△ (?:Always allow|Reject permission)",
    ),
    question_dialog=AgentDialog(press=Press.NUMBER, own_words=r"^Type your own answer", several_done=("Tab",)),
    install="npm install -g opencode-ai",
)


def _readers() -> AgentReaders:
    from quarterdeck.agents import (
        agent_readers,
        opencode_plugin,
        opencode_screen,
        opencode_server,
        opencode_shown,
        opencode_transcript,
    )
    from quarterdeck.agents.colours import marked_button
    from quarterdeck.agents.opencode_family import OPENCODE

    return agent_readers.AgentReaders(
        layout=opencode_screen.LAYOUT,
        colours=opencode_screen.by_colour,
        marks=marked_button,
        reports=opencode_plugin.read_opencode,
        hooks=opencode_plugin.PluginFile(),
        registry=opencode_server.read_registry,
        transcripts=opencode_transcript.OpenCodeDatabase,
        conversations_by_screen=partial(opencode_shown.conversation, OPENCODE),
    )


AGENT = CodingAgent(spec=SPEC, load=_readers)
