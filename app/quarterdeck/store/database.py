"""The database as the event loop sees it: one thread does all the work, in the order it was asked for."""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
from typing import TYPE_CHECKING, TypeVar, cast

from quarterdeck.errors import QuarterdeckError, StoreError
from quarterdeck.store.engine import Engine, Run, Write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

logger = logging.getLogger(__name__)

T = TypeVar("T")

QUEUE_BOUND = 256
BUSY_TIMEOUT = 3.0
RETRY_EVERY = 1.0
FLUSH_PAUSE = 0.05


class Database:
    """A thread with the engine, and awaitable calls to it. The thread starts with the first call."""

    def __init__(self, path: Path, *, busy_timeout: float = BUSY_TIMEOUT, retry_every: float = RETRY_EVERY) -> None:
        self.engine = Engine(path, busy_timeout=busy_timeout, retry_every=retry_every)
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._slots = asyncio.Semaphore(QUEUE_BOUND)
        self._thread: threading.Thread | None = None
        self._is_closed = False

    async def write(self, write: Write[T]) -> T:
        """Carry out one transaction. Cancelling the caller does not undo it."""
        return await self._ask(lambda: self.engine.write(write))

    async def read(self, run: Run[T]) -> T:
        """Answer one question from one consistent state."""
        return await self._ask(lambda: self.engine.read(run))

    async def changed_elsewhere(self) -> bool:
        """Whether another connection wrote since this was last asked."""
        return await self._ask(self.engine.changed_elsewhere)

    @property
    def pending(self) -> int:
        """Writes that were handed over and are not in the file yet."""
        return self._jobs.qsize() + len(self.engine.waiting)

    async def flush(self, timeout: float) -> bool:
        """Wait until everything handed over is in the file; False when that took too long."""
        if self._thread is None:
            return True
        try:
            async with asyncio.timeout(timeout):
                while True:
                    if await self._ask(self.engine.retry):
                        return True
                    await asyncio.sleep(FLUSH_PAUSE)
        except TimeoutError:
            return False

    async def close(self) -> None:
        """Do what was asked for so far, let go of the file and end the thread."""
        self._is_closed = True
        thread, self._thread = self._thread, None
        if thread is None:
            return
        ended = self._put(self.engine.close, has_slot=False)
        self._jobs.put(None)
        await asyncio.shield(ended)
        # It has nothing left to do but return.
        thread.join(1.0)

    async def _ask(self, run: Callable[[], T]) -> T:
        await self._slots.acquire()
        # Asked only now: the store may have been closed while this call waited for its turn.
        if self._is_closed:
            self._slots.release()
            raise StoreError(f"{self.engine.path} is closed.")
        if self._thread is None:
            # A daemon, so that a process that dies without closing is not held up.
            self._thread = threading.Thread(target=self._serve, name="store", daemon=True)
            self._thread.start()
        return await self._put(run, has_slot=True)

    def _put(self, run: Callable[[], T], *, has_slot: bool) -> asyncio.Future[T]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def settle(answer: T | None, fault: Exception | None) -> None:
            if has_slot:
                # Not when the caller goes on: one that was cancelled leaves its job in the queue.
                self._slots.release()
            if future.done():
                return
            if fault is None:
                future.set_result(cast("T", answer))
            else:
                future.set_exception(fault)

        def perform() -> None:
            answer, fault = None, None
            try:
                answer = run()
            except Exception as error:  # a boundary: whatever went wrong belongs to the one who asked
                fault = error
            try:
                loop.call_soon_threadsafe(settle, answer, fault)
            except RuntimeError:
                logger.debug("nobody waits for the answer any more: the event loop has ended")

        self._jobs.put(perform)
        return future

    def _serve(self) -> None:
        while True:
            try:
                perform = self._jobs.get(timeout=self.engine.retry_in())
            except queue.Empty:
                try:
                    self.engine.retry_if_due()
                except QuarterdeckError as error:
                    logger.warning("what waits in memory cannot be written: %s", error)
                continue
            if perform is None:
                return
            perform()
