"""Aider."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.core.session import Confidence
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
    from quarterdeck.agents.screen import Meaning, Parts, Region, ScreenLayout, ScreenRule, in_order

    prompt = re.compile(r"^(?:(?:ask|code|architect|context|help|multi|diff|udiff|whole|editor-\w+)\b ?)*> ?.*$")

    def split(lines: tuple[str, ...]) -> Parts:
        """Aider prints like a shell: its prompt, when there is one, is the last line."""
        if lines and prompt.match(lines[-1]):
            return Parts(body=lines[:-1], box=lines[-1:])
        return Parts(body=lines)

    layout = ScreenLayout(split, sign=r"^(?:[\w-]+ ?)*>\s?")
    rules = in_order((
        ScreenRule("aider.confirm", Meaning.PERMISSION, Region.LAST,
                   r"\(Y\)es/\(N\)o(?:/\([A-Z]\)[\w' ]+)*(?: \[[^\]]+\])?:\s*$"),
        ScreenRule("aider.waiting", Meaning.WORKING, Region.LAST,
                   r"^[░█ ]{2,}\s*(?:Waiting for|Generating|Updating) \S.*$"),
        ScreenRule("aider.prompt", Meaning.IDLE, Region.BODY, r"\A", confidence=Confidence.MEDIUM, needs_box=True),
    ))  # fmt: skip
    return AgentReaders(layout=layout, screen_rules=rules)


AGENT = CodingAgent(spec=SPEC, load=_readers)
