"""Thoughts from any program that reads a prompt on its standard input and prints one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.redact import safe_summary
from quarterdeck.core.text import clean
from quarterdeck.errors import ProgramError, ThinkerError
from quarterdeck.ports.thinker import Answer
from quarterdeck.process import run
from quarterdeck.thoughts.budget import estimated_tokens
from quarterdeck.thoughts.prompt import build

if TYPE_CHECKING:
    from pathlib import Path

    from quarterdeck.config.settings import ThoughtSettings
    from quarterdeck.ports.thinker import Subject

OUTPUT_BYTES = 64 * 1024
"""A thought is one line; what comes behind this is not read."""
FAULT_LENGTH = 160
MODEL = "{model}"


class CommandThinker:
    """Starts the program once for each thought."""

    def __init__(self, thoughts: ThoughtSettings, cwd: Path | None = None) -> None:
        self._thoughts = thoughts
        self._argv = [part.replace(MODEL, thoughts.model) for part in thoughts.command]
        self._cwd = cwd

    @property
    def name(self) -> str:
        """The program's name."""
        return self._argv[0].rpartition("/")[2]

    def prompt(self, subject: Subject) -> str:
        """The words the program would read."""
        thoughts = self._thoughts
        return build(subject, for_agents=thoughts.agent_prompt, for_terminals=thoughts.terminal_prompt)

    async def think(self, prompt: str) -> Answer:
        """Run the program; an exit code other than 0 is a failure, whatever it printed."""
        # In a folder of ours: an agent's program would take a project's own instructions for its own.
        cwd = self._cwd if self._cwd is not None and self._cwd.is_dir() else None
        timeout = self._thoughts.timeout_seconds
        try:
            result = await run(self._argv, timeout=timeout, input=prompt, cwd=cwd, limit_bytes=OUTPUT_BYTES)
        except ProgramError as error:
            raise ThinkerError(error.message, hint=error.hint) from error
        if not result.ok:
            words = next((line for line in reversed(result.err.splitlines()) if line.strip()), "")
            why = f": {clean(safe_summary(words), FAULT_LENGTH)}" if words else "."
            raise ThinkerError(f"{self.name} ended with code {result.code}{why}")
        line = next((line for line in result.out.splitlines() if line.strip()), "")
        return Answer(line, estimated_tokens(prompt), estimated_tokens(line))

    async def models(self) -> list[str]:
        """A program has no list we could ask for."""
        return []

    async def close(self) -> None:
        """Do nothing: each thought is a program of its own, which has ended."""
