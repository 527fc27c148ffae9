"""Keys of the operator's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from quarterdeck.config.keymap import Bound, keymap, split_keys
from quarterdeck.errors import SettingsError

FILE = Path("/c/config.toml")
ACTIONS = (
    Bound("app.quit", ("q",)),
    Bound("session.send", ("m",), "fleet"),
    Bound("session.end", ("x", "delete"), "fleet"),
    Bound("log.follow", ("f",), "log"),
)


def test_without_a_choice_every_action_keeps_its_keys() -> None:
    assert keymap(ACTIONS, {}, FILE) == {action.name: action.keys for action in ACTIONS}


def test_a_chosen_key_replaces_all_of_an_actions_own() -> None:
    assert keymap(ACTIONS, {"session.end": "X, ctrl+x"}, FILE)["session.end"] == ("X", "ctrl+x")


def test_an_empty_choice_leaves_the_action_without_a_key() -> None:
    assert keymap(ACTIONS, {"app.quit": ""}, FILE)["app.quit"] == ()


def test_a_key_given_to_another_action_is_taken_from_the_one_that_had_it() -> None:
    keys = keymap(ACTIONS, {"session.send": "x"}, FILE)

    assert keys["session.send"] == ("x",)
    assert keys["session.end"] == ("delete",)


def test_the_same_key_may_do_different_things_on_different_screens() -> None:
    assert keymap(ACTIONS, {"log.follow": "x"}, FILE)["session.end"] == ("x", "delete")


def test_an_unknown_action_is_named_with_its_line() -> None:
    with pytest.raises(SettingsError) as caught:
        keymap(ACTIONS, {"session.sned": "z"}, FILE, {"keys.session.sned": "file:7"})

    assert caught.value.message == "/c/config.toml:7: keys.session.sned: unknown action."
    assert caught.value.hint == "Did you mean session.send?"


@pytest.mark.parametrize("other", ["session.end", "app.quit"], ids=["same screen", "everywhere"])
def test_a_key_given_to_two_actions_that_meet_is_a_clash(other: str) -> None:
    with pytest.raises(SettingsError, match=r"the key z is already given to session\.send"):
        keymap(ACTIONS, {"session.send": "z", other: "z"}, FILE)


def test_a_key_given_to_two_actions_that_never_meet_is_none() -> None:
    keys = keymap(ACTIONS, {"session.send": "z", "log.follow": "z"}, FILE)

    assert (keys["session.send"], keys["log.follow"]) == (("z",), ("z",))


def test_a_comma_alone_is_a_key() -> None:
    assert split_keys(" , ") == ("comma",)
    assert split_keys("a,,b, a") == ("a", "b")
