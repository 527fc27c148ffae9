"""Cline's command line program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.core.typed_text import InputHabits
from quarterdeck.ports.agent_spec import AgentDialog, AgentSpec, Permissions, Press

if TYPE_CHECKING:
    from quarterdeck.agents.agent_readers import AgentReaders

SPEC = AgentSpec(
    key="cline",
    name="Cline",
    commands=("cline",),
    scripts=("/cline/", "/@cline/cli"),
    context_limit=200_000,
    launch_flags=("--tui",),
    permission_flags={
        Permissions.SUGGEST: ("--auto-approve", "false"),
        Permissions.PERMISSIONLESS: ("--auto-approve", "true"),
    },
    resume=("cline", "--id", "{id}"),
    conversation_words=("--id",),
    habits=InputHabits(
        meaningful_starts="/",
        meaningful_last_words="@",
        commands=("clear", "compact", "help", "history", "mcp", "model", "quit", "settings", "skills"),
    ),
    quit=("/quit",),
    permission_dialog=AgentDialog(press=Press.RIGHT_ENTER),
    # What is pasted into its line for words of one's own does not come in.
    question_dialog=AgentDialog(press=Press.DOWN_ENTER),
    install="npm install -g cline",
)


def _readers() -> AgentReaders:
    from quarterdeck.agents import agent_readers, cline_files, cline_screen

    return agent_readers.AgentReaders(
        layout=cline_screen.LAYOUT,
        files=cline_files.live_files,
        transcripts=cline_files.ClineTranscript,
        conversations=cline_files.conversation,
    )


AGENT = CodingAgent(spec=SPEC, load=_readers)
