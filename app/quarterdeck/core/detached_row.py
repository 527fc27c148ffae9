"""The row of an agent that no pane shows, made of what its own service says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.pane import TmuxSessionId
from quarterdeck.core.reading import evidence_of, rest_state_from_idle
from quarterdeck.core.session import ASKING, Ask, RowKind
from quarterdeck.core.text import clean
from quarterdeck.values import replace

if TYPE_CHECKING:
    from datetime import datetime

    from quarterdeck.core.reading import Reading
    from quarterdeck.core.session import Session, ShownAgent

DETACHED = "detached"
"""Stands in place of a tmux server's address, and of its run: these rows are the same for every server."""
THOUGHT_LENGTH = 300


class AgentConversation(Struct, frozen=True, kw_only=True):
    """One conversation that an agent holds by itself, as its service or its files tell of it."""

    conversation: str
    """The agent's own id of it."""
    reading: Reading
    """What the agent does in it, with what it asks."""
    cwd: str = ""
    name: str = ""
    """What the agent or its operator calls it."""
    thought: str = ""
    """What it is about or said last, in the agent's words."""
    model: str = ""
    tokens: int | None = None
    context_limit: int | None = None
    updated_at: datetime | None = None


def detached_row(
    before: Session, key: str, name: str, agent: ShownAgent, told: AgentConversation, now: datetime
) -> Session:
    """The row with what its service says now, the same where that is nothing new; `key` is in place of tmux's id."""
    reading, active_at = told.reading, told.updated_at or told.reading.at
    after = replace(
        before,
        kind=RowKind.DETACHED,
        tmux_name=name,
        tmux_id=TmuxSessionId(key),
        incarnation=DETACHED,
        state=reading.state,
        state_evidence=evidence_of(reading),
        needs=reading.needs,
        asks=_ask(before, reading),
        cwd=told.cwd or before.cwd,
        tool=agent.name,
        agent=agent.key,
        runs_agent=True,
        conversation=told.conversation,
        thought=clean(told.thought, THOUGHT_LENGTH) or None,
        model=told.model or before.model,
        token_count=told.tokens or before.token_count,
        context_limit=told.context_limit or agent.context_limit,
        last_activity_at=active_at,
        rest_state=rest_state_from_idle(reading.state, active_at, now),
        is_stale=False,
    )
    return before if after == before else after


def _ask(before: Session, reading: Reading) -> Ask | None:
    if reading.needs is None or reading.needs not in ASKING:
        return None
    is_known = before.asks is not None and before.asks.text == reading.question
    return Ask(
        kind=reading.needs,
        text=reading.question,
        choices=reading.choices,
        since=before.asks.since if before.asks is not None and is_known else reading.at,
        several=bool(reading.ticks),
    )
