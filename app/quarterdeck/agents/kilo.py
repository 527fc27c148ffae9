"""Kilo, which is made of OpenCode."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.agents import opencode
from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.ports.agent_spec import ServiceSign
from quarterdeck.values import replace

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

SPEC = replace(
    opencode.SPEC,
    key="kilo",
    name="Kilo",
    commands=("kilo", "kilocode", ".kilo"),
    scripts=("/@kilocode/cli/", "/@kilocode/cli-"),
    resume=("kilo", "--session", "{id}"),
    resume_latest=("kilo", "--continue"),
    delete=("kilo", "session", "delete", "{id}"),
    remaps=False,
    habits=replace(opencode.SPEC.habits, commands=KILO_COMMANDS),
    service_signs=(ServiceSign("XDG_DATA_HOME", ".local/share", "kilo/kilo.db-shm"),),
    install="npm install -g @kilocode/cli",
)


def _readers() -> AgentReaders:
    from quarterdeck.agents.opencode_family import KILO
    from quarterdeck.agents.opencode_readers import family_readers

    return family_readers(KILO)


AGENT = CodingAgent(spec=SPEC, load=_readers)
