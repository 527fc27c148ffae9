"""What foreign text becomes before it is shown."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from quarterdeck.core.text import MARKS_KEPT, cell_width, clean, clean_lines, clean_sgr, cut, fit

HOSTILE = st.text(
    st.one_of(
        st.sampled_from("\x1b\x9b\x9d\x90\x9c\x07\x98\x9e\x9f[]PX^_k\\;m0123?>ABCH \n\r\t\x85\u2028"),
        st.characters(),
        st.characters(min_codepoint=0xD800, max_codepoint=0xDFFF),
    ),
    max_size=60,
)
COLOUR = re.compile(r"\x1b\[[0-9;:]*m")


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        pytest.param("plain", "plain", id="plain text is left alone"),
        pytest.param("\x1b[31mred\x1b[0m", "red", id="colours"),
        pytest.param("\x9b2Jred\x9b0m", "red", id="CSI in its one-character form"),
        pytest.param("a\x1b]0;evil\x07b", "ab", id="title ended by BEL"),
        pytest.param("a\x1b]0;evil\x1b\\b", "ab", id="title ended by ST"),
        pytest.param("a\x1b]0;evil\x9cb", "ab", id="title ended by the one-character ST"),
        pytest.param("a\x9d0;evil\x07b", "ab", id="OSC in its one-character form"),
        pytest.param("a\x1b]0;evil", "a", id="title never ended"),
        pytest.param("a\x1b]0;evil\nb", "a b", id="a title never ended ends with its line"),
        pytest.param("a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\b", "alinkb", id="hyperlink"),
        pytest.param("a\x1bkname\x1b\\b", "ab", id="screen's window name"),
        pytest.param("a\x1bP1$r0m\x1b\\b", "ab", id="DCS"),
        pytest.param("a\x90q#0\x9cb", "ab", id="DCS in its one-character form"),
        pytest.param("a\x1bPtmux;\x1b\x1b]0;evil\x07\x1b\\b", "ab", id="sequence passed through tmux"),
        pytest.param("a\x1b_G1;x\x1b\\b\x1b^y\x1b\\c\x1bXz\x1b\\d", "abcd", id="APC, PM and SOS"),
        pytest.param("a\x1b(Bb\x1b=c\x1b7d", "abcd", id="short escapes"),
        pytest.param("a\x1b[31", "a", id="CSI never ended"),
        pytest.param("a\x1b", "a", id="a lone escape"),
        pytest.param("a\x00\x08\x7f\x80b", "ab", id="other controls"),
        pytest.param("a\r\nb\tc\x0bd\u2028e\x85f", "a b c d e f", id="breaks and tabs"),
        pytest.param("safe\u202etxt.exe\u2066x\u061c", "safetxt.exex", id="text direction"),
        pytest.param("a\u200b\ufeff\u2060\u00adb\U000e0041", "ab", id="invisible characters and tags"),
        pytest.param("\u2764\ufe0f", "\u2764", id="a variation selector would make the width uncertain"),
        pytest.param("\U0001f469\u200d\U0001f4bb", "\U0001f469\U0001f4bb", id="a joined emoji falls apart"),
        pytest.param("\U0001f44d\U0001f3fd", "\U0001f44d", id="skin tones"),
        pytest.param("a\ud800b\udfff", "a\ufffdb\ufffd", id="lone surrogates"),
        pytest.param("e\u0301", "\u00e9", id="composed"),
        pytest.param("e\u200b\u0301", "\u00e9", id="composed after the invisible is gone"),
        pytest.param("[/oops] #{pid} $(id)", "[/oops] #{pid} $(id)", id="markup is only text"),
    ],
)
def test_foreign_text_becomes_one_safe_line(raw: str, wanted: str) -> None:
    assert clean(raw) == wanted


def test_line_breaks_are_kept_where_lines_are_wanted() -> None:
    assert clean_lines("a\r\nb\rc\n\n\x1b[1md\u2029e") == "a\nb\nc\n\nd\ne"


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        pytest.param("\x1b[31mred\x1b[m\n", "\x1b[31mred\x1b[m\n", id="colours and lines"),
        pytest.param("\x1b[38:2::1:2:3mx", "\x1b[38:2::1:2:3mx", id="colons"),
        pytest.param("\x1b[2J\x1b[H\x1b[>4;2m\x1b[?25lx", "x", id="moves, modes and private sequences"),
        pytest.param("\x9b31mx", "\x1b[31mx", id="the one-character form, written out"),
        pytest.param("\x1b]0;a\x1b[31mb\x07", "\x1b[31mb", id="a colour inside a title aborts it"),
        pytest.param("\x1bPtmux;\x1b\x1b[31m\x1b\\x", "x", id="a colour inside a passed-through sequence"),
        pytest.param("\x1b[" + "1;" * 200 + "mx", "x", id="no colour is that long"),
    ],
)
def test_only_colours_are_kept_in_a_coloured_tail(raw: str, wanted: str) -> None:
    assert clean_sgr(raw) == wanted


@given(HOSTILE)
@example("\x1b\x1b[31m[31m")
@example("\x1bP\x1b\x1b\\\x1b[2J")
def test_no_control_character_comes_through(raw: str) -> None:
    line, lines, coloured = clean(raw), clean_lines(raw), clean_sgr(raw)

    assert {unicodedata.category(char) for char in line} & {"Cc", "Cf", "Cs", "Zl", "Zp"} == set()
    assert clean(lines) == lines.replace("\n", " ")
    assert clean_lines(COLOUR.sub("", coloured)) == COLOUR.sub("", coloured)
    line.encode()


@given(HOSTILE)
def test_cleaning_twice_is_cleaning_once(raw: str) -> None:
    assert clean(clean(raw)) == clean(raw)
    assert clean_lines(clean_lines(raw)) == clean_lines(raw)


@given(HOSTILE)
def test_widths_are_those_the_screen_library_measures(raw: str) -> None:
    assert cell_width(clean(raw)) == cell_len(clean(raw))


def test_every_character_has_the_width_the_screen_library_measures() -> None:
    # Above the second plane are ideographs and private use: blocks of one width, of which some are enough.
    kept = {clean(chr(code)) for code in (*range(0x20000), *range(0x20000, 0x110000, 97))}

    assert [char for char in kept if cell_width(char) != cell_len(char)] == []


@given(HOSTILE, st.integers(0, 30))
def test_fitted_text_takes_exactly_its_width(raw: str, width: int) -> None:
    text = clean(raw)

    assert cell_width(fit(text, width)) == width
    assert cell_width(cut(text, width)) <= width
    assert cell_width(clean(raw, width)) <= width


@pytest.mark.parametrize(
    ("text", "width", "wanted"),
    [
        pytest.param("deck", 4, "deck", id="fits"),
        pytest.param("decks", 4, "dec…", id="cut"),
        pytest.param("漢字漢字", 5, "漢字…", id="wide characters are not halved"),
        pytest.param("漢字漢字", 6, "漢字…", id="nor is the room for half of one used"),
        pytest.param("x", 0, "", id="no room"),
    ],
)
def test_what_does_not_fit_ends_in_an_ellipsis(text: str, width: int, wanted: str) -> None:
    assert cut(text, width) == wanted


def test_fitted_text_stands_on_the_side_asked_for() -> None:
    assert fit("7", 3) == "7  "
    assert fit("7", 3, right=True) == "  7"


def test_a_tower_of_marks_is_cut_down() -> None:
    tower = clean("a" + "\u0316\u0301" * 50_000)

    assert sum(bool(unicodedata.combining(char)) for char in unicodedata.normalize("NFD", tower)) <= MARKS_KEPT
