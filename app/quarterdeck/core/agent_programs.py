"""Which agent program a word, a command line or a name stands for, and how much context it holds."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from quarterdeck.core.session import DEFAULT_CONTEXT_LIMIT

if TYPE_CHECKING:
    from collections.abc import Mapping

SHELLS = frozenset({"sh", "bash", "zsh", "fish", "dash", "ksh", "mksh", "ash", "tcsh", "csh", "nu", "xonsh", "elvish"})

TOOL_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        alias: tool
        for tool, aliases in {
            "Claude Code": ("claude", "claude-code", "claude_code"),
            "Codex": ("codex", "codex-cli", "codex_cli"),
            "Gemini CLI": ("gemini", "gemini-cli", "gemini_cli"),
            "Grok": ("grok", "grok-cli", "grok_cli"),
            "Amp": ("amp",),
            "OpenCode": ("opencode", "open-code", "open_code"),
            "Aider": ("aider",),
            "Goose": ("goose",),
            "Cline": ("cline",),
            "Cursor": ("cursor",),
        }.items()
        for alias in aliases
    }
)
"""Program names, lower case, and the tool's name as shown."""

CONTEXT_LIMITS: Mapping[str, int] = MappingProxyType(
    {"Codex": 192_000} | dict.fromkeys(("Claude Code", "Amp", "Goose", "Cline", "Cursor"), 200_000)
)
"""Tokens, until the tool itself tells better; what is not listed has `DEFAULT_CONTEXT_LIMIT`."""

INTERPRETERS = frozenset(
    {"node", "nodejs", "bun", "deno", "npm", "npx", "pnpm", "yarn", "python", "python3", "uv", "uvx", "pipx", "ruby"}
)
"""Programs that run an agent under their own name, so that the name alone says nothing."""

_WRAPPING = "\"'`,;:()[]{}<>"


def detect_tool_name(text: str) -> str | None:
    """The tool whose program the first word of a text is."""
    words = text.split(maxsplit=1)
    if not words:
        return None
    program = words[0].strip(_WRAPPING).rpartition("/")[2].strip(_WRAPPING).lstrip("-").lower()
    return TOOL_ALIASES.get(program)


def detect_in_command_line(line: str) -> str | None:
    """The first tool that any word of a command line names, so that assignments and interpreters are passed over."""
    return next((tool for word in line.split() if (tool := detect_tool_name(word))), None)


def runs_tool(command: str) -> bool:
    """Whether a foreground command is, or may well be, an agent program."""
    return detect_in_command_line(command) is not None or command in INTERPRETERS


def context_limit_for_tool(tool: str | None) -> int:
    """Tokens that fit into a tool's context."""
    return CONTEXT_LIMITS.get(tool or "", DEFAULT_CONTEXT_LIMIT)
