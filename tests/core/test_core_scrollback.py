from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.screen_text import KEPT_LINES, Scrollback, scrolled

SCREEN = 10


def screen_at(lines: list[str], end: int) -> list[str]:
    """What a pane of ten lines shows after so many lines were written."""
    shown = lines[max(0, end - SCREEN) : end]
    return shown + [""] * (SCREEN - len(shown))


@given(
    total=st.integers(1, 120),
    steps=st.lists(st.integers(1, SCREEN - 4), min_size=1, max_size=60),
)
def test_lines_that_scroll_by_in_small_steps_are_all_kept(total: int, steps: list[int]) -> None:
    lines = [f"line {number}" for number in range(total)]
    kept, written = Scrollback(), 0
    for step in steps:
        written = min(total, written + step)
        kept = kept.drawn(screen_at(lines, written))

    assert kept.text.splitlines() == lines[:written][-KEPT_LINES:]


def test_no_more_than_the_last_lines_are_kept() -> None:
    lines = [f"line {number}" for number in range(1_000)]
    kept = Scrollback()
    for written in range(5, 1_001, 5):
        kept = kept.drawn(screen_at(lines, written))

    assert kept.text.splitlines() == lines[-KEPT_LINES:]


def test_what_went_by_between_two_screens_is_known_to_be_missing() -> None:
    lines = [f"line {number}" for number in range(100)]
    whole = Scrollback(tuple(lines[:10]), tuple(screen_at(lines, 20)), is_whole=True)

    assert whole.drawn(screen_at(lines, 26)).is_whole
    assert not whole.drawn(screen_at(lines, 60)).is_whole


def test_a_full_screen_program_leaves_nothing_above() -> None:
    before = Scrollback(("shell",), ("prompt", "", ""), is_whole=True)

    after = before.drawn(["one", "two", "three"], is_alternate=True).drawn(["two", "three", "four"], is_alternate=True)

    assert (after.above, after.screen, after.is_whole) == (("shell",), ("two", "three", "four"), True)


def test_an_empty_screen_is_nobody_elses_end() -> None:
    assert scrolled(["a", "b", "", "", "", ""], ["", "", "", "", "", ""]) is None
    assert scrolled([""] * 6, [""] * 6) == 0
