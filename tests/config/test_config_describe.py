"""What the settings say about themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from quarterdeck.config.describe import MASK, documented_schema, env_variables, is_secret, shown_value
from quarterdeck.config.loader import load
from quarterdeck.config.projects import prefix_for


def models(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {"Settings": schema, **schema["$defs"]}


def test_every_setting_is_documented_in_the_schema() -> None:
    schema = documented_schema()

    bare = [
        f"{name}.{key}"
        for name, model in models(schema).items()
        for key, field in model.get("properties", {}).items()
        if not field.get("description")
    ]
    assert bare == []
    assert json.dumps(schema)


def test_every_setting_with_a_fixed_name_has_a_variable_of_its_own() -> None:
    variables = env_variables()

    assert variables["QUARTERDECK_TMUX_POLL_SECONDS"] == (("tmux", "poll_seconds"), "number")
    assert variables["QUARTERDECK_CONSOLE_ASCII"] == (("console", "ascii"), "boolean")
    fixed = {
        value.path
        for value in load(Path("/nowhere/config.toml"), {}).values()
        if value.path[0] not in {"keys", "views", "projects", "agents"}
    }
    assert {path for path, _ in variables.values()} == fixed


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("thoughts", "key"), True),
        (("thoughts", "key_variable"), False),
        (("projects", "p", "env", "GITHUB_TOKEN"), True),
        (("projects", "p", "env", "PAGER"), False),
        (("agents", "a", "env", "X_API_KEY"), True),
        (("tmux", "watch"), False),
    ],
)
def test_secrets_are_known_by_their_place_and_name(path: tuple[str, ...], expected: bool) -> None:
    assert is_secret(path) is expected


def test_a_secret_is_masked_and_an_unset_one_is_empty() -> None:
    assert shown_value(("thoughts", "key"), SecretStr("sk-1")) == MASK
    assert shown_value(("thoughts", "key"), SecretStr("")) == ""
    assert shown_value(("thoughts", "command"), ("a", "b")) == ["a", "b"]


@pytest.mark.parametrize(
    ("folder", "prefix"),
    [
        ("app", "app"),
        ("Core", "core"),
        ("myProjectName", "pn"),
        ("FrontEndKit", "fek"),
        ("my-web-app", "mwa"),
        ("data_store", "ds"),
        ("quarterdeck", "qua"),
        ("...", "qd"),
        ("名前", "qd"),
    ],
)
def test_a_prefix_is_made_from_the_folders_name(folder: str, prefix: str) -> None:
    assert prefix_for(folder) == prefix
