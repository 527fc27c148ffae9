from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.tui.rows.filter import Term, matches, parse
from support.fleet import canned_exited, canned_sessions

SESSIONS = [*canned_sessions(), *canned_exited()]


def found(text: str) -> list[str]:
    """The names that a filter leaves."""
    return [session.tmux_name for session in SESSIONS if matches(parse(text), session)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("tiles", ["atlas-tiles"]),
        ("chtx", ["checkout-tax"]),
        ("staging", ["checkout-tax"]),
        ("state:asks", ["checkout-tax", "ledger-import"]),
        ("state:failed,done", ["atlas-tiles", "shop-search"]),
        ("state:deep", ["shop-docs"]),
        ("agent:codex", ["ledger-import"]),
        ("needs:any", ["checkout-tax", "ledger-import", "atlas-tiles", "shop-search"]),
        ("needs:permission", ["checkout-tax"]),
        ("repo:shop !state:ended !docs", ["checkout-tax", "shop-search"]),
        ("repo:atlas agent:opencode", ["atlas-13"]),
        ("branch:#131", ["atlas-12"]),
        ("翻訳", ["翻訳 docs"]),
        ("SHOP-SEARCH", ["shop-search"]),
        ("nosuchthing", []),
    ],
)
def test_filters_find(text: str, names: list[str]) -> None:
    assert found(text) == names


def test_an_empty_filter_leaves_everything() -> None:
    assert len(found("  ")) == len(SESSIONS)


def test_what_is_no_field_is_a_word() -> None:
    assert parse("http://x !a:b !") == (Term("http://x"), Term("a:b", is_not=True))


@given(st.text(max_size=60))
def test_anything_can_be_typed(text: str) -> None:
    for session in SESSIONS:
        assert matches(parse(text), session) in {True, False}


@given(st.sampled_from(["shop", "state:asks", "agent:claude", "needs:any", "tiles"]))
def test_not_leaves_what_the_word_alone_takes(term: str) -> None:
    assert not set(found(term)) & set(found(f"!{term}"))
