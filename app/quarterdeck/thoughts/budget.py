"""A model that is asked only as often as the operator allows; what was spent outlives the process."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from quarterdeck.core.model_calls import Caps, Spending, spending_from
from quarterdeck.errors import BudgetSpent

if TYPE_CHECKING:
    from quarterdeck.ports.clock import Clock
    from quarterdeck.ports.store import Store
    from quarterdeck.ports.thinker import Answer, Subject, Thinker

KEY = "thoughts_budget"
CHARACTERS_PER_TOKEN = 4


def estimated_tokens(text: str) -> int:
    """Tokens of a text, where nobody counts them for us."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


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
        return spending_from(await self._store.get_meta(KEY))

    async def _keep(self, spending: Spending) -> None:
        await self._store.set_meta(KEY, spending.to_text())


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
