"""Colours for repositories."""

from __future__ import annotations

import colorsys
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.repo_theme import (
    LAST_RESORT,
    MOTIFS,
    RepoTheme,
    candidate,
    colours_of,
    generate_theme,
    motif_for,
    parse_theme,
)

paths = st.text(min_size=1, max_size=30)
colours = st.integers(0, 0xFFFFFF).map(lambda value: f"#{value:06X}")
GOOD = {"palette": {"body": "#aabbcc", "outline": " #112233 ", "accent": "#000000", "shirt": "#FFFFFF"}}


def hls(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    return hue * 360, lightness, saturation


@given(paths, st.integers(0, LAST_RESORT))
def test_candidates_keep_within_their_ranges(path: str, attempt: int) -> None:
    theme = candidate(path, attempt)
    hues, lightness, saturation = zip(*map(hls, colours_of(theme)), strict=True)
    near = 0.03  # colours are rounded to whole steps, which shows most in dark ones

    for at, (low, high) in enumerate([(0.52, 0.68), (0.22, 0.52), (0.30, 0.62), (0.28, 0.46)]):
        assert low - near <= saturation[at] <= high + near
    for at, (low, high) in enumerate([(0.44, 0.60), (0.14, 0.26), (0.08, 0.18), (0.50, 0.64)]):
        assert low - near <= lightness[at] <= high + near
    assert (hues[1] - hues[0]) % 360 == pytest.approx(6, abs=4)
    assert (hues[0] - hues[2]) % 360 == pytest.approx(10, abs=4)
    assert 38 <= (hues[3] - hues[0]) % 360 <= 152


@given(paths)
def test_a_path_always_gets_the_same_colours(path: str) -> None:
    theme = generate_theme(path)

    assert theme == generate_theme(path)
    assert len(set(colours_of(theme))) == 4
    assert all(re.fullmatch("#[0-9A-F]{6}", colour) for colour in colours_of(theme))


def test_neighbours_share_no_colour_and_differ_in_hue() -> None:
    themes: list[RepoTheme] = []
    for number in range(12):
        themes.append(generate_theme(f"/src/repo-{number}", themes))

    used = [colour for theme in themes for colour in colours_of(theme)]
    hues = sorted(hls(theme.body)[0] for theme in themes)
    assert len(set(used)) == len(used)
    assert min((after - before) % 360 for before, after in zip(hues, [*hues[1:], hues[0]], strict=True)) > 10


def test_colours_that_a_neighbour_has_are_passed_over() -> None:
    first = generate_theme("/src/a")

    second = generate_theme("/src/a", [first])

    assert set(colours_of(first)).isdisjoint(colours_of(second))


@pytest.mark.parametrize("at", range(4), ids=["body", "outline", "accent", "shirt"])
def test_no_single_colour_is_shared_with_a_neighbour_of_another_hue(at: int) -> None:
    wanted = generate_theme("/src/a")
    far_off = "#" + "".join(f"{255 - int(wanted.body[i : i + 2], 16):02X}" for i in (1, 3, 5))
    neighbour = RepoTheme(far_off, "#010101", "#020202", colours_of(wanted)[at])

    assert colours_of(wanted)[at] not in colours_of(generate_theme("/src/a", [neighbour]))


def test_where_nothing_is_free_the_last_resort_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quarterdeck.core.repo_theme.COLOUR_ATTEMPTS", 3)
    neighbours = [candidate("/src/a", attempt) for attempt in range(3)]

    assert generate_theme("/src/a", neighbours) == candidate("/src/a", LAST_RESORT)


@given(paths)
def test_a_repository_has_one_ornament_of_those_that_there_are(path: str) -> None:
    assert motif_for(path) == motif_for(path)
    assert motif_for(path) in MOTIFS


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        pytest.param(GOOD, RepoTheme("#AABBCC", "#112233", "#000000", "#FFFFFF"), id="four colours"),
        pytest.param(
            GOOD | {"sprite": " Jelly "}, RepoTheme("#AABBCC", "#112233", "#000000", "#FFFFFF", "jelly"), id="sprite"
        ),
        pytest.param(GOOD | {"sprite": "cat"}, RepoTheme("#AABBCC", "#112233", "#000000", "#FFFFFF"), id="no sprite"),
        pytest.param(GOOD | {"sprite": 7}, RepoTheme("#AABBCC", "#112233", "#000000", "#FFFFFF"), id="odd sprite"),
        pytest.param({"palette": {"body": "#aabbcc"}}, None, id="partial"),
        pytest.param({"palette": GOOD["palette"] | {"body": "#abc"}}, None, id="short colour"),
        pytest.param({"palette": GOOD["palette"] | {"body": "aabbcc"}}, None, id="colour without hash"),
        pytest.param({"palette": GOOD["palette"] | {"body": "#aabbcg"}}, None, id="no hex"),
        pytest.param({"palette": GOOD["palette"] | {"body": 1}}, None, id="no text"),
        pytest.param({"palette": []}, None, id="palette is a list"),
        pytest.param({}, None, id="no palette"),
        pytest.param([], None, id="a list"),
        pytest.param(None, None, id="null"),
    ],
)
def test_a_theme_is_read_when_its_colours_are_whole(content: object, wanted: RepoTheme | None) -> None:
    assert parse_theme(content) == wanted
