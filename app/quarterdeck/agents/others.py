"""Agents that are known by their descriptor and by what little their file of rules says.

What no rule tells is judged by movement and by their processes, and marked as such.
"""

from __future__ import annotations

from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.ports.agent_spec import AgentDialog, AgentSpec, Permissions, Press, PromptDelivery

AMP = CodingAgent(spec=AgentSpec(
    key="amp", name="Amp", commands=("amp",), scripts=("/@sourcegraph/amp/", "/@ampcode/cli"), context_limit=200_000,
    model_flag=(), install="npm install -g @sourcegraph/amp",
    permission_flags={Permissions.PERMISSIONLESS: ("--dangerously-allow-all",)},
    resume=("amp", "threads", "continue", "{id}"), resume_latest=("amp", "last"),
))  # fmt: skip

AUGGIE = CodingAgent(spec=AgentSpec(
    key="auggie", name="Auggie", commands=("auggie",), scripts=("/@augmentcode/auggie/",), context_limit=200_000,
    prompt_delivery=PromptDelivery.ARGUMENT, prompt_flag=("--instruction",),
    resume=("auggie", "--resume", "{id}"), resume_latest=("auggie", "--continue"),
    conversation_words=("--resume", "-r"), install="npm install -g @augmentcode/auggie",
))  # fmt: skip

GOOSE = CodingAgent(spec=AgentSpec(
    key="goose", name="Goose", commands=("goose",), context_limit=200_000, model_flag=(), launch_flags=("session",),
    resume=("goose", "session", "--resume", "--session-id", "{id}"), resume_latest=("goose", "session", "--resume"),
    quit=("/exit",), install="see the Goose documentation",
))  # fmt: skip

# Gemini CLI's successor, from its documentation and what others measured of 1.0 to 1.2; nobody has tried it here. Its
# menus have numbers, but arrows and Enter choose; hooks of its own kind lie in `.gemini/config/hooks.json`, its
# conversations below `.gemini/antigravity-cli/brain`. No id can be given to a new one.
ANTIGRAVITY = CodingAgent(spec=AgentSpec(
    key="antigravity", name="Antigravity CLI", commands=("agy", "antigravity-cli"), context_limit=1_048_576,
    permission_flags={Permissions.PERMISSIONLESS: ("--dangerously-skip-permissions",)},
    prompt_delivery=PromptDelivery.ARGUMENT, prompt_flag=("--prompt-interactive={text}",),
    resume=("agy", "--conversation", "{id}"), resume_latest=("agy", "--continue"),
    conversation_words=("--conversation",), quit=("/quit",),
    permission_dialog=AgentDialog(press=Press.DOWN_ENTER), question_dialog=AgentDialog(press=Press.DOWN_ENTER),
    install="see the Antigravity CLI documentation",
))  # fmt: skip

CURSOR = CodingAgent(spec=AgentSpec(
    key="cursor", name="Cursor", commands=("cursor-agent", "cursor"), scripts=("/cursor-agent/",),
    context_limit=200_000, permission_flags={Permissions.PERMISSIONLESS: ("--force",)},
    prompt_delivery=PromptDelivery.ARGUMENT, prompt_flag=("--",),
    resume=("cursor-agent", "--resume", "{id}"), resume_latest=("cursor-agent", "--continue"),
    install="see the Cursor CLI documentation",
))  # fmt: skip

GROK = CodingAgent(spec=AgentSpec(
    key="grok", name="Grok", commands=("grok", "grok-cli", "grok_cli"), scripts=("/grok-cli/",),
    install="npm install -g @vibe-kit/grok-cli",
))  # fmt: skip
