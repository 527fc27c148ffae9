"""What is asked of an agent's own service: its conversations, and a way to each that needs no screen and no keys."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from quarterdeck.core.detached_row import AgentConversation
    from quarterdeck.ports.agent_process import AgentHome, Program


class ConversationTarget(Struct, frozen=True, kw_only=True):
    """The conversation that is meant, and the process that shows it."""

    conversation: str
    home: AgentHome | None = None
    """None = our own environment."""
    cwd: str = ""
    program: Program | None = None
    """The process whose terminal shows it; None = it runs without one."""


class ServiceOutcome(StrEnum):
    """What came of a request to an agent's service."""

    DONE = "done"
    """It has it."""
    QUEUED = "queued"
    """It has it, and takes it when its turn is over."""
    UNKNOWN = "unknown"
    """It was asked and did not confirm: it must not be asked again by itself."""
    REFUSED = "refused"
    """It said no, and nothing was done."""
    UNAVAILABLE = "unavailable"
    """It has no such way, or does not answer, and nothing was done: screen and keys are left."""


NOTHING_DONE = frozenset({ServiceOutcome.REFUSED, ServiceOutcome.UNAVAILABLE})


class ServiceReceipt(Struct, frozen=True):
    """What an agent's service answered."""

    outcome: ServiceOutcome
    evidence: str = ""
    """What it said, in plain words."""


class AgentService(Protocol):
    """An agent's own service. Everything blocks for a short, bounded time: call it from a thread.

    Nothing but `send`, `answer` and `stop` changes anything, or starts anything.
    """

    def conversations(self, home: AgentHome | None, *, at: datetime) -> Sequence[AgentConversation] | None:
        """Those that are alive and that no terminal shows; none when it does not run, None when it does not answer."""

    def send(self, target: ConversationTarget, text: str) -> ServiceReceipt:
        """Hand over a message as the operator's next prompt."""

    def answer(self, target: ConversationTarget, question: str, positions: Sequence[int], words: str) -> ServiceReceipt:
        """Answer the open question or permission by the positions of its choices (from 0), or in own words.

        Refused when what is asked now is not `question`.
        """

    def stop(self, target: ConversationTarget) -> ServiceReceipt:
        """End the conversation's process or work; what was said stays."""

    def attach(self, target: ConversationTarget) -> tuple[str, ...]:
        """The command line that shows it in a terminal; empty when there is none."""
