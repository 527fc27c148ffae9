"""Pictures of the screen; the day and the context of a session in its details."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from quarterdeck.core.day import DayState, Moment, day_state_of
from quarterdeck.core.session import Need, SessionState
from quarterdeck.tui.rows.detail import DAY_KINDS, context_said, day_lines
from quarterdeck.tui.rows.session_row import Kind, kind_of
from quarterdeck.values import replace
from support.canned import CannedBackend, CannedSetup
from support.console import console
from support.fleet import NOW, canned_sessions, fleet_of, session

if TYPE_CHECKING:
    from pathlib import Path

    from quarterdeck.tui.rows.cell import Line

EVIL = "<script>alert(1)</script> &lt; ]]> \"'"


async def test_a_picture_holds_foreign_words_as_words_and_asks_nobody_for_fonts(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "screenshots"
    fleet = fleet_of(session(1, "api", thought=EVIL))
    backend = CannedBackend(shown=fleet, setup=CannedSetup(pictures=folder), tail=lambda _: EVIL)
    async with console(backend) as running:
        await running.press("P", "P")
        said = [toast.message for toast in running.app._notifications]

    files = sorted(folder.iterdir())
    assert len(files) == 2
    assert sorted(said) == sorted(map(str, files))
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    text = files[0].read_text()
    assert "url(http" not in text
    assert "@import" not in text
    assert "@font-face" not in text
    picture = ElementTree.fromstring(text)  # noqa: S314 - our own file, made a moment ago
    assert {element.tag.rpartition("}")[2] for element in picture.iter()}.isdisjoint({"script", "image", "a"})
    assert EVIL in "".join(picture.itertext()).replace("\xa0", " ")


def text_of(lines: list[Line]) -> list[str]:
    return ["".join(cell.text for cell in line) for line in lines]


def test_the_day_is_drawn_by_state_with_the_hours_below() -> None:
    moments = [
        Moment(NOW - timedelta(hours=12), DayState.WORKS),
        Moment(NOW - timedelta(hours=6), DayState.RESTS),
        Moment(NOW - timedelta(minutes=70), DayState.ASKS),
        Moment(NOW - timedelta(minutes=50), DayState.RESTS),
    ]

    title, strip, hours, sums, _ = text_of(day_lines(moments, NOW, 51, ascii_only=False))

    assert title == "The last 24 hours"
    assert strip == "  " + " " * 24 + "●" * 12 + "·" * 9 + "▲▲" + "·"
    assert hours.index("08h") == 2 + 48 - 12
    assert hours.endswith("now")
    first = text_of(day_lines(moments[:1], NOW - timedelta(hours=12) + timedelta(minutes=2), 51, ascii_only=True))
    assert first[1].endswith(" *")
    assert sums.split() == ["▲", "asks", "20", "min", "●", "works", "6", "h", "○", "rests", "5", "h", "40", "min"]


def test_the_day_tells_what_the_table_tells() -> None:
    attention = session(1, "api", state=SessionState.ATTENTION)
    limited = replace(attention, state=SessionState.IDLE, limited_until=NOW + timedelta(hours=1))
    seen = [*canned_sessions(), attention, replace(attention, needs=Need.FINISHED), limited]
    assert {kind_of(one) for one in seen} >= set(Kind) - {Kind.ENDED}
    for one in seen:
        kind = kind_of(one)
        assert DAY_KINDS.get(day_state_of(one)) == (kind if kind in DAY_KINDS.values() else None)


@pytest.mark.parametrize("moments", [[], [Moment(NOW - timedelta(hours=30), DayState.UNKNOWN)]])
def test_a_day_of_which_nothing_is_known_is_left_out(moments: list[Moment]) -> None:
    assert day_lines(moments, NOW, 80, ascii_only=True) == []


@pytest.mark.parametrize(
    ("tokens", "limit", "said"),
    [
        (0, 200_000, ""),
        (12_000, 0, "12k tokens"),
        (100_000, 200_000, "█" * 10 + "░" * 10 + " 50%, 100k of 200k tokens"),
        (900, 1_000_000, "█" + "░" * 19 + " 0%, 900 of 1.0M tokens"),
        (300_000, 200_000, "█" * 20 + " 150%, 300k of 200k tokens"),
    ],
)
def test_the_gauge_of_the_context_is_shown_when_it_is_known(tokens: int, limit: int, said: str) -> None:
    assert context_said(session(1, "api", token_count=tokens, context_limit=limit)) == said
