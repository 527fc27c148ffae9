"""One living control-mode connection: commands go down, their answers come back in order."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Final

from msgspec import Struct, field

from quarterdeck.core.pane import ServerAddress
from quarterdeck.foreign_files import MEGABYTE
from quarterdeck.tmux import one_call
from quarterdeck.tmux.admission import Admission
from quarterdeck.tmux.client_process import ClientProcess
from quarterdeck.tmux.control_protocol import Block, ControlParser, Damage, Notification
from quarterdeck.tmux.one_call import ConnectionLost

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

    from quarterdeck.core.pane import TmuxSessionId

logger = logging.getLogger(__name__)

CLIENT_FLAGS: Final = "ignore-size,no-output"
"""Seen on 3.3a: a control client that never says its size changes no window's, and these say so once more."""
MOST_CONTROL_BYTES: Final = 8 * MEGABYTE
"""Bytes of one answer that are taken in: ten thousand wide lines of a pane, in colours."""


class _Batch(Struct):
    """Lines of commands sent together, and the answers that have come so far."""

    sizes: tuple[int, ...]
    """How many commands each line holds."""
    done: asyncio.Future[list[list[Block]]]
    answers: list[list[Block]] = field(default_factory=lambda: [[]])
    """One list for each line that is being or was answered."""


class ControlConnection(ClientProcess):
    """One `tmux -C` process attached to a session, until it ends for whatever reason."""

    def __init__(self, address: ServerAddress, admission: Admission, on_notice: Callable[[Notification], None]) -> None:
        super().__init__()
        self._address = address
        self._admission = admission
        self._on_notice = on_notice
        self._parser = ControlParser()
        self._waiting: deque[_Batch] = deque()
        self._said = b""
        self._end_reason = ""
        self.ended = asyncio.Event()
        """Set when nothing can be asked any more."""
        self.version = ""
        """The server's, in its own word."""

    @classmethod
    async def open(
        cls,
        address: ServerAddress,
        session: TmuxSessionId,
        on_notice: Callable[[Notification], None],
        timeout: float = one_call.CALL_SECONDS,
    ) -> Self:
        """Attach to a session and see that it answers."""
        # -E: without it attaching copies our environment's DISPLAY, SSH_AUTH_SOCK and so on into the session (3.3a).
        admission = Admission(address, timeout)
        argv = one_call.command(
            ServerAddress(admission.path), "-C", "attach-session", "-E", "-f", CLIENT_FLAGS, "-t", session
        )
        link = cls(address, admission, on_notice)
        try:
            await link.start(argv, one_call.environment())
            await admission.let_in()
            ((block,),) = await link.ask([("display-message -p '#{version}'",)], timeout)
            link.version = block.text
        except BaseException:
            await link.close()
            raise
        return link

    async def ask(self, chains: Sequence[Sequence[str]], timeout: float) -> list[list[Block]]:
        """Send chains of commands and wait for their answers: tmux runs a chain in one go, up to what fails in it.

        A time-out ends the connection: an answer that comes late would be taken for another question's.
        """
        if self.ended.is_set():
            raise ConnectionLost(f"The connection to tmux ended: {self._end_reason}")
        batch = _Batch(tuple(map(len, chains)), asyncio.get_running_loop().create_future())
        self._waiting.append(batch)
        self.write("".join(f"{' ; '.join(chain)}\n" for chain in chains).encode())
        try:
            async with asyncio.timeout(timeout):
                return await batch.done
        except TimeoutError:
            forged = self._parser.in_doubt
            self.end(f"no answer within {timeout:g} s")
            if forged:
                raise ConnectionLost("A pane shows text that keeps tmux's answer open.") from None
            raise one_call.TimedOut(self._address, timeout) from None

    async def close(self) -> None:
        """End the connection and collect its process."""
        self.end("closed")
        if not await self.collected():
            logger.warning("a tmux control client could not be collected", extra={"pid": self.pid})

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Take the bytes of answers and notices, or of a complaint on standard error."""
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
                    self.end("its answers are out of step")
                    return
        if self._parser.held > MOST_CONTROL_BYTES:
            self.end("an answer has no end")

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """End the connection: a pipe was closed, so the client is ending."""
        if fd != 2:
            self.end(self._said.decode(errors="replace").strip() or "the client ended")

    def process_exited(self) -> None:
        """End the connection, as the client has ended."""
        self.end("the client ended")

    def _answered(self, block: Block) -> None:
        # An answer to a command that we did not type: the attach itself, or a hook's (3.3a).
        if not block.ours or not self._waiting:
            return
        batch = self._waiting[0]
        line = batch.answers[-1]
        line.append(block)
        # tmux leaves out what follows a failed command on its line.
        if not block.failed and len(line) < batch.sizes[len(batch.answers) - 1]:
            return
        if len(batch.answers) < len(batch.sizes):
            batch.answers.append([])
            return
        self._waiting.popleft()
        if not batch.done.done():
            batch.done.set_result(batch.answers)

    def end(self, reason: str) -> None:
        """End the connection now; whatever waits for an answer gets ConnectionLost."""
        if self.ended.is_set():
            return
        self._end_reason = reason
        self.ended.set()
        while self._waiting:
            batch = self._waiting.popleft()
            if not batch.done.done():
                batch.done.set_exception(ConnectionLost(f"The connection to tmux ended: {reason}"))
        self._admission.close()
        # This kills the client at once. A polite end would wait for a server that may be stopped; the server takes
        # either for a detach.
        self.let_go()
