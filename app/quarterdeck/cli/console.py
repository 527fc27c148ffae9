"""No verb: open the console."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from quarterdeck.errors import QuarterdeckError, UsageError

if TYPE_CHECKING:
    from quarterdeck.cli.call import Call


def run(call: Call) -> int:
    """Open the console, where there is a terminal to open it in."""
    del call
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("The console needs a terminal.", hint="`quarterdeck -h` lists the verbs that do without.")
    raise QuarterdeckError("The console is not part of this version yet.", hint="`quarterdeck -h` lists what is.")
