"""The shell every worker runs in: its own back-off, its own shown health, and no fault that reaches another."""

from __future__ import annotations

import asyncio
import logging
import random
from contextlib import ExitStack
from typing import TYPE_CHECKING

from quarterdeck.core.events import Health
from quarterdeck.errors import QuarterdeckError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

logger = logging.getLogger(__name__)

FIRST_DELAY = 0.25
LONGEST_DELAY = 30.0
UNHEALTHY_AFTER = 3


def back_off(failures: int, first: float = FIRST_DELAY, longest: float = LONGEST_DELAY) -> float:
    """Seconds to wait after this many failures in a row, before jitter."""
    return float(min(first * 2 ** max(failures - 1, 0), longest))


async def keep_running(
    name: str,
    work: Callable[[], Awaitable[None]],
    report: Callable[[str, Health, str], None],
    said: Callable[[str], str | None],
) -> None:
    """Run `work` until it returns; when it fails, show that, wait and run it again.

    What is shown is taken back once it has gone well for a while, unless the worker itself has `said` something since.
    """
    failures, fault_shown = 0, ""
    loop = asyncio.get_running_loop()

    def take_back() -> None:
        if said(name) == fault_shown:
            report(name, Health.HEALTHY, "")

    while True:
        started = loop.time()
        try:
            with ExitStack() as going_well:
                if failures:
                    going_well.callback(loop.call_later(LONGEST_DELAY, take_back).cancel)
                await work()
        except asyncio.CancelledError:
            raise
        except Exception as fault:  # a boundary: a worker fails alone
            if loop.time() - started > LONGEST_DELAY:
                failures = 0
            failures += 1
            level = logging.WARNING if isinstance(fault, QuarterdeckError) else logging.ERROR
            logger.log(level, "worker %s failed (%d in a row)", name, failures, exc_info=True)
            fault_shown = str(fault)
            report(name, Health.UNHEALTHY if failures >= UNHEALTHY_AFTER else Health.DEGRADED, fault_shown)
            await asyncio.sleep(back_off(failures) * random.uniform(0.8, 1.2))  # noqa: S311 jitter, not a secret
        else:
            return
