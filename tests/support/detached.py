"""An agent's service that holds conversations which no pane shows, and answers what a test tells it to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.core.detached_row import AgentConversation
from quarterdeck.core.reading import Reading
from quarterdeck.core.session import Confidence, Need, SessionState, Source
from quarterdeck.ports.agent_service import ServiceOutcome, ServiceReceipt

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pytest

    from quarterdeck.ports.agent_process import AgentHome
    from quarterdeck.ports.agent_service import ConversationTarget

AT = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)


def reading(state: SessionState = SessionState.IDLE, needs: Need | None = None, **more: object) -> Reading:
    """What a service says of one conversation."""
    return Reading(
        source=Source.REGISTRY,
        state=state,
        cause="registry",
        confidence=Confidence.HIGH,
        at=AT,
        needs=needs,
        **more,  # type: ignore[arg-type]  # fields of a reading
    )


def conversation(number: int = 1, said: Reading | None = None, **more: object) -> AgentConversation:
    """One conversation."""
    return AgentConversation(
        conversation=f"conversation-{number}",
        name=f"job {number}",
        thought="counts sheep",
        reading=said or reading(),
        **more,  # type: ignore[arg-type]  # fields of a conversation
    )


@dataclass
class StubService:
    """Implements ports.agent_service.AgentService."""

    held: list[AgentConversation] = field(default_factory=list)
    outcome: ServiceOutcome = ServiceOutcome.DONE
    calls: list[tuple[object, ...]] = field(default_factory=list)
    fault: OSError | str | None = ""
    """What it fails with; None = it does not answer, "" = it does."""
    then: Callable[[], None] = lambda: None
    """What an answer leads to."""

    def conversations(self, home: AgentHome | None, *, at: datetime) -> Sequence[AgentConversation] | None:
        if isinstance(self.fault, OSError):
            raise self.fault
        return None if self.fault is None else list(self.held)

    def send(self, target: ConversationTarget, text: str) -> ServiceReceipt:
        return self._done("send", target.conversation, text)

    def answer(self, target: ConversationTarget, question: str, positions: Sequence[int], words: str) -> ServiceReceipt:
        if self.outcome is ServiceOutcome.DONE:
            self.then()
        return self._done("answer", target.conversation, question, tuple(positions), words)

    def stop(self, target: ConversationTarget) -> ServiceReceipt:
        return self._done("stop", target.conversation)

    def attach(self, target: ConversationTarget) -> tuple[str, ...]:
        return ("sh", "-c", f"echo shows {target.conversation}; exec sleep 1000")

    def _done(self, *call: object) -> ServiceReceipt:
        self.calls.append(call)
        return ServiceReceipt(self.outcome, "so it says")


def serve(monkeypatch: pytest.MonkeyPatch, service: StubService, agent: str = "claude") -> None:
    """Let one kind of agent, and no other, have this service."""
    monkeypatch.setattr(CodingAgent, "may_serve", lambda self: self.spec.key == agent)
    monkeypatch.setattr(CodingAgent, "service", property(lambda self: service if self.spec.key == agent else None))
