"""What nothing in the program calls is found, also where a test calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from unused import ALLOWED, Allowed, unused

if TYPE_CHECKING:
    from pathlib import Path

LAST_WORDS = """
VERBS = ("parting:shout",)


def shout() -> str:
    return whisper().upper()


def whisper() -> str:
    return "farewell"


def only_a_test_calls_this() -> None:
    pass
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "parting.py").write_text(LAST_WORDS)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_parting.py").write_text("from parting import *\n\nonly_a_test_calls_this()\n")
    return tmp_path / "app"


def test_a_function_that_only_a_test_calls_is_named(package: Path) -> None:
    found = unused(package, [Allowed("", "VERBS", "a table")])

    assert found == ["parting.py:13: nothing calls function only_a_test_calls_this"]


def test_what_is_allowed_is_not_named_unless_nothing_needs_that(package: Path) -> None:
    allowed = [Allowed("", "VERBS only_*", "asked for by tests"), Allowed("cli/", "only_*", "it is not there")]

    assert unused(package, allowed) == ["allowed in vain: only_* in cli/"]


def test_every_exception_has_a_reason() -> None:
    assert all(each.why.strip() for each in ALLOWED)
