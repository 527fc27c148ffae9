"""What every operation stands on: the ports it acts through, and the supervisor that tells of the outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quarterdeck.core.names import find_session
from quarterdeck.errors import NotFound

if TYPE_CHECKING:
    from quarterdeck.core.session import Session
    from quarterdeck.paths import Places
    from quarterdeck.ports.agent import Agents
    from quarterdeck.ports.clock import Clock
    from quarterdeck.ports.mux import Mux
    from quarterdeck.ports.store import Store
    from quarterdeck.supervisor.supervisor import Supervisor


@dataclass(frozen=True, slots=True, kw_only=True)
class Deck:
    """One tmux server with everything that acts on it."""

    mux: Mux
    store: Store
    supervisor: Supervisor
    clock: Clock
    agents: Agents
    places: Places

    def session(self, word: str, *, all_rows: bool = False) -> Session:
        """Find the one session that a word names: its id, its exact tmux name, or a prefix of either."""
        fleet = self.supervisor.fleet
        rows = [*fleet.sessions.values(), *(fleet.exited.values() if all_rows else ())]
        if not all_rows:
            rows = [row for row in rows if not row.is_stale]
        found = find_session(word, rows)
        if found is None:
            raise NotFound(f'There is no session "{word}".', hint="`quarterdeck ls` lists them.")
        return found
