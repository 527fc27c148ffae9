"""One look at a server: every pane and every real client, in one round trip."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from quarterdeck.core.pane import NoServer, Snapshot
from quarterdeck.errors import TmuxUnreachable
from quarterdeck.tmux import formats, pipe, spawn
from quarterdeck.tmux.link import LinkLost

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from quarterdeck.core.ids import PaneId
    from quarterdeck.core.pane import Incarnation, Look, Pane, ServerAddress
    from quarterdeck.ports.clock import Clock
    from quarterdeck.tmux.breaker import Breaker
    from quarterdeck.tmux.control import ControlClient
    from quarterdeck.tmux.formats import Command, Details, PaneKey, Questions, Rows

logger = logging.getLogger(__name__)

NOTHING_THERE: Final = "no current target"
"""What `display-message` says on a server that has no session (3.3a, with exit-empty off)."""


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
        timeout: float = spawn.TIMEOUT,
    ) -> None:
        self._address = address
        self._control = control
        self._breaker = breaker
        self._clock = clock
        self._timeout = timeout
        self._incarnation: Incarnation | None = None
        self._details: dict[PaneId, Details] = {}
        self._panes: dict[tuple[PaneKey, Details | None], Pane] = {}

    async def look(self, moved: Collection[PaneId] | None) -> Look:
        """All panes at once; raises TmuxUnreachable when nothing could be learned."""
        began = self._clock.monotonic()
        try:
            look = await self._look(moved)
        except spawn.TimedOut:
            self._breaker.timed_out("look")
            raise
        self._breaker.answered("look", self._clock.monotonic() - began, self._timeout)
        return look

    async def _look(self, moved: Collection[PaneId] | None) -> Look:
        if self._control is not None and self._control.linked:
            try:
                return await self._down_the_pipe(self._control, moved)
            except LinkLost as error:
                # The session our client was attached to has ended, or the server has: one spawned tmux tells which.
                logger.debug("looking without the control connection: %s", error.message)
        return await self._spawned()

    async def _spawned(self) -> Look:
        questions = formats.Questions()
        commands = (questions.panes(details=not self._breaker.remaining), questions.clients(), questions.server())
        argv = [word for command in commands for word in (*command, ";")][:-1]
        ran = await spawn.run(self._address, *argv, timeout=self._timeout)
        if not ran.exit_code:
            rows = questions.read(ran.out)
            if rows.incarnation is None:
                raise TmuxUnreachable("tmux's answer was cut short")
            self._remember(rows)
            return self._snapshot(rows)
        if ran.err == NOTHING_THERE:
            return NoServer(at=self._clock.now().timestamp())
        error = spawn.failure(self._address, ran.err)
        if isinstance(error, spawn.ServerAbsent):
            return NoServer(at=self._clock.now().timestamp())
        raise TmuxUnreachable(error.message, hint=error.hint)

    async def _down_the_pipe(self, control: ControlClient, moved: Collection[PaneId] | None) -> Look:
        # While tmux was too slow, a look asks for the details afterwards: by then it has answered.
        slow = bool(self._breaker.remaining)
        known = len(self._details)
        everybody = not slow and (moved is None or not known or 2 * len(moved) > known)
        some = () if everybody or slow or moved is None else moved
        questions = formats.Questions()
        listing = (questions.panes(details=everybody), questions.clients())
        rows = await self._ask(control, questions, (*listing, *map(questions.details, some), questions.server()))
        self._remember(rows)
        new = dict.fromkeys(row.pane_id for row in rows.panes if row.details is None)
        if new:
            more = formats.Questions()
            found = await self._ask(control, more, (*map(more.details, new), more.server()))
            if found.incarnation == rows.incarnation:
                rows.details = found.details
                self._remember(rows)
        return self._snapshot(rows)

    async def _ask(self, control: ControlClient, questions: Questions, commands: Sequence[Command]) -> Rows:
        blocks = await pipe.ask(control, commands, self._timeout)
        for command, block in zip(commands, blocks, strict=True):
            # A question about a single pane may fail, for the pane may be gone.
            if block.failed and "-t" not in command:
                raise TmuxUnreachable(f"tmux does not answer {command[0]}: {block.text}")
        rows = questions.read(b"\n".join(block.body for block in blocks if block.lines and not block.failed))
        if rows.incarnation is None:
            raise TmuxUnreachable("tmux's answer was cut short")
        return rows

    def _remember(self, rows: Rows) -> None:
        """Give each row its details: the row's own, those asked for, or the ones known of the same process."""
        if rows.incarnation != self._incarnation:
            self._incarnation = rows.incarnation
            self._details = {}
        for row in rows.panes:
            found = row.details or rows.details.get(row.pane_id) or self._details.get(row.pane_id)
            row.details = found if found is not None and found.pid == row.pid else None
        self._details = {row.pane_id: row.details for row in rows.panes if row.details is not None}

    def _snapshot(self, rows: Rows) -> Snapshot:
        assert rows.incarnation is not None
        bad = list(rows.bad)
        panes: dict[tuple[PaneKey, Details | None], Pane] = {}
        for row in rows.panes:
            same = (row.key, row.details)
            try:
                panes[same] = self._panes.get(same) or formats.pane(row.key, row.details)
            except ValueError:
                bad.append(formats.shortened(" ".join(row.key)))
        self._panes = panes
        return Snapshot(
            incarnation=rows.incarnation,
            version=rows.version,
            panes=tuple(panes.values()),
            clients=tuple(rows.clients),
            at=self._clock.now().timestamp(),
            bad_rows=tuple(bad),
        )
