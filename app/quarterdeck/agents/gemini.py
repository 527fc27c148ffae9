"""Gemini CLI."""

from __future__ import annotations

from quarterdeck.agents import gemini_screen, gemini_transcript
from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.agents.gemini_reports import read_gemini
from quarterdeck.ports.agent import AgentSpec, Dialog, HookKind, Permissions, Press, PromptDelivery

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
    quit=("/quit",),
    hooks=HookKind.SETTINGS,
    permission_dialog=Dialog(press=Press.NUMBER),
    question_dialog=Dialog(press=Press.NUMBER),
    install="npm install -g @google/gemini-cli",
)

AGENT = CodingAgent(
    spec=SPEC,
    layout=gemini_screen.LAYOUT,
    screen_rules=gemini_screen.RULES,
    title_rules=gemini_screen.TITLES,
    reports=read_gemini,
    transcripts=gemini_transcript.transcript,
)
