"""OpenCode."""

from __future__ import annotations

from quarterdeck.agents import opencode_screen, opencode_server, opencode_transcript
from quarterdeck.agents.buttons import marked_button
from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.agents.opencode_hooks import PluginFile
from quarterdeck.agents.opencode_reports import read_opencode
from quarterdeck.ports.agent import AgentDialog, AgentSpec, HookKind, Permissions, Press, PromptDelivery

SPEC = AgentSpec(
    key="opencode",
    name="OpenCode",
    commands=("opencode", "open-code", "open_code"),
    scripts=("/opencode-ai/", "/opencode-linux-", "/opencode-darwin-"),
    permission_flags={Permissions.PERMISSIONLESS: ("--auto",)},
    prompt_delivery=PromptDelivery.ARGUMENT,
    prompt_flag=("--prompt={text}",),
    port_flag=("--port",),
    resume=("opencode", "--session", "{id}"),
    resume_latest=("opencode", "--continue"),
    delete=("opencode", "session", "delete", "{id}"),
    quit=("/exit",),
    hooks=HookKind.PLUGIN,
    permission_dialog=AgentDialog(press=Press.RIGHT_ENTER),
    question_dialog=AgentDialog(press=Press.NUMBER, own_words=r"^Type your own answer", several_done=("Tab",)),
    install="npm install -g opencode-ai",
)

AGENT = CodingAgent(
    spec=SPEC,
    layout=opencode_screen.LAYOUT,
    screen_rules=opencode_screen.RULES,
    title_rules=opencode_screen.TITLES,
    colours=opencode_screen.by_colour,
    marks=marked_button,
    reports=read_opencode,
    hooks=PluginFile(),
    registry=opencode_server.read_registry,
    transcripts=opencode_transcript.transcript,
)
