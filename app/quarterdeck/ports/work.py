"""What we ask of the place where spawned work is kept: records, ids that are never reused, and the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime

    from quarterdeck.core.journal import JournalEntry, Operation, Step
    from quarterdeck.core.session import SessionId
    from quarterdeck.core.work_record import WorkRecord


class WorkStore(Protocol):
    """Spawned work, shared by every console and command. Each method is one transaction; processes may race."""

    async def reserve_worker(
        self, draft: WorkRecord, prefix: str, taken: Collection[int], owner: str
    ) -> tuple[WorkRecord, JournalEntry]:
        """Give a draft the next `<prefix>-<n>`, above every number ever given and every one in `taken`.

        The record is kept and a spawn is begun in the journal, in one transaction.
        """

    async def reserve_orchestrator(self, draft: WorkRecord, owner: str) -> tuple[WorkRecord, JournalEntry]:
        """Keep a draft under the fixed id it carries; raises AlreadyReserved when a record of that id is kept."""

    async def work(self, session_id: SessionId) -> WorkRecord | None:
        """One record; None when there is none that can be read."""

    async def works(self, project: str | None = None) -> list[WorkRecord]:
        """Every record, oldest first. One that does not validate is set aside, never fatal."""

    async def change_work(self, session_id: SessionId, change: Callable[[WorkRecord], WorkRecord]) -> WorkRecord:
        """Read, change (purely) and keep one record, with nobody in between; raises NotFound when it is gone."""

    async def drop_work(self, session_id: SessionId) -> None:
        """Remove a record. Its number is not given again."""

    async def begin(
        self, operation: Operation, session_id: SessionId, project: str, owner: str, at: datetime
    ) -> JournalEntry:
        """Begin an operation on a session; raises AlreadyReserved while another one on it is in the journal."""

    async def step(self, entry: JournalEntry, step: Step, data: Mapping[str, str] | None = None) -> JournalEntry:
        """Note that a step is about to be done, with what its remedy needs. On disk when this returns."""

    async def finish(self, entry: JournalEntry) -> None:
        """The operation is over, one way or the other."""

    async def journal(self) -> list[JournalEntry]:
        """Every operation under way, oldest first."""

    async def take_over(self, entry: JournalEntry, owner: str) -> bool:
        """Make an entry ours; False when somebody else was first."""

    async def audit(self, session_id: SessionId, at: datetime, entry: Mapping[str, Any]) -> None:
        """Add to the trail of a session's own reports; the oldest go beyond 200 entries or 256 KiB."""
