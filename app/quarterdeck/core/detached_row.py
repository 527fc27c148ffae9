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


class Served(Struct, frozen=True, kw_only=True):
    """What an agent's service says of one conversation."""

    key: str
    """What tells it from every other one; stands in place of tmux's own id."""
    name: str
    agent: ShownAgent
    conversation: str
    reading: Reading
    cwd: str = ""
    thought: str = ""
    model: str = ""
    tokens: int | None = None
    context_limit: int | None = None
    active_at: datetime


def detached_row(before: Session, served: Served, now: datetime) -> Session:
    """The row with what the service says now; the very same row where that is nothing new."""
    reading = served.reading
    after = replace(
        before,
        kind=RowKind.DETACHED,
        tmux_name=served.name,
        tmux_id=TmuxSessionId(served.key),
        incarnation=DETACHED,
        state=reading.state,
        state_evidence=evidence_of(reading),
        needs=reading.needs,
        asks=_ask(before, reading),
        cwd=served.cwd or before.cwd,
        tool=served.agent.name,
        agent=served.agent.key,
        runs_agent=True,
        conversation=served.conversation,
        thought=clean(served.thought, THOUGHT_LENGTH) or None,
        model=served.model or before.model,
        token_count=served.tokens or before.token_count,
        context_limit=served.context_limit or served.agent.context_limit,
        last_activity_at=served.active_at,
        rest_state=rest_state_from_idle(reading.state, served.active_at, now),
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
