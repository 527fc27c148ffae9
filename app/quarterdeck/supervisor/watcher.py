"""Looks when something may have happened: hints shorten the wait, a slow resync makes lost ones good."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from quarterdeck.core.events import Health
from quarterdeck.core.pane import PaneId
from quarterdeck.errors import TmuxError
from quarterdeck.ports.mux import HintKind
from quarterdeck.supervisor.worker import back_off

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from quarterdeck.core.pane import Look
    from quarterdeck.ports.mux import Hint
    from quarterdeck.supervisor.supervisor import Supervisor

RESYNC = 10.0
OUTPUT_GAP = 0.25
"""Output alone asks for a look at most this often; a birth or death is looked at as it comes."""
EXIT_PATIENCE = 0.004
"""A process's end is known about 3 ms before tmux has taken note of it (seen on 3.3a)."""
EXIT_RETRIES = (0.02, 0.1, 0.5)
"""When to look again for an end that tmux had not taken note of; with `remain-on-exit` it never says so."""
LONGEST_BACK_OFF = 5.0
CLOCK_STEP = 0.01
"""A timer may come so much before its time."""

URGENT = frozenset({HintKind.EXIT, HintKind.STRUCTURE, HintKind.SERVER})


class Watcher:
    """Turns hints into looks. One look at a time: what happens during one asks for the next."""

    def __init__(
        self,
        supervisor: Supervisor,
        after_look: Callable[[Look, set[PaneId] | None], Awaitable[float | None]],
        *,
        resync: float = RESYNC,
    ) -> None:
        self._supervisor = supervisor
        self._after_look = after_look
        """Reads states; answers in how many seconds it wants the next look, or None."""
        self._resync = resync
        self._moved: set[PaneId] = set()
        self._ending: dict[PaneId, int] = {}
        self._urgent = False
        self._everything = True
        self._wake = asyncio.Event()

    def look_now(self) -> None:
        """Ask for a whole look as soon as possible."""
        self._everything = self._urgent = True
        self._wake.set()

    def look_at(self, panes: Collection[str]) -> None:
        """Something was told of these panes: look at once."""
        self._moved |= {PaneId(pane) for pane in panes}
        self._urgent = True
        self._wake.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        # After a failure nobody knows what was missed.
        self._everything = True
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            tasks.create_task(self._look_when_asked())

    async def _listen(self) -> None:
        async for hint in self._supervisor.mux.hints():
            self._take(hint)

    def _take(self, hint: Hint) -> None:
        if hint.pane_id is not None:
            self._moved.add(hint.pane_id)
            if hint.kind is HintKind.EXIT:
                self._ending[hint.pane_id] = 0
                self._supervisor.note_exit(hint.pane_id, hint.exit_status)
        if hint.kind in URGENT:
            self._urgent = True
        if hint.kind is HintKind.SERVER:
            self._everything = True
        self._wake.set()

    async def _look_when_asked(self) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        last = resync_at = loop.time() - OUTPUT_GAP
        while True:
            self._urgent = False
            self._wake.clear()
            moved, self._moved = self._moved, set()
            everything = self._everything or loop.time() >= resync_at - CLOCK_STEP
            self._everything = False
            asked = None if everything else moved
            wanted: float | None = None
            try:
                look = await self._supervisor.look(asked, reads_next=True)
                last = loop.time()
                if everything:
                    resync_at = last + self._resync
                self._watch()
                wanted = await self._after_look(look, asked)
                failures = 0
                self._supervisor.report("watcher", Health.HEALTHY)
            except TmuxError as fault:
                failures += 1
                self._everything = True
                self._supervisor.report("watcher", Health.DEGRADED, fault.message)
                await asyncio.sleep(back_off(failures, longest=LONGEST_BACK_OFF))
                continue
            waits = [resync_at - loop.time(), wanted, self._look_again_for_ends()]
            await self._wait(last, max(0.0, min(wait for wait in waits if wait is not None)))

    async def _wait(self, last: float, longest: float) -> None:
        """Wait for a reason to look, and keep the gap between looks that only follow output."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(longest):
                await self._wake.wait()
        except TimeoutError:
            return
        while not self._urgent and (left := last + OUTPUT_GAP - loop.time()) > 0:
            self._wake.clear()
            try:
                async with asyncio.timeout(left):
                    await self._wake.wait()
            except TimeoutError:
                break
        if self._urgent:
            await asyncio.sleep(EXIT_PATIENCE)

    def _look_again_for_ends(self) -> float | None:
        """In how many seconds to look for ends that were hinted at and not seen yet."""
        alive = self._supervisor.living
        self._ending = {
            pane_id: tries + 1
            for pane_id, tries in self._ending.items()
            if pane_id in alive and tries < len(EXIT_RETRIES)
        }
        return min((EXIT_RETRIES[tries - 1] for tries in self._ending.values()), default=None)

    def _watch(self) -> None:
        snapshot = self._supervisor.snapshot
        self._supervisor.mux.watch(snapshot.panes if snapshot else ())
