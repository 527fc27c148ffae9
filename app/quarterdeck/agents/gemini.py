"""Gemini CLI."""

from __future__ import annotations

from dataclasses import replace

from quarterdeck.agents import gemini_screen, gemini_transcript
from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.agents.gemini_reports import GEMINI, read_gemini
from quarterdeck.agents.hooks import JsonHooks
from quarterdeck.ports.agent import AgentSpec, Dialog, HookKind, Launch, LaunchPlan, Permissions, Press, PromptDelivery

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


def _with_defaults(plan: LaunchPlan, wanted: Launch, hooks: str) -> LaunchPlan:
    """Hooks of all settings files are joined; the file of lowest rank can be named in the environment."""
    assert wanted.files is not None
    file = wanted.files / "gemini-defaults.json"
    env = {**plan.env, "GEMINI_CLI_SYSTEM_DEFAULTS_PATH": str(file)}
    return replace(plan, env=env, files={**plan.files, file: hooks})


HOOKS = JsonHooks(
    agent="gemini",
    file=lambda home: gemini_transcript.config_folder(home) / "settings.json",
    events=tuple(GEMINI),
    matcher="*",
    named=True,
    milliseconds=True,
    launch=_with_defaults,
)

AGENT = CodingAgent(
    spec=SPEC,
    layout=gemini_screen.LAYOUT,
    screen_rules=gemini_screen.RULES,
    title_rules=gemini_screen.TITLES,
    reports=read_gemini,
    hooks=HOOKS,
    transcripts=gemini_transcript.transcript,
)
