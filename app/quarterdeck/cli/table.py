"""What a verb is made of, and the arguments that several take.

No structs: `-h` and the parser need nothing else of msgspec, which takes 10 ms to load.
"""

from __future__ import annotations

from argparse import ArgumentTypeError
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LONGEST_COUNT = 9
"""Digits; more are no count of anything here."""
LAST_PORT = 65_535


class Argument(NamedTuple):
    """One argument, in argparse's terms."""

    names: tuple[str, ...]
    options: Mapping[str, object] = MappingProxyType({})


def arg(*names: str, **options: object) -> Argument:
    """An argument of a verb: what argparse's `add_argument` takes."""
    return Argument(names, options)


def count_from(least: int) -> Callable[[str], int]:
    """What reads a whole number of at least so much."""

    def read(text: str) -> int:
        if not text.isdecimal() or len(text) > LONGEST_COUNT or int(text) < least:
            raise ArgumentTypeError(f"{text!r} is not a whole number of at least {least}")
        return int(text)

    return read


def port(text: str) -> int:
    """A port of this machine."""
    number = count_from(1)(text)
    if number > LAST_PORT:
        raise ArgumentTypeError(f"{text!r} is not a port number; the last one is {LAST_PORT}")
    return number


class Verb:
    """One command: how it is called, and what runs it."""

    def __init__(
        self,
        name: str,
        summary: str,
        example: str,
        runs: str = "",
        *arguments: Argument,
        verbs: tuple[Verb, ...] = (),
        takes_rest: bool = False,
        bare: bool = False,
        hidden: bool = False,
    ) -> None:
        self.name = name
        self.summary = summary
        """One line, without a full stop."""
        self.example = example
        """A command line that works, and what it is for after `#`."""
        self.runs = runs
        """`module:function` of the command line that gets the Call; imported only when the verb is used."""
        self.arguments = arguments
        self.verbs = verbs
        """The verbs below this one; the verb alone may run something, too."""
        self.takes_rest = takes_rest
        """Whether everything behind `--` is one text (`options.rest`), whatever it looks like."""
        self.bare = bare
        """Whether it must start fast and so keeps no log."""
        self.hidden = hidden
        """Whether it is for our own key bindings and completions, and so stands in no list."""


GLOBAL_OPTIONS: tuple[Argument, ...] = (
    arg("-L", dest="socket_name", metavar="NAME", help="tmux server of this name, as in tmux"),
    arg("-S", dest="socket_path", metavar="PATH", help="tmux server at this socket, as in tmux"),
    arg("--home", metavar="DIR", help="keep settings, state and log in this folder"),
    arg("--json", action="store_true", help="print data, and errors, as JSON"),
    arg("-v", dest="verbosity", action="count", help="say more on stderr; -vv says everything"),
)
"""Options that every verb takes, before it or after it."""

ONE_SESSION = arg(
    "session", metavar="SESSION", help="an id, a tmux name, a place (NAME:WINDOW[.PANE]), a pane (%%3), or a prefix"
)
MANY_SESSIONS = arg(
    "session", nargs="+", metavar="SESSION", help="ids, tmux names, places (NAME:WINDOW[.PANE]), panes, or prefixes"
)
SPAWNED = arg("session", metavar="SESSION", help="id of a spawned session, or an unambiguous prefix")
PROJECT = arg("project", metavar="PROJECT", help="a project from the settings")
AGENT_ARGUMENT = arg("--agent", metavar="A", help="agent to start, in place of the project's")
ORCHESTRATOR_ARGUMENTS = (
    PROJECT,
    AGENT_ARGUMENT,
    arg("--prompt-file", metavar="F", help="file with more standing instructions for it"),
)
HOOK_AGENTS = arg("agent", nargs="*", metavar="AGENT", help="only these; by default, every agent on this machine")
DIFF = arg("--diff", action="store_true", help="show every line that changes, not a summary")
YES = arg("--yes", action="store_true", help="do not ask")
