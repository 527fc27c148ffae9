"""Every kind of agent the operator can have, and which one a process is.

It is known by the program it runs, and never by a word anywhere in its arguments.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from quarterdeck.core.process_tree import is_interpreter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from quarterdeck.core.reading import Reading
    from quarterdeck.ports.agent import Agent, ScreenLook
    from quarterdeck.ports.agent_process import Program

_RUNNERS = frozenset({"exec", "run", "x", "dlx", "tool", "--"})
_SUFFIX = re.compile(r"\.(?:exe|js|mjs|cjs|py|ts)$")
_VERSION = re.compile(r"(?<=.)@[\w.^~-]*$")
_WITH_VALUE = frozenset({"-r", "--require", "--import", "--loader", "-C", "-W", "-X", "-p", "--package", "--from"})


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

    def read_stranger(self, look: ScreenLook) -> Reading | None:
        """What the title and the screen of a program say that is none of them; None when that is nothing."""
        from quarterdeck.agents.stranger import read_stranger  # its patterns are for those who meet one

        return read_stranger(look)

    def get(self, name: str) -> Agent | None:
        """The agent of this key, shown name or command; None when there is none."""
        return self._names.get(name.strip().lower())

    def detect(self, programs: Iterable[Program]) -> tuple[Agent, Program] | None:
        """The agent among a pane's processes, nearest to the shell first, and its process."""
        for program in programs:
            words = _program_words(program)
            names = set(map(_base_name, words))
            for agent in self._agents:
                if not names.isdisjoint(map(_base_name, agent.spec.commands)):
                    return agent, program
                if any(part in word for word in words for part in agent.spec.scripts):
                    return agent, program
        return None


@lru_cache(maxsize=4_096)
def _base_name(word: str) -> str:
    """A program's bare name: no folder, no login dash, no suffix, no version."""
    name = word.rstrip("/").rpartition("/")[2].lstrip("-").lower()
    return _VERSION.sub("", _SUFFIX.sub("", name))


def _program_words(program: Program) -> list[str]:
    """The words that may name what a process really is: itself, and for an interpreter what it interprets."""
    words = list(program.argv) or [program.command]
    named = [words[0]]
    if program.command and _base_name(program.command) != _base_name(words[0]):
        named.append(program.command)
    if not any(is_interpreter(_base_name(word)) for word in named):
        return named
    skip = False
    for word in words[1:]:
        if skip:
            skip = False
        elif word in _WITH_VALUE:
            skip = True
        elif word in _RUNNERS or word.startswith("-"):
            continue
        else:
            return [*named, word]
    return named
