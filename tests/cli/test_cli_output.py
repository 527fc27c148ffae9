"""What verbs print."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from quarterdeck.cli.output import aligned, json_text, moment, separated
from quarterdeck.core.session import SessionState


class Row(Struct, frozen=True):
    at: datetime
    state: SessionState
    path: Path
    none: None = None


def test_values_of_ours_have_their_form_in_json() -> None:
    row = Row(datetime(2026, 3, 8, 15, 0, 5, tzinfo=timezone(timedelta(hours=1))), SessionState.BUSY, Path("/x"))

    assert json.loads(json_text([row])) == [{"at": "2026-03-08T14:00:05Z", "state": "busy", "path": "/x", "none": None}]


def test_what_has_no_form_in_json_is_a_fault_of_ours() -> None:
    with pytest.raises(TypeError, match="object has no form"):
        json_text(object())


@pytest.mark.parametrize(("microsecond", "text"), [(0, "2026-03-08T14:00:05Z"), (123_456, "2026-03-08T14:00:05.123Z")])
def test_times_are_utc_with_a_z(microsecond: int, text: str) -> None:
    assert moment(datetime(2026, 3, 8, 14, 0, 5, microsecond, tzinfo=UTC)) == text


@given(st.text())
def test_any_text_comes_back_from_json_and_moves_no_terminal(text: str) -> None:
    written = json_text({"k": text}, indent=2)

    assert json.loads(written) == {"k": text}
    assert not any((ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0 or ord(c) in {0x202E, 0x2028} for c in written)


def test_columns_line_up_also_with_wide_letters() -> None:
    assert aligned(("NAME", "STATE"), [("naïve-名", "idle"), ("x", "busy")]) == (
        "NAME      STATE\nnaïve-名  idle\nx         busy\n"
    )


def test_a_cell_can_forge_neither_a_column_nor_a_line() -> None:
    assert separated([("a\tb\nc", "\x1b[31md")]) == "a b c\td\n"


def test_no_rows_are_an_empty_text() -> None:
    assert separated([]) == ""
    assert aligned(("A", "B"), []) == "A  B\n"
