"""What is kept, for verbs that need nothing else: by itself it loads in a fifth of the time of all the services."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from quarterdeck.paths import private_folder
from quarterdeck.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from quarterdeck.paths import Places


@asynccontextmanager
async def open_store(places: Places, *, keep_days: int | None = None) -> AsyncIterator[SqliteStore]:
    """What is kept, and nothing else; events that are too old are removed only where it is said how old that is."""
    private_folder(places.state_file.parent)
    store = SqliteStore(places.state_file, keep_days=keep_days)
    try:
        yield store
    finally:
        await store.close()
