from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.session import Confidence, Evidence, Source
from quarterdeck.core.source_counts import SourceCounts
from quarterdeck.values import replace
from support.store import session

if TYPE_CHECKING:
    from quarterdeck.core.session import Session

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def row(source: Source, confidence: Confidence = Confidence.HIGH, tool: str | None = "Claude Code") -> Session:
    told = Evidence(cause="c", source=source, confidence=confidence, observed_at=NOW)
    return replace(session(1), tool=tool, state_evidence=told)


def test_states_are_counted_by_what_told_them_for_a_day() -> None:
    counts = SourceCounts()
    counts.add(row(Source.HOOK), NOW - timedelta(hours=30))
    counts.add(row(Source.HOOK), NOW - timedelta(hours=20))
    counts.add(row(Source.HOOK), NOW)
    counts.add(row(Source.SCREEN), NOW)
    counts.add(row(Source.SCREEN, Confidence.LOW), NOW)
    counts.add(row(Source.PROCESS, tool=None), NOW)

    assert counts.day(NOW) == {"Claude Code": {"hook": 2, "screen": 1, "unsure": 1}}


def test_what_was_kept_is_added() -> None:
    first, second = SourceCounts(), SourceCounts()
    first.add(row(Source.HOOK), NOW)
    second.add(row(Source.HOOK), NOW)

    second.take(json.loads(json.dumps(first.written(NOW))))

    assert second.day(NOW) == {"Claude Code": {"hook": 2}}
    assert second.day(NOW + timedelta(days=2)) == {}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("0123456789", max_size=6), inner, max_size=3),
)


@given(JSON)
def test_whatever_is_kept_is_no_more_than_left_out(kept: object) -> None:
    counts = SourceCounts()

    counts.take(kept)

    assert json.dumps(counts.written(NOW))
