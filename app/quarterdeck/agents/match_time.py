"""A bound on the time that rules of the operator's own may take: some patterns take for ever on some texts.

`re` can be stopped by nothing but a signal, which only the main thread takes; there all screens are read.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


class TooLong(Exception):
    """The time is up."""


def can_be_bounded() -> bool:
    """Whether this thread is the one that signals reach."""
    return threading.current_thread() is threading.main_thread()


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Raise TooLong in here once this process has worked so long; a machine that is busy with others does not count."""
    is_inside = True

    def stop(_signal: int, _frame: FrameType | None) -> None:
        # It may come a moment after all was done.
        if is_inside:
            raise TooLong

    before = signal.signal(signal.SIGVTALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
        yield
    finally:
        is_inside = False
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
