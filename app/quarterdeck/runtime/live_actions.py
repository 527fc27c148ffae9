"""Does what the console asks for: each action finds the sessions of the rows and calls an operation."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from quarterdeck.errors import Refused
from quarterdeck.operations import answer, kill, new, send
from quarterdeck.operations.cleanup import clear_picked
from quarterdeck.operations.delivery import Delivery, DeliveryRules
from quarterdeck.operations.kill_work import end_worker
from quarterdeck.operations.long_operations import all_at_once
from quarterdeck.operations.reopen import bring_session_back
from quarterdeck.operations.restore import bring_worker_back
from quarterdeck.operations.spawn import spawn_in_row
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from quarterdeck.core.session import Ask, Session, SessionId
    from quarterdeck.operations.cleanup import Cleared
    from quarterdeck.operations.long_operations import LongOperations
    from quarterdeck.operations.new import NewSessionRequest
    from quarterdeck.operations.shown_fleet import ShownFleet
    from quarterdeck.operations.spawn import SpawnRequest
    from quarterdeck.ports.mux import Attach, GoResult
    from quarterdeck.runtime.services import Services
    from quarterdeck.tmux.operator_terminal import OperatorTerminal

WORKERS_AT_ONCE = 4
"""Workers ended at the same time."""


class LiveActions:
    """Implements tui.backend.FleetActions over one tmux server."""

    def __init__(
        self,
        services: Services,
        shown: ShownFleet,
        operations: LongOperations,
        terminal: OperatorTerminal,
    ) -> None:
        self._services = services
        self._context = services.context
        self._shown = shown
        self._operations = operations
        self._terminal = terminal
        self._own_pane = terminal.own_pane

    async def look_now(self) -> None:
        """Look at tmux at once."""
        self._services.workers.watcher.look_now()

    async def go(self, session_id: SessionId) -> GoResult:
        """Take the operator to the session's pane."""
        session = self._shown.find(session_id)
        if session.pane_id is None or session.is_stale or session.ended_at is not None:
            raise Refused(f'"{session.tmux_name}" has no pane to go to.')
        return await self._terminal.go(session.pane_id)

    async def attach(self, going: Attach) -> None:
        """Run the attach and wait for its end."""
        await self._terminal.attach(going)

    async def new(self, wanted: NewSessionRequest) -> tuple[Session, list[str]]:
        """Make a session."""
        return await new.new_session(self._context, replace(wanted, shell=os.environ.get("SHELL", "")))

    async def spawn(self, request: SpawnRequest, begun: Callable[[SessionId], None]) -> SessionId:
        """Start a worker."""
        return await spawn_in_row(self._services.work_context, self._operations, request, begun)

    async def send(self, ids: Sequence[SessionId], text: str) -> list[Delivery]:
        """Deliver a message to each."""
        sessions = [self._shown.find(each) for each in ids]
        return await send.send_to_all(self._context, sessions, text, DeliveryRules(own_pane=self._own_pane))

    async def send_now(self, message_id: int) -> Delivery:
        """Send one that waits at once."""
        return await send.deliver_now(self._context, message_id, DeliveryRules(now=True, own_pane=self._own_pane))

    async def rewrite(self, message_id: int, text: str) -> None:
        """Change the words of one that waits."""
        await send.rewrite(self._context, message_id, text)

    async def withdraw(self, message_id: int) -> None:
        """Take back one that waits."""
        await send.withdraw(self._context, message_id)

    async def answer(self, session_id: SessionId, ask: Ask, choice: str) -> None:
        """Answer the question as it was shown."""
        await answer.answer(self._context, self._shown.find(session_id), choice, shown=ask, own_pane=self._own_pane)

    async def end(self, ids: Sequence[SessionId]) -> list[str]:
        """End sessions; one that fails does not stop the others."""
        turn = asyncio.Semaphore(WORKERS_AT_ONCE)
        return list(filter(None, await all_at_once(self._end(each, turn) for each in ids)))

    async def _end(self, session_id: SessionId, turn: asyncio.Semaphore) -> str:
        session, work_context = self._shown.find(session_id), self._services.work_context
        if session.work is None:
            await kill.kill(self._context, session, own_pane=self._own_pane)
            return ""
        return await self._operations.run(
            session.session_id, "ending", lambda operation: end_worker(work_context, operation, turn)
        )

    async def forget(self, ids: Sequence[SessionId]) -> None:
        """Let go of rows; one that fails does not stop the others."""
        await all_at_once(self._forget(each) for each in ids)

    async def _forget(self, session_id: SessionId) -> None:
        await kill.forget(self._context, self._shown.find(session_id))

    async def bring_back(self, session_id: SessionId) -> list[str]:
        """Bring back what has ended or is stale."""
        session, work_context = self._shown.find(session_id), self._services.work_context
        if session.work is None:
            await bring_session_back(self._context, session)
            return []
        return await self._operations.run(
            session.session_id, "restoring", lambda operation: bring_worker_back(work_context, operation)
        )

    async def clear(
        self, ids: Sequence[SessionId], *, keeping: Collection[SessionId], told: Callable[[Cleared], None]
    ) -> None:
        """End these of the clearable."""
        await clear_picked(self._services.work_context, self._operations, ids, keeping, told)

    async def stop(self, session_id: SessionId) -> Sequence[str]:
        """Stop what is under way there and take it back."""
        return await self._operations.stop(session_id)

    async def change_setting(self, key: str, value: str) -> None:
        """Set one."""
        await (await self._services.settings_desk()).change(key, value)
