"""GitHub Copilot CLI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.core.typed_text import InputHabits
from quarterdeck.ports.agent_spec import AgentDialog, AgentSpec, Permissions, Press, PromptDelivery

if TYPE_CHECKING:
    from quarterdeck.agents.agent_readers import AgentReaders

SPEC = AgentSpec(
    key="copilot",
    name="Copilot CLI",
    commands=("copilot", "copilot-cli"),
    scripts=("/@github/copilot",),
    context_limit=128_000,
    permission_flags={
        Permissions.AUTO_EDIT: ("--allow-tool=write",),
        Permissions.PERMISSIONLESS: ("--allow-all",),
    },
    prompt_delivery=PromptDelivery.ARGUMENT,
    prompt_flag=("--interactive={text}",),
    session_id_flag=("--session-id",),
    resume=("copilot", "--resume={id}"),
    resume_latest=("copilot", "--continue"),
    conversation_words=("--session-id", "--resume", "-r"),
    habits=InputHabits(
        meaningful_starts="!/",
        # It cuts blanks off before it looks for a `!`; this one has no width and stays.
        guard_before="\u200b",
        meaningful_last_words="@",
        commands=("clear", "compact", "context", "diff", "help", "model", "new", "plan", "resume", "usage"),
    ),
    # Enter would break into the turn.
    queue_key="C-q",
    quit=("/exit",),
    home_variables=("COPILOT_HOME",),
    skill_folder=".copilot/skills",
    # The number of the last one opens a line to write in; without words it is refused with Escape, which ends the turn.
    permission_dialog=AgentDialog(press=Press.NUMBER, own_words=r"^(?:No, and tell Copilot|Suggest changes)"),
    question_dialog=AgentDialog(
        press=Press.DOWN_ENTER,
        own_words=r"^Other \(type your answer",
        own_words_keys=("End",),
        tick=("Space",),
        several_done=("Enter",),
    ),
    install="npm install -g @github/copilot",
)


def _readers() -> AgentReaders:
    from quarterdeck.agents import agent_readers, copilot_screen, copilot_transcript

    # No hooks: it writes every turn, permission and answer into the session's file at once.
    return agent_readers.AgentReaders(
        layout=copilot_screen.LAYOUT,
        transcripts=copilot_transcript.transcript,
        conversations=copilot_transcript.conversation,
    )


AGENT = CodingAgent(spec=SPEC, load=_readers)
