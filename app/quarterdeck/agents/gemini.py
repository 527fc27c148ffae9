"""Gemini CLI."""

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
    key="gemini",
    name="Gemini CLI",
    commands=("gemini", "gemini-cli", "gemini_cli"),
    scripts=("/@google/gemini-cli/",),
    context_limit=1_048_576,
    permission_flags={
        Permissions.SUGGEST: ("--approval-mode", "default"),
        Permissions.AUTO_EDIT: ("--approval-mode", "auto_edit"),
        Permissions.PERMISSIONLESS: ("--approval-mode", "yolo"),
    },
    prompt_delivery=PromptDelivery.ARGUMENT,
    prompt_flag=("--prompt-interactive={text}",),
    session_id_flag=("--session-id",),
    resume=("gemini", "--resume", "{id}"),
    resume_latest=("gemini", "--resume", "latest"),
    conversation_words=("--session-id", "--resume", "-r"),
    # It trims blanks, and takes other signs of no width out.
    habits=InputHabits(
        meaningful_starts="/",
        guard_before="\u2060",
        meaningful_last_words="@",
        meaningful_ends="\\",
        commands=gemini_commands.GEMINI_COMMANDS,
    ),
    quit=("/quit",),
    home_variables=("GEMINI_CLI_HOME",),
    hooks=HookKind.SETTINGS,
    permission_dialog=AgentDialog(press=Press.NUMBER),
    question_dialog=AgentDialog(press=Press.NUMBER, own_words=r"^Enter a custom value", several_done_choice=r"^Done$"),
    install="npm install -g @google/gemini-cli",
)


def _readers() -> AgentReaders:
    from quarterdeck.agents import agent_readers, gemini_reports, gemini_screen, gemini_shown, gemini_transcript, hooks

    return agent_readers.AgentReaders(
        layout=gemini_screen.LAYOUT,
        reports=gemini_reports.read_gemini,
        # None at launch: settings named in the environment must belong to root, and the worktree's own would show up
        # in git. Gemini CLI's title and chat file tell every state.
        hooks=hooks.JsonHooks(
            agent=SPEC.key,
            file=lambda home: gemini_transcript.config_folder(home) / "settings.json",
            events=gemini_reports.GEMINI_HOOKS,
            matcher="*",
            name="quarterdeck",
            timeout=5_000,  # milliseconds
            comments=True,
        ),
        transcripts=gemini_transcript.transcript,
        commands=lambda home, cwd: gemini_commands.own_commands(
            (gemini_transcript.config_folder(home) / "commands", Path(cwd) / ".gemini" / "commands"), (".toml",)
        ),
        conversations_by_screen=gemini_shown.ShownChats().conversation,
    )


AGENT = CodingAgent(spec=SPEC, load=_readers)
