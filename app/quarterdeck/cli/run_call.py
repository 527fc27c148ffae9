"""Run one call: errors become one sentence and an exit code, whatever happens."""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, TextIO

from quarterdeck.cli.arguments import parse
from quarterdeck.cli.call import Call
from quarterdeck.cli.output import NobodyReads, show_error
from quarterdeck.cli.setup_verbs import CONSOLE
from quarterdeck.errors import QuarterdeckError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from quarterdeck.log import RotatingLines

INTERRUPTED = 128 + signal.SIGINT
NOBODY_READS = 128 + signal.SIGPIPE


def run_words(words: Sequence[str]) -> int:
    """Run the command that `words` spell and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # So that a stream that lacks a letter writes its number.
            stream.reconfigure(errors="backslashreplace")
    call: Call | None = None
    try:
        options = parse(words)
        call = Call(options)
        verb = function_named(options.runs or CONSOLE)
        gc.enable()
        if not options.bare:
            _start_log(call)
        code = verb(call)
        if not isinstance(code, int):
            import asyncio

            code = asyncio.run(code)
    except SystemExit as done:
        # argparse has printed its help, or the version.
        code = done.code if isinstance(done.code, int) else 0
    except NobodyReads:
        _silence(sys.stdout)
        return NOBODY_READS
    except QuarterdeckError as error:
        return _shown(error, words)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        return _shown(_unexpected(error, call), words)
    finally:
        gc.enable()
    return code if _flushed() else NOBODY_READS


def function_named(name: str) -> Callable[[Call], int | Coroutine[Any, Any, int]]:
    """What `module:function` names among the verbs' modules, imported now; it answers the exit code."""
    module, _, attribute = name.partition(":")
    function: Callable[[Call], int] = getattr(importlib.import_module(f"quarterdeck.cli.{module}"), attribute)
    return function


def _start_log(call: Call) -> RotatingLines:
    # Imported here, since a bare verb does without.
    from quarterdeck import log
    from quarterdeck.paths import private_folder

    file = call.places.log_file
    has_screen = call.options.runs in {"", CONSOLE}
    return log.configure(
        file,
        prepare=lambda: private_folder(file.parent),
        mask=_masked,
        verbosity=call.verbosity,
        on_stderr=call.verbosity > 0 and not has_screen,
    )


def _masked(text: str) -> str:
    # Imported with the first words: a start that goes well may log none.
    from quarterdeck.core.redact import redact

    return redact(text)


def _unexpected(error: Exception, call: Call | None) -> QuarterdeckError:
    import logging

    # Without a log of ours Python would show the traceback on stderr.
    lines = _start_log(call or Call(parse(())))
    logging.getLogger(__name__).error("the command failed unexpectedly", exc_info=error)
    hint = "" if lines.faults else f"The details are in {lines.file}."
    return QuarterdeckError(f"This should not have happened: {type(error).__name__}: {_masked(str(error))}", hint=hint)


def _shown(error: QuarterdeckError, words: Sequence[str]) -> int:
    _flushed()
    # Asked of the words themselves, since they may be what could not be parsed.
    own = words[: words.index("--")] if "--" in words else words
    try:
        show_error(error, as_json="--json" in own)
    except OSError:
        _silence(sys.stderr)
    return error.exit_code


def _flushed() -> bool:
    """Whether what is buffered could be written; if not, it is not tried again when the interpreter ends."""
    try:
        sys.stdout.flush()
    except OSError:
        _silence(sys.stdout)
        return False
    return True


def _silence(stream: TextIO) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
