"""The model that the settings name, and the thought engine's set-up with it.

It is asked only as often as the operator allows; what was spent outlives the process.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.model_calls import Cadence, Caps, Spending, estimated_tokens, spending_from
from quarterdeck.errors import BudgetSpent, ThinkerError
from quarterdeck.foreign_files import read_head
from quarterdeck.ports.doctor_check import CheckStatus, Finding
from quarterdeck.ports.thinker import EngineSetup

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from quarterdeck.config.settings import Settings, ThoughtSettings
    from quarterdeck.ports.clock import Clock
    from quarterdeck.ports.store import Store
    from quarterdeck.ports.thinker import Answer, Subject, Thinker

KEY_BYTES = 4_096
BUDGET_KEY = "thoughts_budget"


class Budget:
    """What was spent, shared by every process on one store."""

    def __init__(self, store: Store, clock: Clock, caps: Caps) -> None:
        self._store = store
        self._clock = clock
        self._caps = caps
        self._one_at_a_time = asyncio.Lock()

    async def reserve(self) -> None:
        """Count a call before it is made; raises BudgetSpent when there is no room for it."""
        async with self._one_at_a_time:
            now = self._clock.now().timestamp()
            spending = await self._spending()
            limit = spending.limit_reached(self._caps, now)
            if limit:
                raise BudgetSpent(f"No model is asked for now: {limit}.")
            await self._keep(spending.with_call(now))

    async def spend(self, tokens: int) -> None:
        """Count what a call cost."""
        async with self._one_at_a_time:
            now = self._clock.now().timestamp()
            await self._keep((await self._spending()).with_call(now, calls=0, tokens=tokens))

    async def in_words(self) -> str:
        """What was spent, for the operator."""
        return (await self._spending()).in_words(self._caps, self._clock.now().timestamp())

    async def _spending(self) -> Spending:
        return spending_from(await self._store.get_meta(BUDGET_KEY))

    async def _keep(self, spending: Spending) -> None:
        await self._store.set_meta(BUDGET_KEY, spending.to_text())


class Budgeted:
    """A thinker that is asked only while its budget has room."""

    def __init__(self, thinker: Thinker, budget: Budget) -> None:
        self._thinker = thinker
        self.budget = budget

    @property
    def name(self) -> str:
        """The name of the thinker behind the budget."""
        return self._thinker.name

    def prompt(self, subject: Subject) -> str:
        """What the thinker behind the budget would be asked."""
        return self._thinker.prompt(subject)

    async def think(self, prompt: str) -> Answer:
        """Ask, if there is room; what was sent counts even when no answer comes."""
        await self.budget.reserve()
        try:
            answer = await self._thinker.think(prompt)
        except Exception:
            await self.budget.spend(estimated_tokens(prompt))
            raise
        await self.budget.spend(answer.sent_tokens + answer.received_tokens)
        return answer

    async def models(self) -> list[str]:
        """The models that the thinker can be told to use; to list them costs nothing."""
        return await self._thinker.models()

    async def close(self) -> None:
        """Let go of what the thinker behind the budget holds."""
        await self._thinker.close()


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
        if thoughts.backend == "local":
            return None
        found: Thinker
        if thoughts.backend == "command":
            from quarterdeck.thoughts.thinkers import CommandThinker

            found = CommandThinker(thoughts, self.folder)
        else:
            from quarterdeck.thoughts.thinkers import OpenAiThinker

            found = OpenAiThinker(thoughts, lambda: key_of(thoughts, self.environ))
        return Budgeted(found, self._budget(thoughts))

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


def engine_check(settings: Settings) -> Sequence[Finding]:
    """For `doctor`: whether the thought engine has what it needs. No model is asked."""
    thoughts = settings.thoughts
    status, cure = CheckStatus.OK, ""
    if not thoughts.enabled:
        cause = "Thoughts are off."
    elif thoughts.backend == "local":
        cause = "Thoughts are made on this machine; no model is asked."
    elif thoughts.backend == "command":
        cause = f"Thoughts come from `{shlex.join(thoughts.command)}`."
        if shutil.which(thoughts.command[0]) is None:
            status, cure = CheckStatus.FAIL, "quarterdeck config edit"
            cause = f"The program {thoughts.command[0]} for thoughts is not installed."
    elif key_of(thoughts):
        cause = f"Thoughts are asked of {thoughts.url}; words from panes go there."
    else:
        status, cure = CheckStatus.WARN, "export QUARTERDECK_THOUGHTS_KEY=… unless it needs none"
        cause = f"Thoughts are asked of {thoughts.url} without a key."
    return (Finding("engine", status, cause, cure),)
