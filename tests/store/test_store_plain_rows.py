"""Rows read the quick way: the same as what the models make of them, or left to the models."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.session import Session
from quarterdeck.core.thought import ThoughtSnapshot
from quarterdeck.store.plain_rows import NotPlain, read_plain
from quarterdeck.store.row_models import validated
from quarterdeck.store.writing import as_json
from support import fleet
from support.store import NOON

SESSIONS = [*fleet.canned_sessions(), *fleet.canned_exited()]
ODD = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12)
VALUES = st.recursive(
    ODD | st.sampled_from(["idle", "busy", "high", "2026-11-21T12:00:00Z", "2026-11-21T12:00:00"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@pytest.mark.parametrize("session", SESSIONS, ids=[session.session_id for session in SESSIONS])
def test_what_we_write_is_read_back_the_quick_way(session: Session) -> None:
    found = json.loads(as_json(session))

    assert read_plain(Session, found) == session == validated(Session, found)


def test_a_thought_is_read_back_the_quick_way() -> None:
    snapshot = ThoughtSnapshot(thought="mends the roof", updated_at=NOON, emission_seq=3)

    assert read_plain(ThoughtSnapshot, json.loads(as_json(snapshot))) == snapshot


@given(st.dictionaries(st.sampled_from([field.name for field in fields(Session)]), VALUES, max_size=4))
def test_what_the_quick_way_takes_the_models_take_alike(changed: dict[str, object]) -> None:
    found = {**json.loads(as_json(SESSIONS[0])), **changed}
    try:
        quick = read_plain(Session, found)
    except NotPlain:
        return

    assert quick == validated(Session, found)
