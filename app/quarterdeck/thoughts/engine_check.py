"""What `doctor` looks at in the engine of thoughts."""

from __future__ import annotations

import shlex
import shutil
from typing import TYPE_CHECKING

from quarterdeck.ports.doctor_check import CheckStatus, Finding
from quarterdeck.thoughts.configured_thinkers import key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quarterdeck.config.settings import Settings, ThoughtSettings


def engine_check(settings: Settings) -> Sequence[Finding]:
    """Whether the thought engine has what it needs. No model is asked."""
    thoughts = settings.thoughts
    if not thoughts.enabled:
        return (Finding("engine", CheckStatus.OK, "Thoughts are off."),)
    return (_ENGINES[thoughts.backend](thoughts),)


def _local(_: ThoughtSettings) -> Finding:
    return Finding("engine", CheckStatus.OK, "Thoughts are made on this machine; no model is asked.")


def _command(thoughts: ThoughtSettings) -> Finding:
    program = thoughts.command[0]
    if shutil.which(program) is None:
        return Finding(
            "engine",
            CheckStatus.FAIL,
            f"The program {program} for thoughts is not installed.",
            "quarterdeck config edit",
        )
    return Finding("engine", CheckStatus.OK, f"Thoughts come from `{shlex.join(thoughts.command)}`.")


def _openai(thoughts: ThoughtSettings) -> Finding:
    if not key_of(thoughts):
        return Finding(
            "engine",
            CheckStatus.WARN,
            f"Thoughts are asked of {thoughts.url} without a key.",
            "export QUARTERDECK_THOUGHTS_KEY=… unless it needs none",
        )
    return Finding("engine", CheckStatus.OK, f"Thoughts are asked of {thoughts.url}; words from panes go there.")


_ENGINES: dict[str, Callable[[ThoughtSettings], Finding]] = {"local": _local, "command": _command, "openai": _openai}
