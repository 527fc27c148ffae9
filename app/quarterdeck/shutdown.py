"""Ends the process in time, whatever one of its threads waits for.

Three things would hold a process: asyncio and the interpreter both wait for the threads that work is handed to, a loop
that waits for something hears no signal, and so does a main thread that is inside a system call. So nobody waits for
such threads here, signals are heard by a thread of their own too, and when time is up the process ends where it stands.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

logger = logging.getLogger(__name__)

T = TypeVar("T")

END_PATIENCE = 1.6
"""Seconds that everything gets to end well."""
LAST_WORDS_SECONDS = 0.2
"""Seconds that the terminal, and then a thread that is nearly done, are waited for."""
TOLD_BY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
BY_SIGNAL = 128


class Shutdown:
    """The end of this process."""

    def __init__(self) -> None:
        self.give_back: Callable[[], None] = lambda: None
        """Gives the terminal back, in a moment or not at all; called from any thread."""
        self._changed = threading.Condition()
        self._until = 0.0
        self._has_begun = False
        self._signals: tuple[socket.socket, socket.socket] | None = None
        self._to_loop = -1

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """As `asyncio.run`, and without waiting at the end for threads that do not end."""
        # In its place asyncio would wait for the next `await`, which in what is being imported is a second away.
        signal.signal(signal.SIGINT, _interrupt)
        with asyncio.Runner() as runner:
            runner.get_loop().set_default_executor(_Threads(thread_name_prefix="asyncio"))
            try:
                return runner.run(main)
            finally:
                # Its number may soon be that of another file.
                self._to_loop = -1

    def begin(self, code: int) -> None:
        """From now on time runs: when it is up, the process ends with this code. Only the first call counts."""
        with self._changed:
            if self._has_begun:
                return
            self._has_begun = True
            self._until = time.monotonic() + END_PATIENCE
        threading.Thread(target=self._end_in_time, args=(code,), name="shutdown", daemon=True).start()

    def postpone(self, seconds: float) -> None:
        """Something is taken back that would otherwise be left half done."""
        self._move(time.monotonic() + seconds)

    def listen(self, told: Callable[[signal.Signals], None]) -> None:
        """Have `told` called in the loop when a signal asks us to end, and leave in time though it should never come.

        Called in the main thread, in a running loop.
        """
        if self._signals is not None:
            return
        loop = asyncio.get_running_loop()
        for number in TOLD_BY:
            loop.add_signal_handler(number, told, number)
        signal.signal(signal.SIGQUIT, self._quit)
        hears, is_told = self._signals = socket.socketpair()
        is_told.setblocking(False)
        # The interpreter writes each signal's number there at once, also while every thread of ours waits.
        self._to_loop = signal.set_wakeup_fd(is_told.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=self._hear, args=(hears,), name="signals", daemon=True).start()

    def _hear(self, hears: socket.socket) -> None:
        while numbers := hears.recv(64):
            for number in numbers:
                self._take(number)
            # Only then, or what the loop begins by it would look as if somebody had said it twice.
            with suppress(OSError):
                os.write(self._to_loop, numbers)

    def _take(self, number: int) -> None:
        if number == signal.SIGQUIT:
            # The main thread does it better, if it can.
            self.begin(BY_SIGNAL + number)
            self.postpone(2 * LAST_WORDS_SECONDS)
        elif number in TOLD_BY:
            if self._has_begun:
                self._move(time.monotonic())
            self.begin(BY_SIGNAL + number)

    def _quit(self, number: int, _: object) -> None:
        """End as SIGQUIT ends every program, but leave a terminal that can be used."""
        _in_time(self.give_back)
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def _move(self, until: float) -> None:
        with self._changed:
            self._until = until
            self._changed.notify()

    def _end_in_time(self, code: int) -> None:
        with self._changed:
            while (left := self._until - time.monotonic()) > 0:
                self._changed.wait(left)
        _in_time(self.give_back)
        _in_time(lambda: logger.warning("ended without waiting any longer for: %s", ", ".join(_names()) or "the loop"))
        os._exit(code)


def end_now_if_held(code: int) -> None:
    """End the process here when the interpreter would wait for a thread that does not end by itself."""
    until = time.monotonic() + LAST_WORDS_SECONDS
    for thread in _others():
        thread.join(max(0.0, until - time.monotonic()))
    if _others():
        logger.warning("ended without waiting for: %s", ", ".join(_names()))
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


class _Threads(ThreadPoolExecutor):
    """Threads that nobody waits for: what they still do nobody wants any more."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Begin nothing more."""
        del wait, cancel_futures
        super().shutdown(wait=False, cancel_futures=True)


def _in_time(call: Callable[[], None]) -> None:
    """Do something that may wait for a terminal or a disk, and go on without it if it does."""
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(LAST_WORDS_SECONDS)


def _others() -> list[threading.Thread]:
    """The threads that the interpreter waits for at its end."""
    return [each for each in threading.enumerate() if not each.daemon and each is not threading.main_thread()]


def _names() -> list[str]:
    return [each.name for each in _others()]
