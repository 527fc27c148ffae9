"""The control client: keeps one connection to the server alive, wherever there is a session to hold on to."""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from quarterdeck.core.pane import PaneId, TmuxSessionId
from quarterdeck.errors import TmuxError
from quarterdeck.tmux import one_call
from quarterdeck.tmux.control_connection import ControlConnection
from quarterdeck.tmux.one_call import ConnectionLost
from quarterdeck.tmux.quoting import control_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from quarterdeck.core.pane import ServerAddress
    from quarterdeck.tmux.control_protocol import Block, Notification

logger = logging.getLogger(__name__)

FIRST_REST: Final = 0.05
"""Seconds before the first new attempt."""
LONGEST_REST: Final = 10.0
"""Seconds between attempts that keep failing."""
STEADY: Final = 1.0
"""A connection that lived this long was a good one: its end starts the rests anew."""
GLANCE: Final = 0.25
"""Seconds between two glances at the socket file while there is no connection."""

_HOSTS: Final = "S|#{session_id}|#{session_attached}|#{destroy-unattached}|#{exit-unattached}"
_HOME: Final = "H|#{session_id}"


class Host(Struct, frozen=True):
    """A session that our client could attach to."""

    session: TmuxSessionId
    attached: int
    lasting: bool
    """It and its server do not end because nobody is attached, so our coming and going means nothing to them."""


def choose(hosts: Iterable[Host], home: TmuxSessionId | None) -> TmuxSessionId | None:
    """The session to attach to: home, else the most looked-at, else the oldest; None when none will do.

    While any client is attached tmux 3.3a raises no bell for the session's current window, so a session that the
    operator looks at loses nothing by ours. With `destroy-unattached` or `exit-unattached` on, our client would keep
    alive what the operator wants gone, and end it when we leave.
    """
    fit = [host for host in hosts if host.lasting]
    if any(host.session == home for host in fit):
        return home
    best = max(fit, key=lambda host: (host.attached, -int(host.session.removeprefix("$"))), default=None)
    return best.session if best is not None else None


class ControlClient:
    """Keeps a `ControlConnection` to the server, and makes a new one whenever it ends.

    It never makes a session, never asks for output, never says a size (`refresh-client -C` resizes windows even with
    ignore-size when no other client is there: 3.3a), and never keeps a server alive.
    """

    def __init__(
        self,
        address: ServerAddress,
        *,
        home: PaneId | None = None,
        on_notice: Callable[[Notification], None],
        on_link: Callable[[bool], None],
        timeout: float,
    ) -> None:
        self.address = address
        self._home = home
        self._on_notice = on_notice
        self._on_link = on_link
        self._timeout = timeout
        self._link: ControlConnection | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def linked(self) -> bool:
        """Whether commands can go down a living connection now."""
        return self._link is not None and not self._link.ended.is_set()

    def start(self) -> None:
        """Begin to hold a connection, in the background."""
        if self._task is None:
            self._task = asyncio.create_task(self._keep(), name=f"tmux control client of {self.address}")
            self._task.add_done_callback(_tell_of_failure)

    @property
    def version(self) -> str:
        """The version of the server that commands go to now, in its own word; "" without a connection."""
        return self._link.version if self._link is not None else ""

    async def ask(self, commands: Sequence[Sequence[str]], timeout: float) -> list[Block]:
        """Send commands in one write and give one answer for each; raises ConnectionLost when that did not do."""
        return [block for (block,) in await self.ask_chains([(command,) for command in commands], timeout)]

    async def ask_chains(self, chains: Sequence[Sequence[Sequence[str]]], timeout: float) -> list[list[Block]]:
        """Send chains of commands and give the answers of each: tmux runs a chain in one go, up to what fails in it.

        tmux does not escape what it prints into an answer (3.3a), so a pane can show lines that end its own answer and
        begin a false one. Two things give that away: a guard inside a body, and a last answer that is not the random
        word we asked for.
        """
        link = self._link
        if link is None:
            raise ConnectionLost("There is no control connection to tmux.")
        word = secrets.token_hex(8)
        lines = [[control_line(command) for command in chain] for chain in chains]
        *answers, (last,) = await link.ask([*lines, [f"display-message -p {word}"]], timeout)
        if last.lines != (word.encode(),):
            link.end("its answers are out of step")
            raise ConnectionLost("A pane shows text that put tmux's answers out of step.")
        if any(block.doubtful for answer in answers for block in answer):
            raise ConnectionLost("A pane shows text that looks like tmux's own protocol.")
        return answers

    async def close(self) -> None:
        """Let go of the server for good."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _keep(self) -> None:
        rest = FIRST_REST
        while True:
            seen = self._stamp()
            lived = await self._hold_one()
            rest = FIRST_REST if lived >= STEADY else min(rest * 2, LONGEST_REST)
            # Jittered, so that several consoles do not come back in step.
            if await self._rest(rest * random.uniform(0.5, 1.0), seen):  # noqa: S311 - no secret
                rest = FIRST_REST

    async def _hold_one(self) -> float:
        """Attach, and stay until the connection ends; the answer is how many seconds it lived."""
        try:
            session = await self._find_host()
            if session is None:
                return 0.0
            link = await ControlConnection.open(self.address, session, self._on_notice, self._timeout)
        except TmuxError as error:
            logger.debug("no control connection: %s", error.message)
            return 0.0
        began = time.monotonic()
        self._set(link)
        try:
            await link.ended.wait()
        finally:
            self._set(None)
            await link.close()
        return time.monotonic() - began

    def _set(self, link: ControlConnection | None) -> None:
        self._link = link
        logger.info("control connection %s", "made" if link else "lost", extra={"server": str(self.address)})
        self._on_link(link is not None)

    async def _find_host(self) -> TmuxSessionId | None:
        home = ("display-message", "-p", "-t", self._home, _HOME) if self._home else ("display-message", "-p", "H|")
        # The home pane may be gone, which fails only the last command.
        ran = await one_call.run(self.address, "list-sessions", "-F", _HOSTS, ";", *home, timeout=self._timeout)
        if ran.exit_code and not ran.out:
            raise one_call.failure(self.address, ran.err)
        rows = [line.split("|") for line in ran.out.decode(errors="replace").splitlines()]
        hosts = [
            # Both options show as 0 up to 3.3a; destroy-unattached as `off` from 3.4.
            Host(TmuxSessionId(row[1]), int(row[2] or 0), {row[3], row[4]} <= {"", "0", "off"})
            for row in rows
            if row[0] == "S" and len(row) == 5
        ]
        homes = [TmuxSessionId(row[1]) for row in rows if row[0] == "H" and len(row) == 2]
        return choose(hosts, homes[0] if homes else None)

    async def _rest(self, seconds: float, seen: tuple[int, int] | None) -> bool:
        """Wait until the time is over and there is a socket; True as soon as it is another one than was seen.

        A glance at the file costs nothing; an attempt starts programs.
        """
        deadline = time.monotonic() + seconds
        while True:
            stamp = self._stamp()
            if stamp is not None and stamp != seen:
                return True
            left = deadline - time.monotonic()
            if stamp is not None and left <= 0:
                return False
            await asyncio.sleep(min(GLANCE, left) if left > 0 else GLANCE)

    def _stamp(self) -> tuple[int, int] | None:
        try:
            stat = Path(self.address.socket).stat()
        except OSError:
            return None
        return stat.st_ino, stat.st_mtime_ns


def _tell_of_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("the tmux control client stopped; looks go on without it", exc_info=error)
