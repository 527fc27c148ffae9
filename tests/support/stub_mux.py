"""A multiplexer that shows what a test says and notes what it is asked."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from quarterdeck.core.pane import Incarnation, Pane, PaneId, ServerAddress, Snapshot, TmuxSessionId, WindowId
from quarterdeck.errors import TmuxUnreachable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence

    from quarterdeck.ports.mux import CaptureRequest, Hint


def pane(number: int, **fields: object) -> Pane:
    """The one pane of the session with this number."""
    return Pane(
        pane_id=PaneId(f"%{number}"),
        window_id=WindowId(f"@{number}"),
        tmux_id=TmuxSessionId(f"${number}"),
        session_name=f"name-{number}",
        session_created=1_700_000_000,
        pid=1000 + number,
        command="sh",
        **fields,  # type: ignore[arg-type]  # fields of many types arrive through one mapping
    )


class StubMux:
    """Looks, captures and hints as they were laid out; everything else is missing on purpose."""

    address = ServerAddress("/nowhere/s")

    def __init__(self, *panes: Pane) -> None:
        self.panes = panes
        self.asked: list[Collection[PaneId] | None] = []
        """What each look was told had moved."""
        self.captured: list[list[PaneId]] = []
        self.is_mute = False
        self.hint_queue: asyncio.Queue[Hint] = asyncio.Queue()

    async def look(self, moved: Collection[PaneId] | None = None) -> Snapshot:
        self.asked.append(moved)
        return Snapshot(incarnation=Incarnation(1, 1_700_000_000), version="3.3a", panes=self.panes)

    async def capture(self, requests: Sequence[CaptureRequest]) -> dict[PaneId, str]:
        self.captured.append([request.pane_id for request in requests])
        if self.is_mute:
            raise TmuxUnreachable("tmux did not answer")
        return {request.pane_id: f"screen of {request.pane_id}" for request in requests}

    async def hints(self) -> AsyncIterator[Hint]:
        while True:
            yield await self.hint_queue.get()

    def watch(self, panes: Collection[Pane]) -> None:
        del panes
