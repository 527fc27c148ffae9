"""Codex."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.core.typed_text import InputHabits
from quarterdeck.ports.agent_spec import (
    AgentDialog,
    AgentSpec,
    HookKind,
    Permissions,
    Press,
    PromptDelivery,
    ServiceSign,
)

if TYPE_CHECKING:
    from quarterdeck.agents.agent_readers import AgentReaders

CODEX_COMMANDS = (
    "agent", "agents", "approve", "archive", "btw", "cd", "clear", "compact", "config", "copy", "daemon",
    "debug-config", "delete", "diff", "exit", "experimental", "export", "feedback", "fork", "goal", "hooks", "ide",
    "import", "init", "keymap", "logout", "mcp", "memories", "mention", "model", "new", "permissions", "pets", "plan",
    "plugins", "presets", "ps", "pwd", "quit", "raw", "rc", "recap", "rename", "resume", "review", "side", "skills",
    "status", "statusline", "stop", "subagents", "theme", "title", "tui", "vim", "voice", "warnings", "worktree",
)  # fmt: skip
"""Those that 0.171.0 lists, and the other names that it takes for them."""

SPEC = AgentSpec(
    key="codex",
    name="Codex",
    commands=("codex", "codex-cli", "codex_cli"),
    scripts=("/@openai/codex/", "/@openai/codex-"),
    context_limit=192_000,
    launch_flags=("-c", "check_for_update_on_startup=false"),
    permission_flags={
        Permissions.SUGGEST: ("--ask-for-approval", "on-request", "--sandbox", "read-only"),
        Permissions.AUTO_EDIT: ("--ask-for-approval", "never", "--sandbox", "workspace-write"),
        Permissions.PERMISSIONLESS: ("--dangerously-bypass-approvals-and-sandbox",),
    },
    model_extras=dict.fromkeys(("o3", "o4"), ("-c", "model_reasoning_effort=high")),
    prompt_delivery=PromptDelivery.ARGUMENT,
    prompt_flag=("--",),
    system_flag=("-c", "developer_instructions={json}"),
    resume=("codex", "resume", "{flags}", "{id}"),
    resume_latest=("codex", "resume", "{flags}", "--last"),
    conversation_words=("resume",),
    # A last `@word` has a file picked, a last `$word` a skill: Enter takes what is picked.
    habits=InputHabits(meaningful_starts="!/", meaningful_last_words="@$", commands=CODEX_COMMANDS),
    # Enter would break into the turn.
    queue_key="Tab",
    quit=("/quit",),
    home_variables=("CODEX_HOME",),
    service_signs=(ServiceSign("CODEX_HOME", ".codex", "app-server-control/app-server-control.sock"),),
    hooks=HookKind.SETTINGS,
    skill_folder=".codex/skills",
    permission_dialog=AgentDialog(press=Press.NUMBER, arrows=r"Trust this folder\?|Hooks need review"),
    question_dialog=AgentDialog(press=Press.NUMBER, own_words=r"^None of the above", own_words_keys=("Tab",)),
    install="npm install -g @openai/codex",
)


def _readers() -> AgentReaders:
    from quarterdeck.agents import (
        agent_readers,
        claude_reports,
        codex_panes,
        codex_screen,
        codex_service,
        codex_transcript,
        hooks,
    )

    return agent_readers.AgentReaders(
        layout=codex_screen.LAYOUT,
        titles_work=True,
        reports=claude_reports.read_codex,
        # None at launch: an unreviewed hook would stop the start with a question, and the flag against that trusts the
        # repository's hooks too. Codex's title and rollout tell every state.
        hooks=hooks.JsonHooks(
            agent=SPEC.key,
            file=lambda home: codex_transcript.config_folder(home) / "hooks.json",
            events=claude_reports.CODEX_HOOKS,
            own_shell=True,
            note="Codex runs new hooks only after you have reviewed them: it asks at its next start.",
        ),
        transcripts=codex_transcript.transcript,
        conversations_by_title=codex_panes.shown_conversation,
        conversation_status=codex_panes.status,
        service=codex_service.CodexService(),
    )


AGENT = CodingAgent(spec=SPEC, load=_readers)
