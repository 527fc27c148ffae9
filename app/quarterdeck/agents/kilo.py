"""Kilo, which is made of OpenCode."""

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

KILO_COMMANDS = (
    "about", "agents", "approve-all", "approveall", "auto-approve", "autoapprove", "caffeinate", "caffenate", "clear",
    "compact", "connect", "continue", "copy", "copy-session", "cost", "cost-alert", "debug", "diff", "editor",
    "embedding", "exit", "export", "fork", "help", "index", "indexing", "init", "mcps", "me", "mem", "memory", "mo",
    "models", "move", "new", "org", "orgs", "plans", "privacy", "process", "processes", "profile", "q", "quit", "quota",
    "redo", "reload", "remote", "rename", "resume", "review", "sandbox", "sessions", "share", "skills", "status",
    "summarize", "switch-org", "team", "teams", "themes", "thinking", "timeline", "timestamps", "toggle-thinking",
    "toggle-timestamps", "undo", "unshare", "usage", "variants", "vim", "warp", "whoami", "workspaces", "worktree",
    "worktrees",
)  # fmt: skip
"""Seen with 7.7."""

SPEC = AgentSpec(
    key="kilo",
    name="Kilo",
    commands=("kilo", "kilocode", ".kilo"),
    scripts=("/@kilocode/cli/", "/@kilocode/cli-"),
    permission_flags={Permissions.PERMISSIONLESS: ("--auto",)},
    prompt_delivery=PromptDelivery.ARGUMENT,
    prompt_flag=("--prompt={text}",),
    subagent_flag=("--agent",),
    resume=("kilo", "--session", "{id}"),
    resume_latest=("kilo", "--continue"),
    delete=("kilo", "session", "delete", "{id}"),
    conversation_words=("--session", "-s"),
    conversation_pattern=r"ses_[A-Za-z0-9_-]+",
    quit=("/exit",),
    home_variables=("XDG_DATA_HOME", "XDG_CONFIG_HOME"),
    habits=InputHabits(meaningful_starts="/", meaningful_last_words="@", commands=KILO_COMMANDS),
    service_signs=(ServiceSign("XDG_DATA_HOME", ".local/share", "kilo/kilo.db-shm"),),
    hooks=HookKind.PLUGIN,
    permission_dialog=AgentDialog(
        press=Press.RIGHT_ENTER,
        confirmed=r"^(?:Allow always|Reject)$",
        confirmation=r"^△ (?:Always allow|Reject permission)",
    ),
    question_dialog=AgentDialog(press=Press.NUMBER, own_words=r"^Type your own answer", several_done=("Tab",)),
    install="npm install -g @kilocode/cli",
)


def _readers() -> AgentReaders:
    from quarterdeck.agents.opencode_family import KILO
    from quarterdeck.agents.opencode_readers import family_readers

    return family_readers(KILO)


AGENT = CodingAgent(spec=SPEC, load=_readers)
