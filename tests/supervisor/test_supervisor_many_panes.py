"""What the panes beside the rows cost: their facts, and no more."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from support.post import post_office
from support.workers import until, watching

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from quarterdeck.core.pane import PaneId
    from quarterdeck.ports.mux import CaptureRequest

pytestmark = pytest.mark.process


def write(tty: str, text: str) -> None:
    """Write as a program in that pane would."""
    terminal = os.open(tty, os.O_WRONLY | os.O_NOCTTY)
    os.write(terminal, text.encode())
    os.close(terminal)


async def test_a_pane_that_is_no_row_is_never_captured_however_much_it_writes(short_folder: Path) -> None:
    async with post_office(short_folder) as office:
        office.agent()
        await office.session()
        beside = office.server.run("split-window", "-d", "-P", "-F", "#{pane_id} #{pane_tty}", "-t", "=web:", "cat")
        pane_id, tty = beside.split()
        async with watching(office.server.socket, short_folder / "second") as watched:
            mux = watched.workers.supervisor.mux
            captured: list[PaneId] = []
            plain = mux.capture

            async def capture(requests: Sequence[CaptureRequest]) -> dict[PaneId, str]:
                captured.extend(request.pane_id for request in requests)
                return await plain(requests)

            mux.capture = capture  # type: ignore[method-assign]
            row = watched.need("web")
            for word in ("one", "two"):
                seen = len(watched.events)
                write(tty, f"{word}\r\n")
                await until(lambda seen=seen: len(watched.events) > seen, "a look was taken")  # type: ignore[misc]
            office.server.run("send-keys", "-t", str(row.pane_id), "x")
            await until(lambda: row.pane_id in captured, "the row's own pane is captured")

    assert row.pane_id != pane_id
    assert pane_id not in captured
