"""The console on a made-up fleet, to look at: `PYTHONPATH=app:tests python -m support.demo [theme] [rows|shared]`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from quarterdeck.ports.clock import wall_clock
from quarterdeck.tui.app import ConsoleApp
from quarterdeck.tui.preferences import Preferences
from support import fleet
from support.canned import CannedBackend
from support.shared_fleet import plain_panes, shared_fleet

if TYPE_CHECKING:
    from datetime import datetime


class OffsetClock:
    """Runs as the machine's clock does, from the canned fleet's moment on."""

    def __init__(self) -> None:
        self._ahead = wall_clock() - fleet.NOW

    def now(self) -> datetime:
        return wall_clock() - self._ahead

    def monotonic(self) -> float:
        return wall_clock().timestamp()


def main() -> None:
    theme = sys.argv[1] if len(sys.argv) > 1 else "dark"
    wanted = sys.argv[2] if len(sys.argv) > 2 else ""
    backend = CannedBackend(preferences=Preferences(theme=theme))
    if wanted:
        backend.shown = shared_fleet() if wanted == "shared" else fleet.crowd(int(wanted))
        backend.panes, backend.panes_in_session = plain_panes(), 2
    sys.exit(ConsoleApp(backend, OffsetClock()).run() or 0)


if __name__ == "__main__":
    main()
