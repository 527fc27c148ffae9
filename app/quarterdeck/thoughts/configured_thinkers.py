"""The model that the settings name, behind its budget, and the thought engine's set-up with it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.model_calls import Cadence, Caps
from quarterdeck.errors import ThinkerError
from quarterdeck.foreign_files import read_head
from quarterdeck.ports.thinker import EngineSetup
from quarterdeck.thoughts.budget import Budget, Budgeted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from quarterdeck.config.settings import ThoughtSettings
    from quarterdeck.ports.clock import Clock
    from quarterdeck.ports.store import Store
    from quarterdeck.ports.thinker import Thinker

KEY_BYTES = 4_096


class ConfiguredThinkers(Struct, frozen=True):
    """Implements ports.thinker.Thinkers, with what a thinker needs beside its settings."""

    store: Store
    clock: Clock
    folder: Path
    """Where programs are started."""
    environ: Mapping[str, str]

    def setup(self, thoughts: ThoughtSettings) -> EngineSetup:
        """How the engine is to work."""
        return EngineSetup(
            is_enabled=thoughts.enabled,
            thinker=self.thinker(thoughts),
            cadence=Cadence(
                tick=thoughts.tick_seconds,
                hot=thoughts.cadence_hot_seconds,
                warm=thoughts.cadence_warm_seconds,
                cold=thoughts.cadence_cold_seconds,
            ),
            concurrency=thoughts.concurrency,
        )

    def thinker(self, thoughts: ThoughtSettings) -> Budgeted | None:
        """The model that the settings name, behind its budget; None where none is to be asked."""
        found = _BACKENDS[thoughts.backend](thoughts, self)
        return Budgeted(found, self._budget(thoughts)) if found is not None else None

    async def spent(self, thoughts: ThoughtSettings) -> str:
        """What thoughts have cost, and may cost, in words."""
        return await self._budget(thoughts).in_words()

    def _budget(self, thoughts: ThoughtSettings) -> Budget:
        caps = Caps(
            calls_per_hour=thoughts.calls_per_hour,
            calls_per_day=thoughts.calls_per_day,
            tokens_per_hour=thoughts.tokens_per_hour,
            tokens_per_day=thoughts.tokens_per_day,
        )
        return Budget(self.store, self.clock, caps)


def _local(thoughts: ThoughtSettings, given: ConfiguredThinkers) -> None:
    return None


def _command(thoughts: ThoughtSettings, given: ConfiguredThinkers) -> Thinker:
    from quarterdeck.thoughts.command import CommandThinker

    return CommandThinker(
        thoughts.command,
        timeout=thoughts.timeout_seconds,
        model=thoughts.model,
        cwd=given.folder,
        for_agents=thoughts.agent_prompt,
        for_terminals=thoughts.terminal_prompt,
    )


def _openai(thoughts: ThoughtSettings, given: ConfiguredThinkers) -> Thinker:
    from quarterdeck.thoughts.openai import OpenAiThinker

    return OpenAiThinker(
        thoughts.url,
        timeout=thoughts.timeout_seconds,
        key=lambda: key_of(thoughts, given.environ),
        model=thoughts.model,
        for_agents=thoughts.agent_prompt,
        for_terminals=thoughts.terminal_prompt,
    )


_BACKENDS: dict[str, Callable[[ThoughtSettings, ConfiguredThinkers], Thinker | None]] = {
    "local": _local,
    "command": _command,
    "openai": _openai,
}


def key_of(thoughts: ThoughtSettings, environ: Mapping[str, str] = os.environ) -> str:
    """The endpoint's key, from wherever the settings say; "" where there is none."""
    if thoughts.key.get_secret_value():
        return thoughts.key.get_secret_value()
    if thoughts.key_variable and environ.get(thoughts.key_variable):
        return environ[thoughts.key_variable]
    if thoughts.key_file is None:
        return ""
    try:
        return read_head(thoughts.key_file, KEY_BYTES).decode("utf-8", "replace").strip()
    except OSError as error:
        raise ThinkerError(f"The key file {thoughts.key_file} cannot be read: {error.strerror}.") from error
