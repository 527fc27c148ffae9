"""Agents that are known by their descriptor alone, and the one for any command.

Without rules of their own, what they do is judged by movement and by their processes, and marked as such.
"""

from __future__ import annotations

import re

from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.agents.drafts import without_sign
from quarterdeck.agents.screen import Meaning, Parts, Region, ScreenLayout, ScreenRule, in_order
from quarterdeck.core.session import Confidence
from quarterdeck.ports.agent import AgentDialog, AgentSpec, Permissions, Press, PromptDelivery

_AIDER_PROMPT = re.compile(r"^(?:(?:ask|code|architect|context|help|multi|diff|udiff|whole|editor-\w+)\b ?)*> ?.*$")


def _aider_split(lines: tuple[str, ...]) -> Parts:
    """Aider prints like a shell: its prompt, when there is one, is the last line."""
    if lines and _AIDER_PROMPT.match(lines[-1]):
        return Parts(body=lines[:-1], box=lines[-1:])
    return Parts(body=lines)


AIDER = CodingAgent(
    spec=AgentSpec(
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
    ),
    layout=ScreenLayout(
        split=_aider_split,
        draft=lambda parts: without_sign(parts.box or (), re.compile(r"^(?:[\w-]+ ?)*>\s?")),
    ),
    screen_rules=in_order(
        (
            ScreenRule(
                id="aider.confirm",
                means=Meaning.PERMISSION,
                region=Region.LAST,
                pattern=re.compile(r"\(Y\)es/\(N\)o(?:/\([A-Z]\)[\w' ]+)*(?: \[[^\]]+\])?:\s*$"),
            ),
            ScreenRule(
                id="aider.waiting",
                means=Meaning.WORKING,
                region=Region.LAST,
                pattern=re.compile(r"^[░█ ]{2,}\s*(?:Waiting for|Generating|Updating) \S.*$"),
            ),
            ScreenRule(
                id="aider.prompt",
                means=Meaning.IDLE,
                region=Region.BODY,
                pattern=re.compile(r"\A"),
                confidence=Confidence.MEDIUM,
                needs_box=True,
            ),
        )
    ),
)

AMP = CodingAgent(
    spec=AgentSpec(
        key="amp",
        name="Amp",
        commands=("amp",),
        scripts=("/@sourcegraph/amp/",),
        context_limit=200_000,
        permission_flags={Permissions.PERMISSIONLESS: ("--dangerously-allow-all",)},
        model_flag=(),
        resume=("amp", "threads", "continue", "{id}"),
        install="npm install -g @sourcegraph/amp",
    )
)

GOOSE = CodingAgent(
    spec=AgentSpec(
        key="goose",
        name="Goose",
        commands=("goose",),
        context_limit=200_000,
        launch_flags=("session",),
        model_flag=(),
        resume=("goose", "session", "--resume", "--name", "{id}"),
        resume_latest=("goose", "session", "--resume"),
        quit=("/exit",),
        install="see the Goose documentation",
    )
)

CLINE = CodingAgent(
    spec=AgentSpec(
        key="cline",
        name="Cline",
        commands=("cline",),
        scripts=("/cline/",),
        context_limit=200_000,
        model_flag=(),
        install="npm install -g cline",
    )
)

CURSOR = CodingAgent(
    spec=AgentSpec(
        key="cursor",
        name="Cursor",
        commands=("cursor-agent", "cursor"),
        scripts=("/cursor-agent/",),
        context_limit=200_000,
        permission_flags={Permissions.PERMISSIONLESS: ("--force",)},
        prompt_delivery=PromptDelivery.ARGUMENT,
        prompt_flag=("--",),
        resume=("cursor-agent", "--resume", "{id}"),
        resume_latest=("cursor-agent", "resume"),
        install="see the Cursor CLI documentation",
    )
)

GROK = CodingAgent(
    spec=AgentSpec(
        key="grok",
        name="Grok",
        commands=("grok", "grok-cli", "grok_cli"),
        scripts=("/grok-cli/",),
        install="npm install -g @vibe-kit/grok-cli",
    )
)
