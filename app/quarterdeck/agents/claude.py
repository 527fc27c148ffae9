"""Claude Code."""

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

SLASH_COMMANDS = """
add-dir advisor agents auto-mode-setup autocompact autofix-pr background bashes batch bg branch btw bug cd checkpoint
chrome claude-api clear code-review color compact config context continue copy cost dataviz debug deep-research
desktop diff doctor effort exit export extra-usage fast feedback fewer-permission-prompts focus fork goal help hooks
ide import init insights install-github-app install-slack-app keybindings list-agents login logout loop marketplace
mcp memory mobile model new output-style permissions plan plugin plugin-authoring plugins powerup pr-comments
privacy-settings quit radio rc recap release-notes reload-plugins reload-skills remote-control remote-env rename reset
resume review rewind run-skill-generator sandbox scroll-speed security-review settings setup-bedrock setup-vertex
simplify skills stats status statusline stickers stop subtask tasks team-onboarding teleport terminal-setup theme tui
ultraplan ultrareview undo update-config upgrade usage usage-credits version vim voice web-setup workflow-authoring
workflows
""".split()  # noqa: SIM905 - as a list they take a hundred lines
"""Those in the menus of 2.1.332 and 2.1.197, and other names they go by."""


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
    habits=InputHabits(meaningful_starts="!/#@&", meaningful_last_words="@", commands=tuple(SLASH_COMMANDS)),
    service_signs=(ServiceSign("CLAUDE_CONFIG_DIR", ".claude", "daemon/roster.json"),),
    hooks=HookKind.SETTINGS,
    skill_folder=".claude/skills",
    permission_dialog=AgentDialog(press=Press.NUMBER, arrows=r"Quick safety check"),
    question_dialog=AgentDialog(press=Press.NUMBER, own_words=r"^Type something", several_done=("Right",)),
    install="npm install -g @anthropic-ai/claude-code",
)


def _readers() -> AgentReaders:
    from quarterdeck.agents import (
        agent_readers,
        claude_background,
        claude_commands,
        claude_files,
        claude_registry,
        claude_reports,
        claude_screen,
        hooks,
    )

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
        registry=claude_registry.read_registry,
        files=claude_registry.live_files,
        transcripts=claude_files.transcript,
        conversations=claude_registry.conversation,
        traces=claude_registry.traces,
        commands=claude_commands.own_commands,
        service=claude_background.ClaudeService(),
    )


AGENT = CodingAgent(spec=SPEC, load=_readers)
