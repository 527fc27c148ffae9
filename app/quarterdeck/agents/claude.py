"""Claude Code."""

from __future__ import annotations

from quarterdeck.agents import claude_registry, claude_screen, claude_transcript
from quarterdeck.agents.claude_reports import read_claude
from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.ports.agent import AgentSpec, Dialog, HookKind, Permissions, Press, PromptDelivery

SPEC = AgentSpec(
    key="claude",
    name="Claude Code",
    commands=("claude", "claude-code", "claude_code"),
    scripts=("/@anthropic-ai/claude-code", "/claude/versions/"),
    context_limit=200_000,
    permission_flags={
        Permissions.SUGGEST: ("--permission-mode", "default"),
        Permissions.AUTO_EDIT: ("--permission-mode", "acceptEdits"),
        Permissions.PERMISSIONLESS: ("--dangerously-skip-permissions",),
    },
    prompt_delivery=PromptDelivery.ARGUMENT,
    prompt_flag=("--",),
    system_flag=("--append-system-prompt", "{text}"),
    session_id_flag=("--session-id",),
    resume=("claude", "--resume", "{id}"),
    resume_latest=("claude", "--continue"),
    quit=("/exit",),
    env={"CLAUDECODE": ""},
    hooks=HookKind.SETTINGS,
    permission_dialog=Dialog(press=Press.NUMBER),
    question_dialog=Dialog(press=Press.NUMBER),
    install="npm install -g @anthropic-ai/claude-code",
)

AGENT = CodingAgent(
    spec=SPEC,
    layout=claude_screen.LAYOUT,
    screen_rules=claude_screen.RULES,
    title_rules=claude_screen.TITLES,
    reports=read_claude,
    registry=claude_registry.read_registry,
    transcripts=claude_transcript.transcript,
)
