"""pi."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.core.typed_text import InputHabits
from quarterdeck.ports.agent_spec import AgentDialog, AgentSpec, Press, PromptDelivery

if TYPE_CHECKING:
    from quarterdeck.agents.agent_readers import AgentReaders

SPEC = AgentSpec(
    key="pi",
    name="pi",
    commands=("pi",),
    scripts=("/@earendil-works/pi-coding-agent/", "/@mariozechner/pi-coding-agent/"),
    # It asks for no leave by itself, so it has no flags for that.
    # On its command line a prompt that begins with `-` or `@` would be taken for something else.
    prompt_delivery=PromptDelivery.PASTE,
    system_flag=("--append-system-prompt", "{text}"),
    resume=("pi", "--session", "{id}"),
    resume_latest=("pi", "--continue"),
    conversation_words=("--session",),
    habits=InputHabits(
        meaningful_starts="!/",
        # It cuts blanks off before it looks for a `!`; this one has no width and stays.
        guard_before="\u200b",
        commands=(
            "changelog", "clone", "compact", "copy", "debug", "export", "fork", "hotkeys", "import", "login", "logout",
            "model", "name", "new", "quit", "reload", "resume", "scoped-models", "session", "settings", "share", "tree",
        ),
    ),
    # Enter would break into the turn.
    queue_key="M-Enter",
    quit=("/quit",),
    home_variables=("PI_CODING_AGENT_DIR", "PI_CODING_AGENT_SESSION_DIR"),
    skill_folder=".pi/agent/skills",
    permission_dialog=AgentDialog(press=Press.DOWN_ENTER),
    question_dialog=AgentDialog(press=Press.DOWN_ENTER),
    install="npm install -g @earendil-works/pi-coding-agent",
)  # fmt: skip


def _readers() -> AgentReaders:
    from quarterdeck.agents import agent_readers, pi_screen, pi_shown, pi_transcript

    return agent_readers.AgentReaders(
        layout=pi_screen.LAYOUT,
        colours=pi_screen.by_colour,
        transcripts=pi_transcript.transcript,
        conversations_by_screen=pi_shown.ShownSessions().conversation,
    )


AGENT = CodingAgent(spec=SPEC, load=_readers)
