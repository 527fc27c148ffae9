"""What is written to the terminal is what changed, and looks as if all had been written."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate
from textual.strip import Strip

from quarterdeck.tui.textual_internals import NarrowUpdate

WIDTH = 24
STYLES = [Style.parse(words) for words in ("red on blue", "red on blue bold", "green on black", "")]
CONSOLE = Console(color_system="truecolor", force_terminal=True)
Screen = dict[tuple[int, int], tuple[str, str]]


def drawn(said: str) -> Screen:
    """What a terminal shows: letters and colours by place. A wide letter fills two cells."""
    screen: Screen = {}
    row = column = 0
    colour = ""
    for found in re.finditer(r"\x1b\[(\d+);(\d+)H|\x1b\[([\d;]*)m|\n|([^\x1b\n])", said):
        if found[1]:
            row, column = int(found[1]) - 1, int(found[2]) - 1
        elif found[3] is not None:
            colour = found[3].removeprefix("0;") if found[3] not in {"", "0"} else ""
        elif found[4]:
            screen[row, column] = (found[4], colour)
            column += 1
            if found[4] == "世":
                screen[row, column] = ("", colour)
                column += 1
    return screen


@st.composite
def strips(draw: st.DrawFn) -> Strip:
    """A line of coloured pieces, as wide as the screen."""
    pieces = draw(st.lists(st.tuples(st.text("ab ○世", min_size=1, max_size=6), st.sampled_from(STYLES)), max_size=6))
    return Strip([Segment(text, style) for text, style in pieces]).adjust_cell_length(WIDTH, STYLES[0])


@given(
    st.lists(strips(), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, WIDTH), st.integers(0, WIDTH)), min_size=1, max_size=4),
)
def test_a_narrow_update_shows_what_a_wide_one_does(lines: list[Strip], asked: list[tuple[int, int, int]]) -> None:
    spans = [(y, left, right) for y, left, right in sorted(asked) if y < len(lines) and left < right]
    if not spans:
        return
    chops = [{0: line} for line in lines]
    ends = [[WIDTH] for _ in lines]

    wide = ChopsUpdate(chops, spans, ends).render_segments(CONSOLE)
    narrow = NarrowUpdate(chops, spans, ends).render_segments(CONSOLE)

    shown, whole = drawn(narrow), drawn(wide)
    wanted = {(y, x) for y, left, right in spans for x in range(left, right)}
    assert {place: shown.get(place) for place in wanted} == {place: whole.get(place) for place in wanted}
    assert {place for place in shown if shown[place] != whole[place]} == set()


def test_one_cell_is_written_and_not_the_row_before_it() -> None:
    row = Strip([Segment("session-one   ", STYLES[0]), Segment("3m", STYLES[2])]).adjust_cell_length(WIDTH, STYLES[0])

    said = NarrowUpdate([{0: row}], [(0, 14, 16)], [[WIDTH]]).render_segments(CONSOLE)

    assert "".join(letter for letter, _ in drawn(said).values()) == "3m"
    assert "session" not in said
