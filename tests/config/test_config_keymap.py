"""Keys of the operator's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from quarterdeck.config.loader import LoadedSettings, keymap, load
from quarterdeck.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

ACTIONS = {"app.quit": ("q",), "session.send": ("m",), "session.end": ("x", "delete")}


def chosen(folder: Path, keys: str) -> LoadedSettings:
    file = folder / "config.toml"
    file.write_text(f"[keys]\n{keys}\n")
    return load(file, {})


def error_of(folder: Path, keys: str) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        keymap(chosen(folder, keys), ACTIONS, reserved="123")
    return caught.value


def test_without_a_choice_every_action_keeps_its_keys(tmp_path: Path) -> None:
    assert keymap(chosen(tmp_path, ""), ACTIONS) == ACTIONS


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ('"X, ctrl+x"', ("X", "ctrl+x")),
        ('["X", ","]', ("X", ",")),
        ('","', (",",)),
        ('""', ()),
        ("[]", ()),
    ],
)
def test_chosen_keys_replace_all_of_an_actions_own(tmp_path: Path, keys: str, expected: tuple[str, ...]) -> None:
    assert keymap(chosen(tmp_path, f"session.end = {keys}"), ACTIONS)["session.end"] == expected


def test_two_actions_may_swap_their_keys(tmp_path: Path) -> None:
    keys = keymap(chosen(tmp_path, 'session.end = "m"\nsession.send = "x"'), ACTIONS)

    assert (keys["session.end"], keys["session.send"]) == (("m",), ("x",))


def test_an_unknown_action_is_named_with_its_line(tmp_path: Path) -> None:
    error = error_of(tmp_path, 'app.quit = "Q"\nsession.sned = "z"')

    assert error.message == f"{tmp_path}/config.toml:3: keys.session.sned: unknown action."
    assert error.hint == "Did you mean session.send?"


def test_a_key_that_another_action_has_is_a_clash(tmp_path: Path) -> None:
    error = error_of(tmp_path, 'session.send = "x"')

    assert error.message.endswith("config.toml:2: keys.session.send: the key x is already that of session.end.")


def test_a_key_given_to_two_actions_is_a_clash(tmp_path: Path) -> None:
    error = error_of(tmp_path, 'session.send = "z"\nsession.end = "z"')

    assert "config.toml:2: keys.session.send: the key z is already that of session.end" in error.message
    assert "config.toml:3: keys.session.end: the key z is already that of session.send" in error.message


def test_a_key_with_another_purpose_cannot_be_given_away(tmp_path: Path) -> None:
    assert "the key 1 has another purpose" in error_of(tmp_path, 'app.quit = "1"').message
