"""Run one call: errors become one sentence and an exit code, whatever happens."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from typing import TYPE_CHECKING, TextIO

from quarterdeck.cli.call import Call
from quarterdeck.cli.parser import parse
from quarterdeck.cli.verbs import CONSOLE
from quarterdeck.errors import QuarterdeckError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

INTERRUPTED = 128 + signal.SIGINT
NOBODY_READS = 128 + signal.SIGPIPE


def run_words(words: Sequence[str]) -> int:
    """Run the command that `words` spell and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        _take_any_character(stream)
    call: Call | None = None
    try:
        options = parse(words)
        call = Call(options)
        code = _function(options.runs or CONSOLE)(_with_log(call))
        sys.stdout.flush()
    except SystemExit as done:
        return _after_help(done)
    except QuarterdeckError as error:
        return _shown(error, words)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        return NOBODY_READS if _is_unread(error) else _shown(_unexpected(error, call), words)
    return code


def _function(name: str) -> Callable[[Call], int]:
    module, _, attribute = name.partition(":")
    function: Callable[[Call], int] = getattr(importlib.import_module(module), attribute)
    return function


def _with_log(call: Call) -> Call:
    if not call.options.bare:
        from quarterdeck import log
        from quarterdeck.paths import private_folder

        file = call.places.log_file
        has_screen = not call.options.runs
        log.configure(
            file,
            prepare=lambda: private_folder(file.parent),
            verbosity=call.verbosity,
            on_stderr=call.verbosity > 0 and not has_screen,
        )
    return call


def _after_help(done: SystemExit) -> int:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _silence(sys.stdout)
        return NOBODY_READS
    return done.code if isinstance(done.code, int) else 0


def _unexpected(error: Exception, call: Call | None) -> QuarterdeckError:
    import logging

    logging.getLogger(__name__).error("the command failed unexpectedly", exc_info=error)
    hint = f"The details are in {call.places.log_file}." if call and not call.options.bare else ""
    return QuarterdeckError(f"This should not have happened: {type(error).__name__}: {error}", hint=hint)


def _shown(error: QuarterdeckError, words: Sequence[str]) -> int:
    from quarterdeck.cli.failing import show

    try:
        sys.stdout.flush()
        show(error, as_json=_wants_json(words))
    except BrokenPipeError:
        _silence(sys.stdout)
        _silence(sys.stderr)
    return error.exit_code


def _wants_json(words: Sequence[str]) -> bool:
    # Asked of the words themselves, since they may be what could not be parsed.
    own = words[: words.index("--")] if "--" in words else words
    return "--json" in own


def _is_unread(error: Exception) -> bool:
    """Whether the error is that nobody reads our output any more, as after `| head`."""
    if not isinstance(error, BrokenPipeError):
        return False
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _silence(sys.stdout)
        return True
    return False


def _silence(stream: TextIO) -> None:
    # What is still buffered must not be tried again when the interpreter ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _take_any_character(stream: object) -> None:
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure:
        reconfigure(errors="backslashreplace")
