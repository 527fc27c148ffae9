from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.errors import SettingsError
from quarterdeck.tui.contrast import READABLE_CONTRAST, contrast, nearest_named, readable
from quarterdeck.tui.preferences import Preferences
from quarterdeck.tui.theme import (
    DEFAULT_THEME,
    GROUNDS,
    TERMINAL_THEME,
    load,
    load_all,
    load_packaged,
    load_user,
    packaged_folder,
    packaged_names,
)
from quarterdeck.tui.theme_file import ThemeFile
from support.canned import CannedBackend
from support.console import console

if TYPE_CHECKING:
    from pathlib import Path

THEMES = {name: load_packaged(name) for name in packaged_names()}
INKS = ("text", "muted", "accent", "asks", "works", "done", "failed")
COLOUR_ROLES = (*GROUNDS, "line", *INKS)
OURS = [name for name, theme in THEMES.items() if not theme.terminal]
GOOD = 'title = "Mine"\n[colours]\n' + "\n".join(
    f'{role} = "#{number:02x}{number:02x}ff"' for number, role in enumerate(COLOUR_ROLES)
)


def test_there_is_one_theme_for_every_eye() -> None:
    assert set(THEMES) == {"dark", "light", "high-contrast", "colour-blind", "terminal"}
    assert packaged_names()[0] == DEFAULT_THEME


@pytest.mark.parametrize("name", list(THEMES))
def test_our_own_themes_keep_to_the_schema(name: str) -> None:
    assert load_user(packaged_folder() / f"{name}.toml") == THEMES[name]
    assert set(THEMES[name].colours) == set(COLOUR_ROLES)


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("ink", INKS)
def test_text_can_be_read_on_every_ground(name: str, ground: str, ink: str) -> None:
    colours = THEMES[name].colours
    least = 7.0 if name == "high-contrast" else READABLE_CONTRAST
    assert contrast(colours[ink], colours[ground]) >= least


@pytest.mark.parametrize("name", OURS)
def test_the_selected_row_stands_out(name: str) -> None:
    colours = THEMES[name].colours
    assert contrast(colours["raised"], colours["background"]) >= 1.15


@pytest.mark.parametrize("name", OURS)
def test_in_256_colours_text_can_be_read_and_the_selected_row_stands_out(name: str) -> None:
    colours = THEMES[name].of_256().colours
    assert all(contrast(colours[ink], colours[ground]) >= 4.3 for ink in INKS for ground in GROUNDS)
    assert contrast(colours["raised"], colours["background"]) >= 1.15


@pytest.mark.parametrize(
    ("term", "theme", "is_of_256"),
    [("xterm-direct-truecolor", "dark", False), ("tmux-256color", "dark", True), ("screen", TERMINAL_THEME, False)],
)
async def test_a_theme_is_shown_in_the_colours_the_terminal_has(
    term: str, theme: str, is_of_256: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", term)
    if not term.endswith("truecolor"):
        monkeypatch.delenv("COLORTERM")
    async with console() as running:
        assert (running.app.context.colours.name, running.app.context.colours.is_of_256) == (theme, is_of_256)
        assert running.main.table._theme is running.app.context.colours


@given(st.tuples(*[st.integers(0, 255)] * 3), st.sampled_from(OURS))
def test_any_repository_colour_can_be_read(rgb: tuple[int, ...], name: str) -> None:
    colour = "#" + "".join(f"{part:02x}" for part in rgb)
    shown = THEMES[name].repo(colour)
    for ground in GROUNDS:
        assert contrast(shown, THEMES[name].colours[ground]) >= READABLE_CONTRAST


def test_a_colour_that_can_be_read_is_left_alone() -> None:
    assert readable("#ffffff", "#000000") == "#ffffff"


@pytest.mark.parametrize(
    ("colour", "name"),
    [("#FF0000", "red"), ("#3FA7D6", "cyan"), ("#777777", "default"), ("#FF00FF", "magenta"), ("#FF0010", "red")],
)
def test_the_terminals_colours_come_nearest_in_hue(colour: str, name: str) -> None:
    assert nearest_named(colour) == name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("not toml at all [", "Theme mine.toml"),
        (GOOD.replace('"#0000ff"', '"blue"'), "colours.background must be written as #RRGGBB"),
        (GOOD.replace("background", "backdrop"), "colours.background: Field required"),
        ("terminal = true\n" + GOOD, "must be a colour of the terminal"),
        (GOOD + '\nextra = "#000000"', "colours.extra"),
    ],
)
def test_a_bad_theme_is_named_with_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)

    with pytest.raises(SettingsError) as raised:
        load_user(path)

    assert said in raised.value.message
    assert load_all(tmp_path)[1][0].message == raised.value.message


def test_the_operators_theme_wins_over_ours_of_the_same_name(tmp_path: Path) -> None:
    (tmp_path / "dark.toml").write_text(GOOD)
    assert load("dark", tmp_path).title == "Mine"
    assert load_all(tmp_path)[0]["dark"].title == "Mine"


def test_every_field_of_the_schema_says_what_it_is_for() -> None:
    assert set(ThemeFile.model_fields) == {"title", "dark", "terminal", "colours"}


async def test_an_unknown_theme_is_told_and_the_usual_one_is_used(tmp_path: Path) -> None:
    backend = CannedBackend(preferences=Preferences(theme="sunset"), themes_folder=tmp_path)
    async with console(backend) as running:
        assert running.app.context.colours.name == "dark"
        (toast,) = running.app._notifications
        assert "There is no theme sunset." in toast.message


async def test_saving_the_theme_in_use_repaints_and_a_bad_one_is_told(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    async with console(CannedBackend(preferences=Preferences(theme="mine"), themes_folder=tmp_path)) as running:
        path.write_text(GOOD.replace("#0000ff", "#101010"))
        os.utime(path, ns=(1, 1))
        running.app.theme_watch.look()
        assert running.app.context.colours.colours["background"] == "#101010"

        path.write_text("oh no [")
        os.utime(path, ns=(2, 2))
        running.app.theme_watch.look()
        running.app.theme_watch.look()
        assert running.app.context.colours.colours["background"] == "#101010"
        await running.settle()
        assert len(running.app._notifications) == 1


@pytest.mark.parametrize("name", list(THEMES))
async def test_every_theme_paints_every_screen(name: str) -> None:
    async with console(CannedBackend(preferences=Preferences(theme=name))) as running:
        await running.press("n", "escape", "i", "escape", "x", "escape", "/", "a", "escape")
        assert running.app.screen is running.main


async def test_no_colour_means_no_colour_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with console() as running:
        strips = [running.main.table.render_line(y) for y in range(5)]
        filters = running.app.get_line_filters()
        for strip in strips:
            for line_filter in filters:
                strip = strip.apply_filter(line_filter, running.main.background_colors[1])
            for segment in strip:
                style = segment.style
                assert style is None or style.color is None or style.color.is_default
                assert style is None or style.bgcolor is None or style.bgcolor.is_default
