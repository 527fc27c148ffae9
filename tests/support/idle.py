"""Says when the console under test has nothing left to do."""

from __future__ import annotations

import asyncio
import time

from support.patience import PATIENCE

SOON = 0.025
"""A timer that is due within this is waited for: the screen paints a sixtieth of a second after it was asked to."""

real_monotonic = time.monotonic
"""How long things really take."""


class HastyClock:
    """A clock that is put forward where nothing is to come but a time: all timers go by it, none out of its turn."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def monotonic(self) -> float:
        """In place of `time.monotonic`."""
        return real_monotonic() + self._ahead

    async def pass_by(self, seconds: float) -> None:
        """Sleep, in no time."""
        self._ahead += max(0.0, seconds)
        await asyncio.sleep(0)


hasty = HastyClock()


async def until_idle(*_: object) -> None:
    """Wait until no callback is ready in the loop, and no timer is due in a moment.

    Textual's own (8.2.8) waits until the process has used no processor time for 20 ms, which is so as well when a busy
    machine has given it none.
    """
    loop = asyncio.get_running_loop()
    until, still = real_monotonic() + PATIENCE, 0
    while still < 2:
        assert real_monotonic() < until, "the console never comes to rest"
        await asyncio.sleep(0)
        if loop._ready:  # type: ignore[attr-defined]  # asyncio has no other word for it
            still = 0
            continue
        due = [timer.when() for timer in loop._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]  # as above
        wait = min(due, default=loop.time() + 1) - loop.time()
        if wait < SOON:
            await hasty.pass_by(wait)
            still = 0
        else:
            still += 1
