"""What the first frame is told: every row that can be read, whatever stands beside it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.session import Source
from quarterdeck.store.kept_rows import first_read
from quarterdeck.values import replace
from support.store import RUN, SERVER, open_store, seen_session, session

if TYPE_CHECKING:
    from pathlib import Path

BROKEN = ["{", "", "[]", "null", "{},{}", '{"state_evidence": null}', '{"state_evidence": {}}', "[" * 100_000]


@pytest.mark.parametrize("body", BROKEN, ids=range(len(BROKEN)))
async def test_a_broken_row_takes_no_other_with_it(body: str, tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    async with open_store(path) as store:
        identities = await store.claim(SERVER, RUN, [seen_session(number) for number in range(3)])
        kept = [
            replace(session(number), session_id=identities[seen_session(number).tmux_id].session_id)
            for number in range(3)
        ]
        await store.checkpoint(kept)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE sessions SET body = ? WHERE session_id = ?", (body, kept[1].session_id))

    read = first_read(path, SERVER).sessions

    assert [each.tmux_name for each in read] == ["name-0", "name-2"]
    restored = [replace(each.state_evidence, source=Source.RESTORED) for each in (kept[0], kept[2])]
    assert list(read) == [
        replace(each, state_evidence=evidence) for each, evidence in zip((kept[0], kept[2]), restored, strict=True)
    ]


async def test_a_stale_row_is_read_as_it_is_later_also_one_that_was_imported_as_a_live_one(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    async with open_store(path) as store:
        names = await store.claim(SERVER, RUN, [seen_session(number) for number in range(2)])
        kept = [
            replace(session(number), session_id=names[seen_session(number).tmux_id].session_id) for number in range(2)
        ]
        await store.stale(kept)
    with closing(sqlite3.connect(path)) as connection, connection:
        live = "json_set(body, '$.is_stale', json('false'), '$.state', 'busy')"
        connection.execute(f"UPDATE sessions SET body = {live}")  # noqa: S608 — our own query

    read = first_read(path, SERVER).sessions

    async with open_store(path) as store:
        later = await store.sessions(SERVER)
    assert list(read) == [
        replace(each, state_evidence=replace(each.state_evidence, source=Source.RESTORED)) for each in later
    ]
    assert [each.is_stale for each in read] == [True, True]
