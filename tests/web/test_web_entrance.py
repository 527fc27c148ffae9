"""What `serve` answers, and to whom: nobody who has not got the address, and no page but ours gets a console."""

from __future__ import annotations

import socket
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

from support.patience import PATIENCE

if TYPE_CHECKING:
    from support.serving import Serving

WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def answer(served: Serving, path: str, **headers: str) -> int:
    connection = HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def test_only_who_has_the_address_sees_anything(served: Serving) -> None:
    token, ours = served.token, f"http://127.0.0.1:{served.port}"
    assert len(token) >= 32
    for path in ("", "page/page.js", "page/page.css", "static/js/textual.js"):
        assert answer(served, f"/{token}/{path}") == 200
        for wrong in (f"/{path}", f"/{token[:-1]}/{path}", f"/{token}x/{path}"):
            assert answer(served, wrong) == 403
        assert answer(served, f"/{token}/{path}", Host="evil.example") == 403
        assert answer(served, f"/{token}/{path}", Origin="http://evil.example") == 403
    for wrong in ("/ws", f"/{token[:-1]}/ws", f"/{token}x/ws"):
        assert answer(served, wrong, Origin=ours, **WEBSOCKET) == 403
    with pytest.raises(ConnectionError), socket.create_connection(("127.0.0.2", served.port), timeout=PATIENCE):
        pass


def test_only_a_page_of_ours_gets_a_console(served: Serving) -> None:
    path, ours = f"/{served.token}/ws", f"http://127.0.0.1:{served.port}"

    assert answer(served, path, **WEBSOCKET) == 403
    for foreign in ("http://evil.example", "null", f"http://localhost:{served.port}", "http://127.0.0.1"):
        assert answer(served, path, Origin=foreign, **WEBSOCKET) == 403
    assert served.consoles() == []

    assert answer(served, path, Origin=ours, **WEBSOCKET) == 101


def test_nothing_outside_of_the_pages_is_served(served: Serving) -> None:
    for path in ("page/../app.py", "page/%2e%2e/app.py", "page//etc/passwd", "static/../server.py", "page/", "static/"):
        assert answer(served, f"/{served.token}/{path}") in {403, 404}
