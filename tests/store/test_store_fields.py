"""What the table of a session's fields says of the store is true."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from quarterdeck.core.session import Session
from quarterdeck.core.session_ends import as_ended, as_live, as_stale
from quarterdeck.core.session_fields import FIELDS, StoredIn
from quarterdeck.values import replace
from support.store import open_store
from support.whole_session import FULL, LATER, LIVE, differing

if TYPE_CHECKING:
    from pathlib import Path

KEPT = replace(LIVE, transport_health=FULL.transport_health)
NOTHING = Session(session_id=KEPT.session_id, tmux_name="", tmux_server="")


def named(kept: StoredIn) -> set[str]:
    return {each.name for each in FIELDS if each.kept is kept}


async def test_every_field_is_kept_and_those_with_a_column_without_the_body_too(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    async with open_store(file) as store:
        await store.checkpoint([KEPT])
        (whole,) = await store.sessions()
        with sqlite3.connect(file) as database:
            database.execute("UPDATE sessions SET body = '{}'")
        (bare,) = await store.sessions()

    assert not differing(KEPT, whole)
    assert differing(NOTHING, bare) | {"session_id"} == named(StoredIn.COLUMN)


def test_the_status_of_a_row_has_the_last_word_on_what_the_table_says() -> None:
    stored = [(FULL, as_live(FULL)), (LIVE, as_stale(LIVE)), (LIVE, as_ended(LIVE, LATER))]

    assert set[str]().union(*(differing(*each) for each in stored)) == named(StoredIn.STATUS)
