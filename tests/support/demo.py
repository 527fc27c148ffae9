"""The console on the canned fleet, to look at: `PYTHONPATH=app:tests python -m support.demo [theme] [rows]`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from quarterdeck.tui.app import ConsoleApp
from quarterdeck.tui.backend import Preferences
from support import fleet
from support.canned import CannedBackend


class OffsetClock:
    """Runs as the machine's clock does, from the canned fleet's moment on."""

    def __init__(self) -> None:
        self._ahead = datetime.now(UTC) - fleet.NOW

    def now(self) -> datetime:
        return datetime.now(UTC) - self._ahead

    def monotonic(self) -> float:
        return datetime.now(UTC).timestamp()


def main() -> None:
    theme = sys.argv[1] if len(sys.argv) > 1 else "dark"
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    backend = CannedBackend(wishes=Preferences(theme=theme))
    if rows:
        backend.shown = fleet.crowd(rows)
    sys.exit(ConsoleApp(backend, OffsetClock()).run() or 0)


if __name__ == "__main__":
    main()
