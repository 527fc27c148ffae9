"""A word about each process that was looked at, kept from one look to the next."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quarterdeck.ports.agent_process import Program

PROCESSES_KEPT = 256


class ProcessNotes:
    """Keeps those of the processes that were noted last. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._notes: OrderedDict[tuple[int, str], str] = OrderedDict()

    def of(self, program: Program) -> str | None:
        """What is kept about this very process, if anything is."""
        with self._lock:
            return self._notes.get((program.pid, program.started))

    def keep(self, program: Program, note: str | None) -> None:
        """Keep this in the place of what was kept before; None keeps nothing."""
        with self._lock:
            self._notes.pop((program.pid, program.started), None)
            if note is not None:
                self._notes[program.pid, program.started] = note
            if len(self._notes) > PROCESSES_KEPT:
                self._notes.popitem(last=False)
