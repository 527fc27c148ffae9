"""Spawn a worker with a row of its own that says how far it is, before it has an identity and after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.session import SessionId
from quarterdeck.core.session_ends import to_be_spawned, with_identity
from quarterdeck.core.work import Work
from quarterdeck.operations.spawn import spawn

if TYPE_CHECKING:
    from collections.abc import Callable

    from quarterdeck.core.session import Session
    from quarterdeck.core.work_record import WorkRecord
    from quarterdeck.operations.long_operations import LongOperation, LongOperations
    from quarterdeck.operations.spawn import SpawnRequest
    from quarterdeck.operations.work_context import WorkContext


async def spawn_in_row(
    context: WorkContext, operations: LongOperations, request: SpawnRequest, begun: Callable[[SessionId], None]
) -> SessionId:
    """Start a worker; stopped, everything is taken back.

    `begun` is told the id of its row, and again when the worker has got its own id.
    """
    row = _row(context, request, operations.next_number())

    async def work(operation: LongOperation) -> SessionId:
        begun(operation.session_id)
        await context.learn([context.project(request.project)])

        def reserved(record: WorkRecord) -> None:
            operation.session_id = record.session_id
            name = record.tmux_name or record.session_id
            operation.row = with_identity(row, record.session_id, name, record.as_work())
            operation.changed()
            begun(record.session_id)

        return (await spawn(context, request, operation.say, reserved)).session_id

    return await operations.run(row.session_id, "spawning", work, row)


def _row(context: WorkContext, request: SpawnRequest, number: int) -> Session:
    """The row of a worker that has no identity yet."""
    now = context.clock.now()
    work = Work(project=request.project, agent=request.agent or "", issue=request.issue, created_at=now)
    name = f"{request.project} {request.issue or ''}".strip()
    return to_be_spawned(SessionId(f"spawning-{number}"), name, str(context.mux.address), work, now)
