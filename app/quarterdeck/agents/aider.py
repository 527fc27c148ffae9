"""Aider."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.ports.agent_spec import AgentDialog, AgentSpec, Permissions, Press, PromptDelivery

if TYPE_CHECKING:
    from quarterdeck.agents.agent_readers import AgentReaders

SPEC = AgentSpec(
    key="aider",
    name="Aider",
    commands=("aider",),
    scripts=("/aider/",),
    permission_flags={Permissions.AUTO_EDIT: ("--yes",), Permissions.PERMISSIONLESS: ("--yes-always",)},
    prompt_delivery=PromptDelivery.PASTE,
    quit=("/exit",),
    permission_dialog=AgentDialog(press=Press.TEXT_ENTER, cancel=("C-c",)),
    question_dialog=AgentDialog(press=Press.TEXT_ENTER, cancel=("C-c",)),
    install="pip install aider-chat",
)


def _readers() -> AgentReaders:
    from quarterdeck.agents.agent_readers import AgentReaders
    from quarterdeck.agents.screen import Parts, ScreenLayout

    prompt = re.compile(r"^(?:(?:ask|code|architect|context|help|multi|diff|udiff|whole|editor-\w+)\b ?)*> ?.*$")

    def split(lines: tuple[str, ...]) -> Parts:
        """Aider prints like a shell: its prompt, when there is one, is the last line."""
        if lines and prompt.match(lines[-1]):
            return Parts(body=lines[:-1], box=lines[-1:])
        return Parts(body=lines)

    return AgentReaders(layout=ScreenLayout(split=split))


AGENT = CodingAgent(spec=SPEC, load=_readers)
