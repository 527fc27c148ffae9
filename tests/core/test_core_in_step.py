"""What an agent wrote and reported, without the words of a turn that is not the one shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from quarterdeck.core.insight import in_step
from quarterdeck.core.reading import Reading
from quarterdeck.core.report import ReportState
from quarterdeck.core.session import Confidence, Need, SessionState, Source
from quarterdeck.core.transcript import TranscriptView

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
BUSY, IDLE = SessionState.BUSY, SessionState.IDLE


def told(source: Source, state: SessionState, seconds: float, confidence: Confidence = Confidence.HIGH) -> Reading:
    needs = Need.FINISHED if state is IDLE else None
    at = NOON + timedelta(seconds=seconds)
    return Reading(source=source, state=state, cause="told", confidence=confidence, at=at, needs=needs)


def view_of(reading: Reading | None, said: str = "old words") -> TranscriptView:
    return TranscriptView(reading=reading, turns=("old task",), turn_count=1, turn_text=said, current_tool="Bash: make")


def report_of(reading: Reading | None, prompt: str, said: str = "") -> ReportState:
    return ReportState(reading=reading, last_prompt=prompt, last_text=said)


WRITTEN_OVER, WRITTEN_BUSY = told(Source.TRANSCRIPT, IDLE, 1), told(Source.TRANSCRIPT, BUSY, 1)
WORKS = told(Source.SIGNAL, BUSY, 9)


def test_a_new_turn_is_told_by_its_hook_alone_until_it_is_written() -> None:
    begun = told(Source.HOOK, BUSY, 5)
    view, report = in_step(view_of(WRITTEN_OVER), report_of(begun, "new task"), begun)

    assert view is not None
    assert (view.turn_text, view.current_tool, view.is_prompted) == ("", "", False)
    assert report.last_prompt == "new task"


def test_a_new_turn_that_only_a_title_tells_of_has_no_words_yet() -> None:
    before = report_of(told(Source.HOOK, IDLE, 1), "old task", "old words")
    view, report = in_step(view_of(WRITTEN_OVER), before, WORKS)

    assert view is not None
    assert (view.turn_text, view.is_prompted) == ("", False)
    assert (report.last_prompt, report.last_text, report.tool) == ("", "", "")


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(WRITTEN_BUSY, id="at work"),
        pytest.param(told(Source.TRANSCRIPT, IDLE, 1, Confidence.LOW), id="perhaps over"),
        pytest.param(None, id="nobody knows"),
    ],
)
def test_the_words_of_the_turn_that_is_shown_stay(written: Reading | None) -> None:
    view = view_of(written)

    assert in_step(view, ReportState(), WORKS) == (view, ReportState())


@pytest.mark.parametrize("seconds", [5, 0.9], ids=["later", "by a clock that is late"])
def test_an_end_that_a_hook_tells_has_the_words_it_tells(seconds: float) -> None:
    ended = told(Source.HOOK, IDLE, seconds)
    view, _ = in_step(view_of(WRITTEN_BUSY), report_of(ended, "new task", "new words"), ended)

    assert view is not None
    assert (view.turn_text, view.current_tool, view.is_prompted) == ("new words", "", False)


def test_an_end_from_before_says_nothing_of_what_was_written_since() -> None:
    view = view_of(told(Source.TRANSCRIPT, IDLE, 9), "newest words")
    report = report_of(told(Source.HOOK, IDLE, 1), "old task", "old words")

    assert in_step(view, report, told(Source.REGISTRY, IDLE, 9))[0] == view


def test_without_a_transcript_the_report_stands() -> None:
    report = report_of(told(Source.HOOK, BUSY, 5), "task")

    assert in_step(None, report, WORKS) == (None, report)
