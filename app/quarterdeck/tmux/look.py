"""One look at a server: every pane and every real client, in one round trip."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from quarterdeck.core.pane import NoServer, Snapshot
from quarterdeck.errors import TmuxUnreachable
from quarterdeck.tmux import control_lines, formats, one_call
from quarterdeck.tmux.control_connection import ConnectionLost
from quarterdeck.tmux.pane_memory import PaneMemory

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from quarterdeck.core.pane import Look, Pane, PaneId, ServerAddress
    from quarterdeck.ports.clock import Clock
    from quarterdeck.tmux.breaker import Breaker
    from quarterdeck.tmux.control import ControlClient
    from quarterdeck.tmux.formats import Command, Details, PaneRow, Questions, Rows

logger = logging.getLogger(__name__)

NOTHING_THERE: Final = "no current target"
"""What `display-message` says on a server that has no session (3.3a, with exit-empty off)."""
ENDING: Final = "server exited"
"""What a client says that reached a server on its way out (3.3a); a moment later there is none."""
PAUSES: Final = (0.02, 0.1, 0.3)


class Looker:
    """Looks down the control connection where there is one, else by one spawned tmux; remembers between looks.

    A pane that did not change is the very same `Pane` object as before, so that comparing two looks is cheap.
    """

    def __init__(
        self,
        address: ServerAddress,
        *,
        control: ControlClient | None,
        breaker: Breaker,
        clock: Clock,
        timeout: float = one_call.TIMEOUT,
    ) -> None:
        self._address = address
        self._control = control
        self._breaker = breaker
        self._clock = clock
        self._timeout = timeout
        self._memory = PaneMemory()
        self._rows: dict[str, PaneRow] = {}
        self._panes: dict[PaneRow, tuple[Details | None, Pane]] = {}

    async def look(self, moved: Collection[PaneId] | None) -> Look:
        """All panes at once; raises TmuxUnreachable when nothing could be learned."""
        began = self._clock.monotonic()
        try:
            look = await self._look(moved)
        except one_call.TimedOut:
            self._breaker.timed_out("look")
            raise
        self._breaker.answered("look", self._clock.monotonic() - began, self._timeout)
        return look

    async def _look(self, moved: Collection[PaneId] | None) -> Look:
        # A server that was too slow lately must answer something small before it is asked for everything.
        slow = bool(self._breaker.remaining)
        if self._control is not None and self._control.linked:
            try:
                if slow:
                    await control_lines.ask(self._control, (), self._timeout)
                return await self._down_the_pipe(self._control, moved)
            except ConnectionLost as error:
                # The session our client was attached to has ended, or the server has: one spawned tmux tells which.
                logger.debug("looking without the control connection: %s", error.message)
        if slow:
            await one_call.run(self._address, "list-sessions", "-F", "#{session_id}", timeout=self._timeout)
        return await self._spawned()

    async def _down_the_pipe(self, control: ControlClient, moved: Collection[PaneId] | None) -> Look:
        due = self._memory.due(moved)
        questions = formats.Questions()
        listing = (questions.panes(details=due is None), questions.clients())
        rows = await self._ask(control, questions, (*listing, *map(questions.details, due or ()), questions.server()))
        new = self._memory.fill(rows, self._clock.monotonic())
        if new:
            more = formats.Questions()
            found = await self._ask(control, more, (*map(more.details, new), more.server()))
            if found.incarnation == rows.incarnation:
                rows.details = found.details
                self._memory.fill(rows, self._clock.monotonic())
        return self._snapshot(rows)

    async def _spawned(self) -> Look:
        questions = formats.Questions()
        argv = questions.everything()
        ran = await self._run(argv)
        for pause in PAUSES:
            if not ran.err.startswith(ENDING):
                break
            await asyncio.sleep(pause)
            ran = await self._run(argv)
        if not ran.exit_code:
            rows = _whole(questions.read(ran.out, self._rows))
            self._memory.fill(rows, self._clock.monotonic())
            return self._snapshot(rows)
        if ran.err == NOTHING_THERE:
            return NoServer(at=self._clock.now().timestamp())
        error = one_call.failure(self._address, ran.err)
        if isinstance(error, one_call.ServerAbsent):
            return NoServer(at=self._clock.now().timestamp())
        raise TmuxUnreachable(error.message, hint=error.hint)

    async def _run(self, argv: Sequence[str]) -> one_call.CallResult:
        return await one_call.run(self._address, *argv, timeout=self._timeout, most=one_call.MOST_BYTES_OF_ROWS)

    async def _ask(self, control: ControlClient, questions: Questions, commands: Sequence[Command]) -> Rows:
        blocks = await control_lines.ask(control, commands, self._timeout)
        for command, block in zip(commands, blocks, strict=True):
            # A question about a single pane may fail, for the pane may be gone.
            if block.failed and "-t" not in command:
                # As when the last session has just gone: one spawned tmux tells what that means.
                raise ConnectionLost(f"tmux does not answer {command[0]}: {block.text}")
        return _whole(
            questions.read(b"\n".join(block.body for block in blocks if block.lines and not block.failed), self._rows)
        )

    def _snapshot(self, rows: Rows) -> Snapshot:
        assert rows.incarnation is not None
        bad = list(rows.bad)
        panes: dict[PaneRow, tuple[Details | None, Pane]] = {}
        for row in rows.panes:
            details = rows.details.get(row.target)
            known = self._panes.get(row)
            try:
                panes[row] = known if known and known[0] is details else (details, formats.pane(row, details))
            except ValueError:
                bad.append(formats.shortened(f"{row.head} {row.name} {row.title}"))
        self._rows, self._panes = rows.by_text, panes
        return Snapshot(
            incarnation=rows.incarnation,
            version=rows.version,
            panes=tuple([pane for _, pane in panes.values()]),
            clients=tuple(rows.clients),
            at=self._clock.now().timestamp(),
            bad_rows=tuple(bad),
        )


def _whole(rows: Rows) -> Rows:
    """Rows whose last one, which tells who the server is, has come too."""
    if rows.incarnation is None and not rows.panes:
        raise one_call.Nonsense
    if rows.incarnation is None:
        raise TmuxUnreachable("tmux's answer was cut short.")
    return rows
