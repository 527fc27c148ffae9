"""What the first frame needs of the state, read in a few milliseconds, changing nothing and judging little."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
from typing import TYPE_CHECKING, NamedTuple

from quarterdeck.core.session import SessionState, Source
from quarterdeck.core.session_ends import as_stale
from quarterdeck.store.glances import open_read_only
from quarterdeck.store.kept_rows import COLUMNS, BadRow, read_object, session_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from quarterdeck.core.session import Session

logger = logging.getLogger(__name__)


class FirstRead(NamedTuple):
    """The sessions that could be read, and the small values that are kept by name."""

    sessions: tuple[Session, ...] = ()
    """The live and the stale ones of a server."""
    meta: Mapping[str, str] = {}


def first_read(path: Path, server: str) -> FirstRead:
    """Read what can be read; whatever is wrong with the rest is said by whoever opens the database in earnest."""
    if not path.exists():
        return FirstRead()
    try:
        with contextlib.closing(open_read_only(path)) as connection:
            meta = dict(connection.execute("SELECT key, value FROM meta"))
            return FirstRead(tuple(_shown(connection, server)), meta)
    except (OSError, sqlite3.Error, UnicodeDecodeError):
        logger.debug("nothing is known for the first frame", exc_info=True)
        return FirstRead()


def _shown(connection: sqlite3.Connection, server: str) -> Iterator[Session]:
    rows = connection.execute(
        "SELECT session_id, server, tmux_name, incarnation, nullif(tmux_id, ''), coalesce(reserved_from, status), body"
        " FROM sessions WHERE coalesce(reserved_from, status) IN ('live', 'stale') AND server = ? ORDER BY seq",
        (server,),
    )
    for *told, status, body in rows:
        try:
            found = read_object(body) | dict(zip(COLUMNS, told, strict=True))
            found["state_evidence"]["source"] = Source.RESTORED.value
            session = session_of(found)
            if status == "stale":
                session = as_stale(session)
        except (BadRow, TypeError, AttributeError, KeyError):
            # Shown as one that nothing is known of.
            continue
        if status == "stale" or (not session.is_stale and session.state is not SessionState.EXITED):
            yield session
