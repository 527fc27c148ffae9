"""Mistral Vibe."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.ports.agent_spec import AgentDialog, AgentSpec, Permissions, Press, PromptDelivery

if TYPE_CHECKING:
    from quarterdeck.agents.agent_readers import AgentReaders
    from quarterdeck.agents.screen import Parts

SPEC = AgentSpec(
    key="vibe",
    name="Mistral Vibe",
    commands=("vibe", "mistral-vibe", "vibe-rs"),
    scripts=("/vibe/_bin/",),
    context_limit=200_000,
    model_flag=(),
    permission_flags={
        Permissions.SUGGEST: ("--agent", "ask"),
        Permissions.AUTO_EDIT: ("--agent", "accept-edits"),
        Permissions.PERMISSIONLESS: ("--auto-approve",),
    },
    prompt_delivery=PromptDelivery.ARGUMENT,
    prompt_flag=("--",),
    resume=("vibe", "--resume", "{id}"),
    resume_latest=("vibe", "--continue"),
    conversation_words=("--resume",),
    quit=("/exit",),
    home_variables=("VIBE_HOME",),
    permission_dialog=AgentDialog(press=Press.DOWN_ENTER),
    question_dialog=AgentDialog(press=Press.DOWN_ENTER),
    install="uv tool install mistral-vibe",
)

_RULE_LINE = re.compile(r"^─{8,}")
_CHOICE = re.compile(r"^\s*\d{1,2}\. (.+?)(?: - .*)?$")
_FRAMED = re.compile(r"^│ ?(.*?)\s*│$")
FOOT_LINES = 2


def split(lines: tuple[str, ...]) -> Parts:
    """A dialog is a frame over the last line; else the prompt box stands there, between two rules."""
    from quarterdeck.agents.dialogs import question_text
    from quarterdeck.agents.screen import DialogText, Parts

    bottom = next((at for at in range(len(lines) - 1, -1, -1) if lines[at].startswith("└─")), -1)
    if 0 <= len(lines) - 1 - bottom <= FOOT_LINES and bottom > 0:
        top = next((at for at in range(bottom, -1, -1) if lines[at].startswith("┌─")), 0)
        inside = [_FRAMED.sub(r"\1", line) for line in lines[top + 1 : bottom]]
        found = [(at, choice[1]) for at, line in enumerate(inside) if (choice := _CHOICE.match(line))]
        if found:
            asked, after = question_text(inside[: found[0][0]]), inside[found[-1][0] + 1 :]
            hint = "\n".join(line.strip() for line in after if line.strip())
            return Parts(body=lines[:top], dialog=DialogText(asked, tuple(label for _, label in found), hint))
    rules = [at for at, line in enumerate(lines) if _RULE_LINE.match(line)][-2:]
    is_box = len(rules) == 2 and lines[rules[0] + 1].startswith(">") and len(lines) - rules[1] - 1 <= FOOT_LINES
    if not is_box:
        return Parts(body=lines)
    return Parts(body=lines[: rules[0]], box=lines[rules[0] + 1 : rules[1]], foot=lines[rules[1] + 1 :])


def _readers() -> AgentReaders:
    from quarterdeck.agents.agent_readers import AgentReaders
    from quarterdeck.agents.screen import ScreenLayout

    return AgentReaders(layout=ScreenLayout(split=split))


AGENT = CodingAgent(spec=SPEC, load=_readers)
