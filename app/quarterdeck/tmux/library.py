"""libtmux on a short lead: in a thread of ours, bounded in time, and without the operator's own TMUX.

libtmux starts its `tmux` with no time-out and with our whole environment; here each of its commands goes through our
one bounded runner instead. Its listings answer "unreachable" with an empty list, so they are never used for truth.
"""

from __future__ import annotations

import asyncio
import io
import os
import secrets
import threading
import time
from contextlib import redirect_stdout, suppress
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from quarterdeck.errors import TmuxUnreachable
from quarterdeck.programs import find_tmux
from quarterdeck.tmux import one_call
from quarterdeck.tmux.quoting import words

if TYPE_CHECKING:
    from collections.abc import Callable

    import libtmux
    from libtmux.common import tmux_cmd

    from quarterdeck.core.pane import ServerAddress
    from quarterdeck.tmux.breaker import Breaker

Answer = TypeVar("Answer")

SEPARATOR: Final = "LIBTMUX_TMUX_FORMAT_SEPARATOR"
GRACE: Final = 1.0
"""Seconds beyond the runner's own bound before a thread stops waiting for it."""
_MAKING = threading.Lock()


class Library:
    """libtmux's view of one server."""

    def __init__(self, address: ServerAddress, timeout: float, breaker: Breaker) -> None:
        self._address = address
        self._timeout = timeout
        self._breaker = breaker

    async def use(self, work: Callable[[libtmux.Server], Answer]) -> Answer:
        """Do something with the server in a thread; raises the TmuxError that its failure means."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Answer] = loop.create_future()

        def run() -> None:
            try:
                answer = self._work(loop, work)
            except Exception as error:
                settle(partial(done.set_exception, error))
            else:
                settle(partial(done.set_result, answer))

        def settle(tell: Callable[[], None]) -> None:
            # The loop may be closed by now; then nobody is left to tell.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(lambda: None if done.done() else tell())

        # A daemon, so that it never holds up the end of the program.
        threading.Thread(target=run, name="libtmux", daemon=True).start()
        return await done

    async def command(self, *args: str, target: str | None = None) -> list[str]:
        """Run one tmux command through libtmux and give the lines it printed."""
        name, *rest = args
        began = time.monotonic()
        try:
            answer = await self.use(lambda server: server.cmd(name, *rest, target=target))
        except one_call.TimedOut:
            self._breaker.timed_out(name)
            raise
        self._breaker.answered(name, time.monotonic() - began, self._timeout)
        if answer.returncode:
            raise one_call.failure(self._address, "\n".join(answer.stderr))
        return answer.stdout

    def _work(self, loop: asyncio.AbstractEventLoop, work: Callable[[libtmux.Server], Answer]) -> Answer:
        # Of two threads that come first together, one makes it and the other waits.
        with _MAKING:
            kind = _bounded_server()
        server = kind(self._address, self._timeout, loop)
        from libtmux.exc import LibTmuxException

        try:
            return work(server)
        except LibTmuxException as error:
            raise one_call.failure(self._address, str(error)) from error
        except ValueError as error:
            # What libtmux 0.62 raises, of all things, when a title holds its field separator.
            raise TmuxUnreachable(f"libtmux could not read what tmux answered: {error}.") from error


@cache
def _bounded_server() -> type[Any]:
    """Libtmux's Server with our runner under it; made at first use, for the import costs 80 ms."""
    # Its default separator can be put into a title by any program; it is read once, when libtmux is imported.
    os.environ[SEPARATOR] = f"|{secrets.token_hex(8)}|"
    try:
        # It asks standard output for its encoding, and what stands there while a console draws has none.
        with redirect_stdout(io.TextIOWrapper(io.BytesIO(), encoding="utf-8")):
            import libtmux
            from libtmux.common import tmux_cmd
    finally:
        del os.environ[SEPARATOR]

    class BoundedServer(libtmux.Server):
        """A server whose every command is bounded in time."""

        def __init__(self, address: ServerAddress, timeout: float, loop: asyncio.AbstractEventLoop) -> None:
            super().__init__(socket_path=address.socket, tmux_bin=find_tmux())
            self._address = address
            self._timeout = timeout
            self._loop = loop

        def cmd(self, cmd: str, *args: Any, target: str | int | None = None) -> tmux_cmd:
            """Run a command and give its answer in libtmux's own form."""
            aim = () if target is None else ("-t", str(target))
            argv = words(cmd, *aim, *map(str, args))
            running = asyncio.run_coroutine_threadsafe(
                one_call.run(self._address, *argv, timeout=self._timeout), self._loop
            )
            try:
                return _answer(tmux_cmd, argv, running.result(self._timeout + GRACE))
            except TimeoutError:
                running.cancel()
                # The loop is held up, or a killed tmux takes its time to go.
                raise one_call.TimedOut(self._address, self._timeout) from None

    return BoundedServer


def _answer(kind: type[tmux_cmd], argv: tuple[str, ...], ran: one_call.CallResult) -> tmux_cmd:
    answer = kind.__new__(kind)
    answer.cmd = list(argv)
    answer.returncode = ran.exit_code
    answer.stdout = ran.out.decode(errors="replace").splitlines()
    answer.stderr = ran.err.splitlines()
    return answer
