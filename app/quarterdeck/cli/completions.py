"""`completions`: scripts that complete our command line, made from the table of verbs."""

from __future__ import annotations

import re
from argparse import SUPPRESS
from typing import TYPE_CHECKING, Final

from quarterdeck.cli.output import write
from quarterdeck.cli.table import GLOBAL_OPTIONS
from quarterdeck.values import value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from quarterdeck.cli.call import Call
    from quarterdeck.cli.table import Argument, Verb

NAMES: Final = ("session", "kept", "project", "agent")
"""What `quarterdeck names` tells."""
KINDS: Final = {
    "restore SESSION": "kept",
    "remap SESSION": "kept",
    "show SESSION": "kept",
    "SESSION": "session",
    "PROJECT": "project",
    "AGENT": "agent",
    "--agent": "agent",
    "--tool": "agent",
    "--session": "kept",
    "--as": "kept",
    "--project": "project",
    "--cwd": "folder",
    "--home": "folder",
    "-S": "file",
    "--prompt-file": "file",
    "FILE": "file",
}
"""What an argument takes, by its name or, for one without a dash, by what stands for it in the help."""


@value
class CommandOption:
    """An option as shells see it."""

    name: str
    help: str
    takes: str = ""
    """"" for none, else a kind, `choice` or `any`."""
    choices: tuple[str, ...] = ()


@value
class CommandNode:
    """One verb, and what can follow it."""

    path: tuple[str, ...]
    summary: str
    options: tuple[CommandOption, ...]
    verbs: tuple[CommandNode, ...]
    takes: str = ""
    """What its first word is."""
    choices: tuple[str, ...] = ()
    repeats: bool = False
    """Whether every further word is the same."""

    @property
    def name(self) -> str:
        """The verb's last word."""
        return self.path[-1] if self.path else ""

    def below(self) -> Iterator[CommandNode]:
        """The verb and all below it."""
        yield self
        for verb in self.verbs:
            yield from verb.below()


def run(call: Call) -> int:
    """Print the script for a shell."""
    from quarterdeck.cli import completions_bash, completions_fish, completions_zsh
    from quarterdeck.cli.verbs import VERBS

    scripts = {"bash": completions_bash, "zsh": completions_zsh, "fish": completions_fish}
    write(scripts[call.options.shell].script(tree(VERBS)))
    return 0


def tree(verbs: Sequence[Verb]) -> CommandNode:
    """The whole command line."""
    return CommandNode(
        (), "", _options("", GLOBAL_OPTIONS), tuple(_node(verb, ()) for verb in verbs if not verb.hidden)
    )


def _node(verb: Verb, before: tuple[str, ...]) -> CommandNode:
    path = (*before, verb.name)
    words = next((each for each in verb.arguments if not each.names[0].startswith("-")), None)
    takes, choices = _takes(" ".join(path), words) if words is not None else ("", ())
    return CommandNode(
        path=path,
        summary=verb.summary,
        options=_options(" ".join(path), verb.arguments),
        verbs=tuple(_node(below, path) for below in verb.verbs if not below.hidden),
        takes=takes,
        choices=choices,
        repeats=words is not None and words.options.get("nargs") in {"+", "*"},
    )


def _options(path: str, arguments: Sequence[Argument]) -> tuple[CommandOption, ...]:
    return tuple(
        CommandOption(name, str(each.options.get("help", "")), *_takes(path, each))
        for each in arguments
        if each.options.get("help") is not SUPPRESS
        for name in each.names
        if name.startswith("-")
    )


def _takes(path: str, argument: Argument) -> tuple[str, tuple[str, ...]]:
    options = argument.options
    if options.get("action") in {"store_true", "count"}:
        return "", ()
    choices = options.get("choices")
    if isinstance(choices, tuple):
        return "choice", tuple(map(str, choices))
    name = argument.names[-1] if argument.names[0].startswith("-") else str(options.get("metavar", ""))
    return KINDS.get(f"{path} {name}") or KINDS.get(name) or "any", ()


def function_name(path: Sequence[str]) -> str:
    """A shell function's name for a verb."""
    return re.sub(r"\W", "_", "_".join(("_quarterdeck", *path)))
