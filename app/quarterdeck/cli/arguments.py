"""From words to a call, by the table of verbs."""

from __future__ import annotations

import argparse
import re
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from quarterdeck import __version__
from quarterdeck.cli.table import GLOBAL_OPTIONS, Argument, Verb
from quarterdeck.cli.verbs import VERBS
from quarterdeck.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
PROGRAM = "quarterdeck"
VERSION_LINE = f"{PROGRAM} {__version__}"
DESCRIPTION = "An operator console for the coding agents in your tmux sessions. Without a verb it opens the console."
EXIT_CODES = """\
exit codes: 0 done, 1 failed, 2 wrong usage, 3 no such thing, 4 tmux missing or unreachable,
            5 refused by the session's state, 78 bad settings"""
HELP_LAYOUT = partial(argparse.RawDescriptionHelpFormatter, max_help_position=20)
GLOBAL_DEFAULTS = {"socket_name": None, "socket_path": None, "home": None, "json": False, "verbosity": 0}


class Parser(argparse.ArgumentParser):
    """argparse, with our errors in place of its own."""

    verb_names: tuple[str, ...] = ()

    # Abbreviated options would change their meaning when new ones come.
    def __init__(self, **options: Any) -> None:
        super().__init__(**{"allow_abbrev": False, "formatter_class": HELP_LAYOUT, **options})

    def error(self, message: str) -> NoReturn:
        """Raise what is wrong as one sentence that can be shown anywhere."""
        unknown = re.search(r"argument VERB: invalid choice: '(.*)' \(choose from .*\)", message, re.DOTALL)
        if unknown:
            import difflib

            close = difflib.get_close_matches(unknown[1], self.verb_names, n=1)
            hint = f"Did you mean `{self.prog} {close[0]}`?" if close else f"`{self.prog} -h` lists the verbs."
            raise UsageError(f"There is no verb {unknown[1]!r}.", hint=hint)
        if message == "the following arguments are required: VERB":
            verbs = ", ".join(self.verb_names)
            raise UsageError(f"`{self.prog}` needs one of: {verbs}.", hint=f"`{self.prog} -h` says what each does.")
        raise UsageError(f"{message[:1].upper()}{message[1:]}.", hint=f"`{self.prog} -h` shows how it is called.")


def parse(words: Sequence[str]) -> argparse.Namespace:
    """What is in `words`; `runs` names what to run. Raises UsageError, and SystemExit after `-h` and `--version`."""
    if "--" in words and any(verb.takes_rest and verb.name in words for verb in VERBS):
        cut = words.index("--")
        options = _parse(words[:cut])
        if options.takes_rest:
            options.rest = " ".join(words[cut + 1 :])
            return options
    return _parse(words)


def _parse(words: Sequence[str]) -> argparse.Namespace:
    defaults = argparse.Namespace(**GLOBAL_DEFAULTS, runs="", bare=False, takes_rest=False, rest=None)
    parser = build(words)
    options, more = parser.parse_known_args(words, defaults)
    # argparse takes a list of words in one go: those after an option in their midst are left over.
    if more and hasattr(options, "words") and not any(word.startswith("-") for word in more):
        options.words += more
    elif more:
        parser.error(f"unrecognized arguments: {' '.join(more)}")
    return options


def build(words: Sequence[str] | None = None, kind: type[Parser] = Parser) -> Parser:
    """The parser of all verbs, or, unless help is asked for, of those in `words`: that is most of the time saved."""
    if words is not None and any(word.startswith("-") and "h" in word for word in words):
        words = None
    parser = kind(prog=PROGRAM, description=DESCRIPTION, epilog=EXIT_CODES)
    parser.add_argument("--version", action="version", version=VERSION_LINE)
    _add(parser, GLOBAL_OPTIONS, suppressed=False)
    _add_verbs(parser, VERBS, words)
    return parser


def _add_verbs(parser: Parser, verbs: Sequence[Verb], words: Sequence[str] | None, *, required: bool = False) -> None:
    parser.verb_names = tuple(verb.name for verb in verbs if not verb.hidden)
    below = parser.add_subparsers(title="verbs", metavar="VERB", required=required)
    for verb in verbs:
        if words is not None and verb.name not in words:
            continue
        # argparse lists those that have a help text.
        listed: dict[str, Any] = {} if verb.hidden else {"help": verb.summary}
        made = below.add_parser(
            verb.name,
            **listed,
            description=f"{verb.summary[:1].upper()}{verb.summary[1:]}.",
            epilog=f"example: {verb.example}",
        )
        _add(made, verb.arguments, suppressed=False)
        # What was given before the verb must not be overwritten by a default after it.
        _add(made, GLOBAL_OPTIONS, suppressed=True)
        # It is told of once, in the help of the whole.
        made.add_argument("--version", action="version", version=VERSION_LINE, help=argparse.SUPPRESS)
        if verb.verbs:
            _add_verbs(made, verb.verbs, words, required=not verb.runs)
        if verb.runs:
            made.set_defaults(runs=verb.runs, bare=verb.bare, takes_rest=verb.takes_rest)


def _add(parser: argparse.ArgumentParser, arguments: Sequence[Argument], *, suppressed: bool) -> None:
    for argument in arguments:
        options = dict(argument.options)
        if suppressed:
            options |= {"default": argparse.SUPPRESS}
        # The table holds argparse's own keywords; a wrong one fails every test of the parser.
        parser.add_argument(*argument.names, **options)  # type: ignore[arg-type]
