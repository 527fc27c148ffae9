"""Every kind of agent the operator can have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.agents.detect import find_agent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from quarterdeck.ports.agent import Agent, Program


class Roster:
    """Implements ports.Agents. Earlier agents go before later ones that share a key or a command."""

    def __init__(self, agents: Iterable[Agent]) -> None:
        self._agents: tuple[Agent, ...] = ()
        self._names: dict[str, Agent] = {}
        self.use(agents)

    def use(self, agents: Iterable[Agent]) -> None:
        """Know these from now on, and no others."""
        by_key: dict[str, Agent] = {}
        for agent in agents:
            by_key.setdefault(agent.spec.key, agent)
        self._agents = tuple(by_key.values())
        self._names = {}
        for agent in self._agents:
            for name in (agent.spec.key, agent.spec.name, *agent.spec.commands):
                self._names.setdefault(name.lower(), agent)

    def all(self) -> Sequence[Agent]:
        """Every agent, the user's own first."""
        return self._agents

    def names(self) -> tuple[str, ...]:
        """The key of every agent, in the same order."""
        return tuple(agent.spec.key for agent in self._agents)

    def get(self, name: str) -> Agent | None:
        """The agent of this key, shown name or command; None when there is none."""
        return self._names.get(name.strip().lower())

    def detect(self, programs: Iterable[Program]) -> tuple[Agent, Program] | None:
        """The agent among a pane's processes, nearest to the shell first, and its process."""
        return find_agent(self._agents, programs)
