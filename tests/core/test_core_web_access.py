from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from quarterdeck.core.web_access import WebAccess

OURS = WebAccess(8123, "tOkEn-1")
HOST, ORIGIN = "127.0.0.1:8123", "http://127.0.0.1:8123"


@pytest.mark.parametrize("path", ["/tOkEn-1/", "/tOkEn-1/ws", "/tOkEn-1/static/js/textual.js", "/tOkEn-1"])
@pytest.mark.parametrize("origin", [None, ORIGIN])
def test_who_has_the_address_comes_in(path: str, origin: str | None) -> None:
    assert OURS.admits(path, HOST, origin)
    assert OURS.url == ORIGIN + "/tOkEn-1/"


@pytest.mark.parametrize(
    ("path", "host", "origin"),
    [
        ("/", HOST, None),
        ("/ws", HOST, None),
        ("/static/js/textual.js", HOST, None),
        ("//tOkEn-1/", HOST, None),
        ("/token-1/", HOST, None),
        ("/tOkEn-1x/ws", HOST, None),
        ("/x/tOkEn-1/ws", HOST, None),
        ("/tÖkEn-1/ws", HOST, None),
        ("/tOkEn-1/ws", "evil.example:8123", None),
        ("/tOkEn-1/ws", "127.0.0.1:80", None),
        ("/tOkEn-1/ws", "localhost:8123", None),
        ("/tOkEn-1/ws", HOST, "http://evil.example"),
        ("/tOkEn-1/ws", HOST, "null"),
        ("/tOkEn-1/ws", HOST, ""),
    ],
)
def test_nobody_else_does(path: str, host: str, origin: str | None) -> None:
    assert not OURS.admits(path, host, origin)


@pytest.mark.parametrize("origin", [None, "", "null", "http://evil.example", "http://localhost:8123", ORIGIN + "/"])
def test_only_a_page_of_ours_may_connect(origin: str | None) -> None:
    assert OURS.connects(ORIGIN)
    assert not OURS.connects(origin)


@given(some.text())
def test_without_a_token_nothing_is_served(path: str) -> None:
    assert not WebAccess(8123, "").admits(path, HOST, None)
