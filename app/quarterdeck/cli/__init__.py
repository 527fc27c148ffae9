"""The command line; `main` is what `quarterdeck` and `qd` run."""

from __future__ import annotations

import gc
import sys

from quarterdeck import __version__


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code; never raises, never shows a traceback."""
    words = sys.argv[1:] if argv is None else argv
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
    from quarterdeck.cli.running import run_words

    code = run_words(words)
    if argv is None:
        if "quarterdeck.leaving" in sys.modules:
            from quarterdeck.leaving import end_now_if_held

            end_now_if_held(code)
        # The process ends: going through all that was imported once more for garbage takes a tenth of a verb's time.
        gc.freeze()
    return code
