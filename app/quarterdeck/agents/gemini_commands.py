"""The slash commands that Gemini CLI and Qwen Code know: their own, and files of the operator's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.agents.command_files import command_names

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

GEMINI_COMMANDS = (
    "about", "agents", "auth", "bug", "chat", "clear", "new", "commands", "compress", "summarize", "compact", "copy",
    "directory", "dir", "docs", "editor", "extensions", "footer", "statusline", "gemma", "help", "hooks", "ide",
    "init", "mcp", "memory", "model", "permissions", "plan", "policies", "privacy", "quit", "exit", "restore",
    "resume", "rewind", "settings", "setup-github", "shells", "shortcuts", "skills", "stats", "usage", "tasks", "bg",
    "background", "terminal-setup", "theme", "tools", "upgrade", "vim", "voice",
)  # fmt: skip
QWEN_COMMANDS = (
    "about", "advisor", "agents", "approval-mode", "arena", "auth", "branch", "btw", "bug", "cd", "clear", "reset",
    "new", "compress", "summarize", "compress-fast", "config", "connect", "context", "continue", "copy", "curator",
    "delete", "diff", "directory", "dir", "docs", "doctor", "dream", "editor", "effort", "export", "extensions",
    "forget", "fork", "goal", "help", "history", "hooks", "ide", "import-config", "init", "insight", "language",
    "learn", "login", "lsp", "mcp", "memory", "model", "output-style", "peers", "permissions", "plan", "quit", "exit",
    "recap", "reload-plugins", "remember", "rename", "tag", "restore", "resume", "rewind", "rollback", "settings",
    "setup-github", "skills", "stats", "usage", "status", "statusline", "summary", "tasks", "terminal-setup", "theme",
    "tools", "update", "vim", "voice", "workflows",
)  # fmt: skip


def own_commands(folders: Iterable[Path], suffixes: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the commands that files in these folders are: `folder/sub/name.toml` is called `sub:name`."""
    return tuple(dict.fromkeys(name for folder in folders for name in command_names(folder, suffixes)))
