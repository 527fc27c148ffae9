"""One typed bus: the supervisor publishes, everybody else listens."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from quarterdeck.core.events import Event

logger = logging.getLogger(__name__)


class Bus:
    """Synchronous, single-threaded, in publish order. A listener must not block."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Event], None]] = []

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call `listener` with every event from now on; the answer ends that."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def publish(self, event: Event) -> None:
        """Tell every listener."""
        for listener in tuple(self._listeners):
            try:
                listener(event)
            except Exception:  # a boundary: one listener's fault must not reach the others or the supervisor
                logger.exception("a listener failed on %s", type(event).__name__)
