"""When an agent's files are read again: nothing late, nothing in vain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.pane import PaneId
from quarterdeck.core.report import ReportState
from quarterdeck.ports.agent_process import Program
from quarterdeck.supervisor.file_watcher import FileWatcher
from quarterdeck.supervisor.reading_plan import MOVED_GAP, TOLD_GAP, TRAILING, WRITTEN_GAP, ReadingPlan
from quarterdeck.supervisor.written_files import WrittenFiles
from support.workers import until

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = Program(pid=7, command="claude")
LATEST = 0.01
"""How much later than it is due a reading may be in these tests."""
happenings = st.lists(
    st.tuples(st.floats(0, 3), st.sampled_from(["moved", "written", "reported"])), min_size=1, max_size=30
)


def played(happened: list[tuple[float, str]], *, is_told: bool) -> tuple[list[tuple[float, str]], list[float]]:
    """When what happened, and when it was read, by somebody who reads whatever is due at once."""
    plan = ReadingPlan(PROGRAM, is_told=is_told)
    report = ReportState()
    plan.note(report, 0.0, moved=False)
    plan.begin(0.0)
    now, told, reads = 0.0, [], [0.0]

    def read_until(end: float) -> None:
        while (due := plan.due_at()) is not None and due <= end:
            reads.append(max(due, reads[-1]))
            plan.begin(reads[-1])

    for wait, what in happened:
        read_until(now + wait)
        now += wait
        told.append((now, what))
        if what == "reported":
            report = ReportState(turns=len(told))
        plan.is_written |= what == "written"
        plan.note(report, now, moved=what == "moved")
        due = plan.due_at()
        if due is not None and due <= now:
            reads.append(now)
            plan.begin(now)
    read_until(now + 60)
    assert plan.due_at() is None
    return told, reads


@given(happenings, st.booleans())
def test_nothing_that_happens_is_read_late(happened: list[tuple[float, str]], is_told: bool) -> None:
    told, reads = played(happened, is_told=is_told)

    within = {"written": WRITTEN_GAP, "moved": TOLD_GAP if is_told else MOVED_GAP, "reported": 0.0}
    for at, what in told:
        assert any(at <= read <= at + within[what] + LATEST for read in reads), (at, what, reads)


@given(happenings, st.booleans())
def test_nothing_is_read_for_no_reason(happened: list[tuple[float, str]], is_told: bool) -> None:
    told, reads = played(happened, is_told=is_told)

    reports = sum(what == "reported" for _, what in told)
    seconds = told[-1][0] + TRAILING[-1]
    assert len(reads) <= 1 + reports + seconds / WRITTEN_GAP + len(TRAILING)
    assert reads[-1] <= told[-1][0] + TRAILING[-1] + LATEST


def test_an_agent_that_nothing_happens_to_is_read_once() -> None:
    plan = ReadingPlan(PROGRAM)
    due = plan.due_at()
    assert due is not None
    assert due < 0
    plan.note(ReportState(), 5.0, moved=False)
    plan.begin(5.0)

    assert plan.due_at() is None


@pytest.mark.process
async def test_the_kernel_tells_which_panes_agent_wrote(tmp_path: Path) -> None:
    told: list[str] = []
    watcher = FileWatcher()
    written = WrittenFiles(watcher, told.append)
    one, two, gone = tmp_path / "one.jsonl", tmp_path / "two.json", tmp_path / "none" / "three"
    one.touch()
    try:
        assert written.follow(PaneId("%1"), [one])
        assert written.follow(PaneId("%2"), [one.with_name("other"), two])
        assert not written.follow(PaneId("%3"), [gone])
        assert not written.follow(PaneId("%4"), [])

        with one.open("a") as file:
            file.write("row")
        await until(lambda: told, "an append is told")
        assert set(told) == {"%1"}

        told.clear()
        (tmp_path / "new").write_text("{}")
        (tmp_path / "new").rename(two)
        await until(lambda: told, "another file in its place is told")
        assert set(told) == {"%2"}

        told.clear()
        written.forget(PaneId("%2"))
        two.write_text("more")
        one.write_text("anew")
        await until(lambda: told, "the other is still followed")
        assert set(told) == {"%1"}
    finally:
        watcher.close()
