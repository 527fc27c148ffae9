#!/usr/bin/env python3
"""The manual page, made from the table of verbs: `python tests/manual.py` writes it, a test compares it."""

from __future__ import annotations

import re
import sys
from argparse import SUPPRESS
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "app"))

from quarterdeck.cli.arguments import DESCRIPTION  # noqa: E402 - a bare checkout has no installed package
from quarterdeck.cli.table import GLOBAL_OPTIONS  # noqa: E402
from quarterdeck.cli.verbs import VERBS  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from quarterdeck.cli.table import Argument, Verb

PAGE = ROOT / "app" / "man" / "quarterdeck.1"
README = ROOT / "README.md"
EXIT_CODES = re.compile(r"^\| (\d+) \| (.+) \|$", re.MULTILINE)


def page() -> str:
    """The whole page."""
    return "".join(f"{line}\n" for line in lines())


def lines() -> Iterator[str]:
    """The page's lines in roff."""
    yield '.\\" Made by tests/manual.py from the table of verbs.'
    yield ".TH QUARTERDECK 1"
    yield from (".SH NAME", "quarterdeck, qd \\- operator console for the coding agents in your tmux sessions")
    yield from (".SH SYNOPSIS", ".B quarterdeck", "[options] [command]")
    yield from (".SH DESCRIPTION", text(DESCRIPTION))
    yield text("Each command has -h, with an example.")
    yield ".SH COMMANDS"
    yield from commands(VERBS, "quarterdeck")
    yield from (".SH OPTIONS", text("They work before and after the command."))
    for option in GLOBAL_OPTIONS:
        yield from described(option)
    yield from (".TP", ".B \\-\\-version", "Show the version.")
    yield ".SH EXIT STATUS"
    for code, meaning in EXIT_CODES.findall(README.read_text(encoding="utf-8")):
        yield from (".TP", f".B {code}", text(f"{meaning[:1].upper()}{meaning[1:]}."))
    yield ".SH ENVIRONMENT"
    for name, meaning in (
        ("QUARTERDECK_HOME", "One folder for settings, state and log, as --home."),
        ("QUARTERDECK_SECTION_KEY", "Any setting, such as QUARTERDECK_CONSOLE_GROUP=repo."),
        ("TMUX", "The tmux server that is meant when neither -L nor -S is given."),
        ("TMUX_BIN", "The tmux program to use, by a path or a name, instead of the first on PATH."),
        ("VISUAL, EDITOR", "What `config edit` starts."),
        ("NO_COLOR", "No colours, whatever it is set to."),
    ):
        yield from (".TP", f".B {text(name)}", text(meaning))
    yield from (".SH FILES", text("`quarterdeck config path --json` names them all."))
    yield from (".SH SEE ALSO", ".BR tmux (1),", ".BR git (1)")


def commands(verbs: Sequence[Verb], before: str) -> Iterator[str]:
    """A section for each verb that runs something."""
    for verb in verbs:
        if verb.hidden:
            continue
        words = f"{before} {verb.name}"
        yield from section(verb, words)
        yield from commands(verb.verbs, words)


def section(verb: Verb, words: str) -> Iterator[str]:
    """What a verb does, and how it is called; nothing for one that only stands for those below it."""
    if verb.runs:
        yield f".SS {text(words)}"
        yield text(f"{verb.summary[:1].upper()}{verb.summary[1:]}.")
        shown = [each for each in verb.arguments if each.options.get("help") is not SUPPRESS]
        for argument in shown:
            yield from described(argument)
        yield from (".PP", "Example:", ".PP", ".nf", ".RS", text(verb.example), ".RE", ".fi")


def described(argument: Argument) -> Iterator[str]:
    """An argument and what it means."""
    options = argument.options
    takes = options.get("action") not in {"store_true", "count"}
    choices = options.get("choices")
    value = "|".join(map(str, choices)) if isinstance(choices, tuple) else str(options.get("metavar", ""))
    names = ", ".join(argument.names) if argument.names[0].startswith("-") else ""
    many = options.get("nargs") in {"+", "*"}
    shown = " ".join(filter(None, (names, value if takes else ""))) + ("..." if many else "")
    meaning = str(options.get("help", ""))
    yield from (".TP", f".B {text(shown)}", text(f"{meaning[:1].upper()}{meaning[1:]}."))


def text(plain: str) -> str:
    """A line in which roff sees nothing but text."""
    escaped = plain.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    return f"\\&{escaped}" if escaped.startswith((".", "\\(aq")) else escaped


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
