"""When to look: hints shorten the wait, a slow resync makes lost ones good, and who reads may ask for the next look."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.events import Health
from quarterdeck.core.pane import PaneId, panes_that_stirred
from quarterdeck.errors import TmuxError
from quarterdeck.ports.mux import HintKind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from quarterdeck.core.pane import Look
    from quarterdeck.ports.mux import Hint
    from quarterdeck.supervisor.supervisor import Supervisor

OUTPUT_GAP = 0.25
"""Output alone asks for a look at most this often; a birth or death is looked at as it comes."""
LONGEST_OUTPUT_GAP = 2.0
LOOKS_SHARE = 0.2
"""The most of its time that tmux is to spend on looks for output; with thousands of panes one takes it 0.1 s."""
EXIT_PATIENCE = 0.004
"""A process's end is known about 3 ms before tmux has taken note of it (seen on 3.3a)."""
EXIT_RETRIES = (0.02, 0.1, 0.5)
"""When to look again for an end that tmux had not taken note of; with `remain-on-exit` it never says so."""
CLOCK_STEP = 0.01
"""A timer may come so much before its time."""

SOONEST_LOOK_SECONDS = 0.05
"""Seconds from a look to the next, however soon somebody wants it."""
LONGEST_PUT_OFF_SECONDS = 5.0
"""Seconds for which a request that brings nothing is put off at most; one for later than that costs nothing."""
TELLS_AFTER = 8
"""Looks in a row that brought nothing: by then the request is put off the longest, and somebody should know."""

URGENT = frozenset({HintKind.EXIT, HintKind.STRUCTURE, HintKind.SERVER})


def back_off(failures: int, first: float = 0.25, longest: float = LONGEST_PUT_OFF_SECONDS) -> float:
    """Seconds to wait after this many failures in a row, before jitter."""
    return float(min(first * 2 ** max(failures - 1, 0), longest))


def output_gap(took: float) -> float:
    """Seconds from a look to the next one for output alone, when a look takes tmux so many."""
    return min(max(OUTPUT_GAP, took * (1 / LOOKS_SHARE - 1)), LONGEST_OUTPUT_GAP)


class Watcher:
    """Turns hints into looks. One look at a time: what happens during one asks for the next."""

    def __init__(
        self,
        supervisor: Supervisor,
        after_look: Callable[[Look, set[PaneId] | None], Awaitable[float | None]],
        *,
        resync: float,
    ) -> None:
        self._supervisor = supervisor
        self._after_look = after_look
        """Reads states; answers in how many seconds it wants the next look, or None."""
        self._resync = resync
        self._moved: set[PaneId] = set()
        self._ending: dict[PaneId, int] = {}
        self._urgent = False
        self._anybody = False
        """Whether some pane has written, and nobody knows which."""
        self._everything = True
        self._gap = OUTPUT_GAP
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

    def note_written(self, pane: PaneId) -> None:
        """An agent wrote something: look at its pane as if that had written."""
        self._moved.add(pane)
        self._wake.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        # After a failure nobody knows what was missed.
        self._everything = True
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._look_when_asked())
            async for hint in self._supervisor.mux.hints():
                self._take(hint)

    def _take(self, hint: Hint) -> None:
        if hint.pane_id is not None:
            self._moved.add(hint.pane_id)
            if hint.kind is HintKind.EXIT:
                self._ending[hint.pane_id] = 0
                self._supervisor.note_exit(hint.pane_id, hint.exit_status)
        elif hint.kind is HintKind.OUTPUT:
            self._anybody = True
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
            anybody, self._anybody = self._anybody, False
            before = self._supervisor.snapshot
            wanted: float | None = None
            try:
                began = loop.time()
                look = await self._supervisor.look(asked, reads_next=True)
                last = loop.time()
                self._gap = output_gap(last - began)
                if everything:
                    resync_at = last + self._resync
                snapshot = self._supervisor.snapshot
                self._supervisor.mux.watch(snapshot.panes if snapshot else ())
                if anybody and asked is not None and snapshot is not None:
                    stirred = panes_that_stirred(before, snapshot)
                    asked = None if stirred is None else asked | stirred
                    # What runs there was not asked with this look.
                    self._moved |= stirred or set()
                    if stirred:
                        self._wake.set()
                wanted = await self._after_look(look, asked)
                failures = 0
                self._supervisor.report("watcher", Health.HEALTHY)
            except TmuxError as fault:
                failures += 1
                self._everything = True
                self._supervisor.report("watcher", Health.DEGRADED, fault.message)
                await asyncio.sleep(back_off(failures))
                continue
            waits = [resync_at - loop.time(), wanted, self._look_again_for_ends()]
            await self._wait(last, max(0.0, min(wait for wait in waits if wait is not None)))

    async def _wait(self, last: float, longest: float) -> None:
        """Wait for a reason to look, and keep the gap between looks that only follow output."""
        loop = asyncio.get_running_loop()
        end = loop.time() + longest
        try:
            async with asyncio.timeout(longest):
                await self._wake.wait()
        except TimeoutError:
            return
        # Whoever wants the next look for a reason of its own does not wait for the gap.
        while not self._urgent and (left := min(last + self._gap, end) - loop.time()) > 0:
            self._wake.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._wake.wait()
        if self._urgent:
            await asyncio.sleep(EXIT_PATIENCE)

    def _look_again_for_ends(self) -> float | None:
        """In how many seconds to look for ends that were hinted at and not seen yet."""
        alive = self._supervisor.living
        open_ends = [(key, tries) for key, tries in self._ending.items() if key in alive and tries < len(EXIT_RETRIES)]
        self._ending = {pane_id: tries + 1 for pane_id, tries in open_ends}
        return min((EXIT_RETRIES[tries - 1] for tries in self._ending.values()), default=None)


class _LookRequest(Struct, frozen=True):
    at: float
    """When it is heeded. Epoch seconds, as all times here."""
    what: str
    fruitless: int
    """How many looks in a row that it asked for found nothing new."""


class LookSchedule:
    """Everybody's requests for a look, each by who made it."""

    def __init__(self, report: Callable[[str, Health, str], None]) -> None:
        self._report = report
        self._requests: dict[str, _LookRequest] = {}

    def request(self, who: str, due: float | None, now: float, *, what: str = "", is_news: bool = False) -> None:
        """Note when somebody wants a look (None: never), and whether this one told them anything new."""
        held = self._requests.pop(who, None)
        if due is None:
            return
        fruitless = 0
        if held is not None and not is_news and due - now < LONGEST_PUT_OFF_SECONDS:
            fruitless = held.fruitless + (now >= held.at)
        soonest = now + back_off(fruitless, SOONEST_LOOK_SECONDS)
        self._requests[who] = _LookRequest(max(due, soonest), what or who, fruitless)

    def clear(self) -> None:
        """Forget every request."""
        self._requests.clear()

    def due_in(self, now: float) -> float | None:
        """Seconds until the next look that is wanted, or None; reports a request that keeps finding nothing."""
        worst = max(self._requests.values(), key=lambda request: request.fruitless, default=None)
        if worst is not None and worst.fruitless >= TELLS_AFTER:
            self._report("reader", Health.DEGRADED, f"{worst.fruitless} looks at {worst.what} found nothing new")
        else:
            self._report("reader", Health.HEALTHY, "")
        at = min((request.at for request in self._requests.values()), default=None)
        return None if at is None else max(SOONEST_LOOK_SECONDS, at - now)
