"""What subagents write into transcripts of their own, read as they grow: the end of one file for each that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.agents.json_lines import FileTail
from quarterdeck.agents.ledger import Ledger, Phase
from quarterdeck.agents.subagent_book import with_thought
from quarterdeck.core.subagent import MOST_SUBAGENTS, Subagent, SubagentState
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from quarterdeck.core.foreign_json import Json

TAIL_BYTES = 64 * 1024
DEEPEST_SUBAGENT = 3
"""Subagents of subagents of subagents."""


class SubagentFiles:
    """The files of one conversation's subagents. Blocking; one thread at a time."""

    def __init__(self, find: Callable[[Path, Subagent], Path | None], take: Callable[[Ledger, Json], None]) -> None:
        """`find`: from the agent's own transcript and a subagent, that one's. `take`: enters one row."""
        self._find = find
        self._take = take
        self._open: dict[str, tuple[FileTail, Ledger]] = {}

    def read(self, path: Path, subagents: tuple[Subagent, ...]) -> tuple[Subagent, ...]:
        """The subagents with what each does now, and with theirs behind them."""
        read: dict[str, tuple[FileTail, Ledger]] = {}
        told: list[Subagent] = []
        for each in subagents:
            self._add(path, each, told, read)
        self._open = read
        return tuple(told[:MOST_SUBAGENTS])

    def _add(
        self, path: Path, subagent: Subagent, told: list[Subagent], read: dict[str, tuple[FileTail, Ledger]]
    ) -> None:
        if len(told) >= MOST_SUBAGENTS or subagent.key in read:
            return
        ledger = None
        if not subagent.is_command and subagent.pane_id is None:
            ledger = self._ledger(path, subagent, read)
        if ledger is None:
            told.append(subagent)
            return
        told.append(_as_told(subagent, ledger))
        if subagent.depth + 1 < DEEPEST_SUBAGENT:
            for each in ledger.subagents.view():
                self._add(path, replace(each, depth=subagent.depth + 1), told, read)

    def _ledger(self, path: Path, subagent: Subagent, read: dict[str, tuple[FileTail, Ledger]]) -> Ledger | None:
        held = self._open.get(subagent.key)
        if held is None:
            file = self._find(path, subagent)
            if file is None:
                return None
            held = FileTail(file, limit=TAIL_BYTES), Ledger()
        tail, ledger = held
        try:
            fresh, rows = tail.read_rows()
        except OSError:
            return None
        if fresh:
            ledger = Ledger()
        for row in rows:
            self._take(ledger, row)
        read[subagent.key] = tail, ledger
        return ledger


def _as_told(subagent: Subagent, ledger: Ledger) -> Subagent:
    """The subagent with what it does, before what it was asked."""
    if subagent.team and ledger.phase in {Phase.OVER, Phase.RESTING, Phase.INTERRUPTED}:
        return replace(subagent, state=SubagentState.IDLE)
    return with_thought(subagent, ledger.current_tool, subagent.thought or "")
