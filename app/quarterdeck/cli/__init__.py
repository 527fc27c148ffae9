"""The command line; `main` is what `quarterdeck` and `qd` run. What errors exit with stands in `errors`."""

from __future__ import annotations

import gc
import os
import sys

from quarterdeck import __version__

INTERRUPTED = 130
_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code; never raises, never shows a traceback."""
    _open_closed_streams()
    try:
        code = _run(sys.argv[1:] if argv is None else argv)
    except KeyboardInterrupt:
        # While it was still being imported.
        code = INTERRUPTED
    if argv is None:
        if "quarterdeck.shutdown" in sys.modules:
            from quarterdeck.shutdown import end_now_if_held

            end_now_if_held(code)
        # The process ends: going through all that was imported once more for garbage takes a tenth of a verb's time.
        gc.freeze()
    return code


def _run(words: list[str]) -> int:
    if words == ["--version"]:
        sys.stdout.write(f"quarterdeck {__version__}\n")
        return 0
    if "status-line" in words:
        from quarterdeck.cli.status_line import quick

        code = quick(words)
        if code is not None:
            return code
    # Code is no garbage, and looking for some takes a tenth of the time of importing it. It goes on when a verb runs.
    gc.disable()
    from quarterdeck.cli.run_call import run_words

    return run_words(words)


def _open_closed_streams() -> None:
    """Have what was closed swallow all and hold nothing; else the next file that is opened would take its number."""
    for number, (name, mode) in enumerate(_STREAMS):
        if getattr(sys, name) is None:
            handle = os.open(os.devnull, os.O_RDWR)
            if handle == number:
                # So that it is not closed either for the programs that we start.
                os.set_inheritable(handle, True)
            else:
                os.dup2(handle, number)
                os.close(handle)
            setattr(sys, name, os.fdopen(number, mode))
