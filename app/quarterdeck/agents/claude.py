"""Claude Code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.ports.agent_spec import AgentDialog, AgentSpec, HookKind, Permissions, Press, PromptDelivery

if TYPE_CHECKING:
    from quarterdeck.agents.agent_readers import AgentReaders

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
    subagent_flag=("--agent",),
    resume=("claude", "--resume", "{id}"),
    resume_latest=("claude", "--continue"),
    conversation_words=("--session-id", "--resume", "-r"),
    quit=("/exit",),
    env={"CLAUDECODE": ""},
    home_variables=("CLAUDE_CONFIG_DIR",),
    hooks=HookKind.SETTINGS,
    skill_folder=".claude/skills",
    permission_dialog=AgentDialog(press=Press.NUMBER, arrows=r"Quick safety check"),
    question_dialog=AgentDialog(press=Press.NUMBER, own_words=r"^Type something", several_done=("Right",)),
    install="npm install -g @anthropic-ai/claude-code",
)


def _readers() -> AgentReaders:
    from quarterdeck.agents import agent_readers, claude_files, claude_reports, claude_screen, hooks

    return agent_readers.AgentReaders(
        layout=claude_screen.LAYOUT,
        reports=claude_reports.read_claude,
        hooks=hooks.JsonHooks(
            agent=SPEC.key,
            file=lambda home: claude_files.config_folder(home) / "settings.json",
            # Not MessageDisplay and PostToolBatch: they would cost it much and tell us little.
            events=claude_reports.CLAUDE_HOOKS,
            launch_flag="--settings",
        ),
        registry=claude_files.read_registry,
        transcripts=claude_files.transcript,
        conversations=claude_files.conversation,
        traces=claude_files.traces,
    )


AGENT = CodingAgent(spec=SPEC, load=_readers)
