from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.css.parse import parse

from support.idle import hasty, until_idle

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from textual.css.model import RuleSet
    from textual.css.tokenizer import Token
    from textual.css.types import CSSLocation


class Colours:
    """The variables of the style sheets: all sheets of a console have the same ones, so they are gone through once."""

    def __init__(self) -> None:
        self._tokens: dict[str, list[Token]] = {}
        self._key = 0

    def key_of(self, tokens: dict[str, list[Token]]) -> int:
        """What is the same for variables with the same values."""
        if tokens is not self._tokens:
            self._tokens = tokens
            self._key = hash(tuple((name, *(token.value for token in each)) for name, each in tokens.items()))
        return self._key


colours = Colours()
parsed: dict[Hashable, list[RuleSet]] = {}


def parse_once(
    scope: str,
    css: str,
    read_from: CSSLocation,
    *,
    variable_tokens: dict[str, list[Token]],
    is_default_rules: bool,
    tie_breaker: int,
) -> Iterator[RuleSet]:
    """What Textual makes of a style sheet: each console that starts here has the same ones."""
    key = (scope, css, read_from, colours.key_of(variable_tokens), is_default_rules, tie_breaker)
    if key not in parsed:
        rules = parse(
            scope,
            css,
            read_from,
            variable_tokens=variable_tokens,
            is_default_rules=is_default_rules,
            tie_breaker=tie_breaker,
        )
        parsed[key] = list(rules)
    return iter(parsed[key])


@pytest.fixture(autouse=True)
def style_sheets_are_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Textual read each style sheet once in all tests, and not once in each."""
    monkeypatch.setattr("textual.css.stylesheet.parse", parse_once)


@pytest.fixture(autouse=True)
def pilots_wait_by_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Textual's pilot wait until the console has nothing to do, however busy the machine is, and no longer."""
    for waits in ("app.wait_for_idle", "pilot.wait_for_idle", "pilot.Pilot._wait_for_screen"):
        monkeypatch.setattr(f"textual.{waits}", until_idle)
    for tells in ("time.monotonic", "textual._time.get_time"):
        monkeypatch.setattr(tells, hasty.monotonic)


@pytest.fixture(autouse=True)
def toasts_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no toast go by itself before the test has read it."""
    monkeypatch.setattr("textual.notifications.Notification.time_left", property(lambda toast: 3600 * toast.timeout))
