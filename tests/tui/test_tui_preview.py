"""The preview stays at the end of what a pane shows."""

from __future__ import annotations

from quarterdeck.values import replace
from support.canned import CannedBackend
from support.console import console
from support.fleet import fleet_of, session


async def test_a_pane_that_fills_up_is_followed_to_its_end() -> None:
    written = ["line 0"]
    only = session(1, "api")
    backend = CannedBackend(shown=fleet_of(only), tail=lambda _: "\n".join(written))
    async with console(backend, size=(80, 24)) as running:
        tail = running.main.preview.tail
        for step in range(4):
            written += [f"line {len(written) + number}" for number in range(10)]
            running.clock.advance(1)
            only = replace(only, thought=f"step {step}")
            backend.set(fleet_of(only))
            await running.settle()
            last = tail.render_line(min(tail.size.height, len(written)) - 1)
            assert last.text.strip() == written[-1]
