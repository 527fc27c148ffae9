"""What every operation stands on: the ports it acts through, and the supervisor that tells of the outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from quarterdeck.core.report import ReportState
from quarterdeck.core.session_names import find_session
from quarterdeck.errors import NotFound
from quarterdeck.ports.store import Activity, Level

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from quarterdeck.core.pane import PaneId
    from quarterdeck.core.session import Session, SessionId
    from quarterdeck.paths import Places
    from quarterdeck.ports.agent import Agents, Claims
    from quarterdeck.ports.clock import Clock
    from quarterdeck.ports.messages import MessageStore
    from quarterdeck.ports.mux import Mux
    from quarterdeck.ports.store import Store
    from quarterdeck.supervisor.processes import Processes
    from quarterdeck.supervisor.supervisor import Supervisor


class AnyTranscript:
    """Claims for a file that is known to be the right one: others may read it too."""

    def claim(self, path: Path, owner: object) -> bool:
        """Always granted."""
        return True

    def release(self, owner: object) -> None:
        """Nothing was taken."""


async def _nobody(session_id: SessionId) -> None:
    """Nobody wants to know."""


class SessionContext(Struct, frozen=True, kw_only=True):
    """One tmux server with everything that acts on it."""

    mux: Mux
    store: Store
    supervisor: Supervisor
    clock: Clock
    agents: Agents
    places: Places
    messages: MessageStore
    processes: Processes
    claims: Claims
    """Which session reads which transcript."""
    owner: str
    """This process, as messages on their way name it."""
    reports: Callable[[PaneId], ReportState] = lambda pane_id: ReportState()
    """What a pane's agent has reported, as far as this process has read it."""
    transcript: Callable[[SessionId], Path | None] = lambda session_id: None
    """The transcript of a session, where it is known."""
    on_held: Callable[[], None] = lambda: None
    """Told when a message of ours begins to wait, or is changed or taken back."""
    answered: Callable[[SessionId], Awaitable[None]] = _nobody
    """Told when something of the operator's was typed into a session."""
    revive: Callable[[Session], Awaitable[Session]] | None = None
    """Brings a spawned session back that has died."""

    async def tell(
        self,
        kind: str,
        summary: str,
        session_id: SessionId,
        *,
        source: str = "operator",
        level: Level = Level.INFO,
        project: str | None = None,
        **data: Any,
    ) -> None:
        """Write a line of the activity log."""
        now = self.clock.now()
        await self.store.record(
            Activity(
                kind=kind,
                at=now,
                level=level,
                source=source,
                session_id=session_id,
                project=project,
                summary=summary,
                data=data,
            )
        )

    def session(self, word: str, *, all_rows: bool = False) -> Session:
        """Find the one session that a word names: its id, its exact tmux name, or a prefix of either."""
        rows = [*self.supervisor.fleet.sessions.values(), *(self.supervisor.ended.values() if all_rows else ())]
        if not all_rows:
            rows = [row for row in rows if not row.is_stale]
        found = find_session(word, rows)
        if found is None:
            raise NotFound(f'There is no session "{word}".', hint="`quarterdeck ls` lists them.")
        return found
