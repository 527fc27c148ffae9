"""What an agent runs besides itself: agents of its own, and commands that it left running in the background."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.pane import PaneId  # noqa: TC001 — read at run time, with what is kept
from quarterdeck.core.times import AwareTime  # noqa: TC001 — the same
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

MOST_SUBAGENTS = 50
SUBAGENT_THOUGHT_LENGTH = 160


class SubagentState(StrEnum):
    """What a subagent is doing, in the words of a session's state; one that has ended is no longer told of."""

    BUSY = "busy"
    IDLE = "idle"
    """It has done what it was asked, and waits for its leader."""
    ATTENTION = "attention"
    """It asks the operator, in the pane of its leader."""


class Subagent(Struct, frozen=True, kw_only=True):
    """One of them. The fields up to `thought` are what scripts get."""

    name: str
    """What its agent calls it; `shell` for a command."""
    state: SubagentState = SubagentState.BUSY
    thought: str | None = None
    """What it does; of a command, that command."""

    key: str = ""
    """The agent's own id of it."""
    pane_id: PaneId | None = None
    """The pane of a teammate that has one of its own, and with that a row."""
    team: str = ""
    """The team that a teammate is in; "" for all others, which end when they have done what they were asked."""
    folder: str = ""
    """Of one that runs several: where these write, below the folder of all."""
    is_command: bool = False
    """Whether it is a command, and no agent."""
    depth: int = 0
    """How many subagents stand between it and the agent."""
    since: AwareTime | None = None
    """When it began, where that was told."""


def running(
    subagents: Sequence[Subagent], *, asking: str = "", request: str = "", since: datetime | None = None
) -> tuple[Subagent, ...]:
    """Those of one run of an agent, as its row tells of them.

    What began before that run has ended with the one before, and only a teammate rests without having ended.
    `asking` is the key of the one behind an open `request`.
    """
    told = [
        each
        for each in subagents
        if (since is None or each.since is None or each.since >= since)
        and (each.team or each.state is not SubagentState.IDLE)
    ]
    return tuple(
        replace(each, state=SubagentState.ATTENTION, thought=each.thought or request)
        if asking and each.key == asking
        else each
        for each in told[-MOST_SUBAGENTS:]
    )


def hidden_work(subagents: Sequence[Subagent]) -> int:
    """How many of them work or ask without a row of their own to show it."""
    return sum(each.state is not SubagentState.IDLE and each.pane_id is None for each in subagents)


def teammates(subagents: Sequence[Subagent]) -> Mapping[PaneId, str]:
    """The teammates that have panes of their own: pane → name."""
    return {each.pane_id: each.name for each in subagents if each.pane_id is not None}
