"""Which agent a process is, by the program it runs and never by a word anywhere in its arguments."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from quarterdeck.core.process_tree import is_interpreter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from quarterdeck.ports.agent import Agent, Program

_RUNNERS = frozenset({"exec", "run", "x", "dlx", "tool", "--"})
_SUFFIX = re.compile(r"\.(?:exe|js|mjs|cjs|py|ts)$")
_VERSION = re.compile(r"(?<=.)@[\w.^~-]*$")
_WITH_VALUE = frozenset({"-r", "--require", "--import", "--loader", "-C", "-W", "-X", "-p", "--package", "--from"})


@lru_cache(maxsize=4_096)
def base_name(word: str) -> str:
    """A program's bare name: no folder, no login dash, no suffix, no version."""
    name = word.rstrip("/").rpartition("/")[2].lstrip("-").lower()
    return _VERSION.sub("", _SUFFIX.sub("", name))


def program_words(program: Program) -> list[str]:
    """The words that may name what a process really is: itself, and for an interpreter what it interprets."""
    words = list(program.argv) or [program.command]
    named = [words[0]]
    if program.command and base_name(program.command) != base_name(words[0]):
        named.append(program.command)
    if not any(is_interpreter(base_name(word)) for word in named):
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


def find_agent(agents: Sequence[Agent], programs: Iterable[Program]) -> tuple[Agent, Program] | None:
    """The first process that is an agent; give them in order, nearest to the pane's shell first."""
    for program in programs:
        words = program_words(program)
        names = set(map(base_name, words))
        for agent in agents:
            spec = agent.spec
            if not names.isdisjoint(map(base_name, spec.commands)):
                return agent, program
            if any(part in word for word in words for part in spec.scripts):
                return agent, program
    return None
