"""OpenCode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.core.typed_text import InputHabits
from quarterdeck.ports.agent_spec import (
    AgentDialog,
    AgentSpec,
    HookKind,
    Permissions,
    Press,
    PromptDelivery,
    ServiceSign,
)

if TYPE_CHECKING:
    from quarterdeck.agents.agent_readers import AgentReaders

OPENCODE_COMMANDS = (
    "agents", "clear", "compact", "connect", "continue", "copy", "debug", "diff", "editor", "exit", "export", "fork",
    "help", "init", "mcps", "models", "move", "new", "org", "orgs", "q", "quit", "redo", "rename", "resume", "review",
    "sessions", "share", "skills", "status", "summarize", "switch-org", "themes", "thinking", "timeline", "timestamps",
    "toggle-thinking", "toggle-timestamps", "undo", "unshare", "variants", "warp", "workspaces",
)  # fmt: skip
"""Seen with 1.18."""

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
    # A pasted `!` is a letter like another.
    habits=InputHabits(meaningful_starts="/", meaningful_last_words="@", commands=OPENCODE_COMMANDS),
    # It is there while any process has the database open.
    service_signs=(ServiceSign("XDG_DATA_HOME", ".local/share", "opencode/opencode.db-shm"),),
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
    from quarterdeck.agents.opencode_family import OPENCODE
    from quarterdeck.agents.opencode_readers import family_readers

    return family_readers(OPENCODE)


AGENT = CodingAgent(spec=SPEC, load=_readers)
