from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.css.parse import parse

from support.idle import until_idle

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from textual.css.model import RuleSet
    from textual.css.tokenizer import Token
    from textual.css.types import CSSLocation

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
    colours = hash(tuple((name, *(token.value for token in tokens)) for name, tokens in variable_tokens.items()))
    key = (scope, css, read_from, colours, is_default_rules, tie_breaker)
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
    """Have Textual's pilot wait until the console has nothing to do, however busy the machine is."""
    monkeypatch.setattr("textual.app.wait_for_idle", until_idle)
    monkeypatch.setattr("textual.pilot.wait_for_idle", until_idle)


@pytest.fixture(autouse=True)
def toasts_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no toast go by itself before the test has read it."""
    monkeypatch.setattr("textual.notifications.Notification.time_left", property(lambda toast: 3600 * toast.timeout))
