"""One living control-mode connection: commands go down, their answers come back in order."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, cast

from quarterdeck.errors import TmuxUnreachable
from quarterdeck.tmux import spawn
from quarterdeck.tmux.parser import Block, ControlParser, Damage, Notification

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

    from quarterdeck.core.ids import TmuxSessionId
    from quarterdeck.core.pane import ServerAddress

logger = logging.getLogger(__name__)

FLAGS: Final = "ignore-size,no-output"
"""Seen on 3.3a: a control client that never says its size changes no window's, and these say so once more."""


class LinkLost(TmuxUnreachable):
    """The connection ended before it answered. Nothing is known; another way to ask may still work."""


@dataclass(slots=True)
class _Batch:
    """Commands sent together, and the answers that have come so far."""

    size: int
    done: asyncio.Future[list[Block]]
    blocks: list[Block] = field(default_factory=list)


class Link(asyncio.SubprocessProtocol):
    """One `tmux -C` process attached to a session, until it ends for whatever reason."""

    def __init__(self, address: ServerAddress, on_notice: Callable[[Notification], None]) -> None:
        self._address = address
        self._on_notice = on_notice
        self._parser = ControlParser()
        self._waiting: deque[_Batch] = deque()
        self._transport: asyncio.SubprocessTransport | None = None
        self._stdin: asyncio.WriteTransport | None = None
        self._said = b""
        self._end_reason = ""
        self._gone = asyncio.Event()
        self.ended = asyncio.Event()
        """Set when nothing can be asked any more."""

    @classmethod
    async def open(
        cls,
        address: ServerAddress,
        session: TmuxSessionId,
        on_notice: Callable[[Notification], None],
        timeout: float = spawn.TIMEOUT,
    ) -> Self:
        """Attach to a session and see that it answers."""
        # -E: without it attaching copies our environment's DISPLAY, SSH_AUTH_SOCK and so on into the session (3.3a).
        argv = spawn.command(address, "-C", "attach-session", "-E", "-f", FLAGS, "-t", session)
        try:
            _, link = await asyncio.get_running_loop().subprocess_exec(
                lambda: cls(address, on_notice), *argv, env=spawn.environment(), start_new_session=True
            )
        except FileNotFoundError as error:
            raise spawn.missing() from error
        except OSError as error:
            raise TmuxUnreachable(f"tmux could not be started: {error}") from error
        try:
            await link.ask(["display-message -p linked"], timeout=timeout)
        except BaseException:
            await link.close()
            raise
        return link

    @property
    def pid(self) -> int | None:
        """The client's process."""
        return self._transport.get_pid() if self._transport is not None else None

    async def ask(self, lines: Sequence[str], timeout: float) -> list[Block]:
        """Send command lines (one command each) and wait for all their answers.

        A time-out ends the connection: an answer that comes late would be taken for another question's.
        """
        if self.ended.is_set() or self._stdin is None:
            raise LinkLost(f"the connection to tmux ended: {self._end_reason}")
        batch = _Batch(len(lines), asyncio.get_running_loop().create_future())
        self._waiting.append(batch)
        self._stdin.write("".join(f"{line}\n" for line in lines).encode())
        try:
            async with asyncio.timeout(timeout):
                return await batch.done
        except TimeoutError:
            self._end(f"no answer within {timeout:g} s")
            raise spawn.TimedOut(self._address, timeout) from None

    async def close(self) -> None:
        """End the connection and collect its process."""
        self._end("closed")
        try:
            async with asyncio.timeout(spawn.TIMEOUT):
                await self._gone.wait()
        except TimeoutError:
            logger.warning("a tmux control client could not be collected", extra={"pid": self.pid})

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The process runs."""
        self._transport = cast("asyncio.SubprocessTransport", transport)
        self._stdin = cast("asyncio.WriteTransport", self._transport.get_pipe_transport(0))

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Bytes came: answers and notices, or a complaint."""
        if fd != 1:
            self._said = (self._said + data)[-500:]
            return
        for event in self._parser.feed(data):
            match event:
                case Block():
                    self._answered(event)
                case Notification():
                    if not self.ended.is_set():
                        self._on_notice(event)
                case Damage():
                    self._end("its answers are out of step")
                    return

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """A pipe was closed: the client is ending."""
        if fd != 2:
            self._end(self._said.decode(errors="replace").strip() or "the client ended")

    def process_exited(self) -> None:
        """The client is gone."""
        self._end("the client ended")

    def connection_lost(self, exc: Exception | None) -> None:
        """The process is collected and its pipes are closed."""
        self._gone.set()

    def _answered(self, block: Block) -> None:
        # An answer to a command that we did not type: the attach itself, or a hook's (3.3a).
        if not block.ours or not self._waiting:
            return
        batch = self._waiting[0]
        batch.blocks.append(block)
        if len(batch.blocks) == batch.size:
            self._waiting.popleft()
            if not batch.done.done():
                batch.done.set_result(batch.blocks)

    def _end(self, reason: str) -> None:
        if self.ended.is_set():
            return
        self._end_reason = reason
        self.ended.set()
        while self._waiting:
            batch = self._waiting.popleft()
            if not batch.done.done():
                batch.done.set_exception(LinkLost(f"the connection to tmux ended: {reason}"))
        if self._transport is not None:
            # This kills the client at once. A polite end would wait for a server that may be stopped; the server
            # takes either for a detach.
            self._transport.close()
