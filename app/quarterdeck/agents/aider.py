"""Aider."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.core.typed_text import InputHabits
from quarterdeck.ports.agent_spec import AgentDialog, AgentSpec, Permissions, Press, PromptDelivery

if TYPE_CHECKING:
    from quarterdeck.agents.agent_readers import AgentReaders

AIDER_COMMANDS = """
add architect ask chat-mode clear code commit context copy copy-context diff drop edit editor editor-model exit git help
lint load ls map map-refresh model models multiline-mode ok paste quit read-only reasoning-effort report reset run save
settings test think-tokens tokens undo voice weak-model web
"""
"""Its own slash commands (0.86.2)."""
SPEC = AgentSpec(
    key="aider",
    name="Aider",
    commands=("aider",),
    scripts=("/aider/",),
    permission_flags={Permissions.AUTO_EDIT: ("--yes",), Permissions.PERMISSIONLESS: ("--yes-always",)},
    prompt_delivery=PromptDelivery.PASTE,
    submits_once=True,
    habits=InputHabits(meaningful_starts="!/{", commands=tuple(AIDER_COMMANDS.split())),
    quit=("/exit",),
    permission_dialog=AgentDialog(press=Press.TEXT_ENTER, cancel=("C-c",)),
    question_dialog=AgentDialog(press=Press.TEXT_ENTER, cancel=("C-c",)),
    install="pip install aider-chat",
)


def _readers() -> AgentReaders:
    from quarterdeck.agents.agent_readers import AgentReaders
    from quarterdeck.agents.aider_history import AiderTranscript
    from quarterdeck.agents.screen import DialogText, Parts, ScreenLayout

    prompt = re.compile(r"^(?:(?:ask|code|architect|context|help|multi|diff|udiff|whole|editor-\w+)\b ?)*> ?.*$")
    confirm = re.compile(r"^(?P<asked>.*?)(?P<choices>\(Y\)es/\(N\)o(?:/\([A-Z]\)[\w' ]+)*)(?: \[[^\]]+\])?:$")
    choice = re.compile(r"\(([A-Z])\)([\w']+)")

    def split(lines: tuple[str, ...]) -> Parts:
        """Aider prints like a shell: its prompt or its question, when there is one, is the last line."""
        if lines and prompt.match(lines[-1]):
            return Parts(body=lines[:-1], box=lines[-1:])
        asks = confirm.match(lines[-1]) if lines else None
        if asks is None:
            return Parts(body=lines)
        # What it is about stands above, up to a blank line.
        top = next((at for at in range(len(lines) - 2, -1, -1) if not lines[at].strip()), -1) + 1
        question = "\n".join((*lines[top:-1], asks["asked"].strip()))
        # It takes the first word of a choice, or its letter.
        choices = tuple(f"{letter}{rest}" for letter, rest in choice.findall(asks["choices"]))
        return Parts(body=lines[:top], dialog=DialogText(question, choices, asks["choices"]))

    return AgentReaders(layout=ScreenLayout(split=split), transcripts=AiderTranscript)


AGENT = CodingAgent(spec=SPEC, load=_readers)
