"""How verbs reach the sessions: one look, then the verb's own work."""

from __future__ import annotations

import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from quarterdeck.core.text import clean
from quarterdeck.programs import require_tmux

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from quarterdeck.cli.call import Call
    from quarterdeck.runtime.services import Services


@asynccontextmanager
async def services(call: Call, *, persistent: bool = False, look: bool = True) -> AsyncIterator[Services]:
    """The sessions of the tmux server that is meant, looked at once unless the verb looks itself."""
    require_tmux()
    # Here and not above: half of the verbs need neither the store nor tmux.
    from quarterdeck.runtime.services import open_services

    async with open_services(call.address, call.places, call.settings, persistent=persistent) as opened:
        if look:
            await opened.workers.look_once()
        yield opened
    # Asked once it is closed: what waited in memory has then been tried for the last time. An error that is on its way
    # out is said alone.
    health = opened.context.store.health()
    _tell(health.notice)
    _tell(f"{health.error} What this command found out and did is not saved." if health.pending else "")


def _tell(words: str) -> None:
    if words:
        sys.stderr.write(f"quarterdeck: {clean(words)}\n")
