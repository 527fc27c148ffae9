"""Programs that say nothing by their own name: shells, and those that run another program."""

from __future__ import annotations

SHELLS = frozenset({"sh", "bash", "zsh", "fish", "dash", "ksh", "mksh", "ash", "tcsh", "csh", "nu", "xonsh", "elvish"})
WRAPPER = "sh"
"""The shell that stands around an agent that we started, and ends with it."""

INTERPRETERS = frozenset(
    {"node", "nodejs", "bun", "deno", "tsx", "ts-node", "python", "pypy", "ruby"}
    | {"npx", "bunx", "uvx", "pipx", "npm", "pnpm", "yarn", "uv"}
)
"""Programs that run another one under their own name, without the version that may stand behind it."""


def is_interpreter(name: str) -> bool:
    """Whether a program runs others under its own name, so that this says nothing: `python3.11`."""
    return name.rstrip("0123456789.") in INTERPRETERS
