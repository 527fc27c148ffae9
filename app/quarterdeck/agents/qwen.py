"""Qwen Code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.agents import gemini_commands
from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.core.typed_text import InputHabits
from quarterdeck.ports.agent_spec import AgentDialog, AgentSpec, HookKind, Permissions, Press, PromptDelivery

if TYPE_CHECKING:
    from quarterdeck.agents.agent_readers import AgentReaders

SPEC = AgentSpec(
    key="qwen",
    name="Qwen Code",
    commands=("qwen", "qwen-code", "qwen_code"),
    scripts=("/@qwen-code/qwen-code/",),
    context_limit=262_144,
    permission_flags={
        Permissions.SUGGEST: ("--approval-mode", "default"),
        Permissions.AUTO_EDIT: ("--approval-mode", "auto-edit"),
        Permissions.PERMISSIONLESS: ("--approval-mode", "yolo"),
    },
    prompt_delivery=PromptDelivery.ARGUMENT,
    prompt_flag=("--prompt-interactive={text}",),
    system_flag=("--append-system-prompt={text}",),
    session_id_flag=("--session-id",),
    resume=("qwen", "--resume", "{id}"),
    resume_latest=("qwen", "--continue"),
    conversation_words=("--session-id", "--resume", "-r"),
    habits=InputHabits(
        meaningful_starts="/?",
        guard_before="\u2060",
        meaningful_last_words="@/",
        meaningful_ends="\\",
        commands=gemini_commands.QWEN_COMMANDS,
    ),
    quit=("/quit",),
    home_variables=("QWEN_HOME", "QWEN_RUNTIME_DIR"),
    hooks=HookKind.SETTINGS,
    skill_folder=".qwen/skills",
    permission_dialog=AgentDialog(press=Press.NUMBER),
    question_dialog=AgentDialog(
        press=Press.NUMBER,
        own_words=r"^Type something",
        arrows=r"Ready to submit your answers\?",
        tick=("Space",),
        several_done=("Enter",),
    ),
    install="npm install -g @qwen-code/qwen-code",
)


def _readers() -> AgentReaders:
    from quarterdeck.agents import agent_readers, claude_reports, hooks, qwen_files, qwen_screen

    return agent_readers.AgentReaders(
        layout=qwen_screen.LAYOUT,
        reports=claude_reports.read_qwen,
        hooks=hooks.JsonHooks(
            agent=SPEC.key,
            file=lambda home: qwen_files.config_folder(home) / "settings.json",
            events=claude_reports.QWEN_HOOKS,
            matcher="*",
            name="quarterdeck",
            timeout=5_000,  # milliseconds
            comments=True,
        ),
        transcripts=qwen_files.transcript,
        commands=lambda home, cwd: gemini_commands.own_commands(
            (qwen_files.config_folder(home) / "commands", Path(cwd) / ".qwen" / "commands"), (".md", ".toml")
        ),
        conversations=qwen_files.conversation,
    )


AGENT = CodingAgent(spec=SPEC, load=_readers)
