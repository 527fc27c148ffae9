"""`serve`: the console in a browser, for nobody who has not got the address."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from http.client import HTTPConnection
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from support.cli import ROOT, cli_env, run_cli
from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

needs_the_extra = pytest.mark.skipif(find_spec("textual_serve") is None, reason="the extra `web` is not installed")
WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    for name in ("aiohttp", "textual_serve"):
        (tmp_path / f"{name}.py").write_text(f"raise ModuleNotFoundError('No module named {name}')\n")

    done = run_cli("serve", env={"PYTHONPATH": f"{tmp_path}:{ROOT / 'app'}"})

    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "quarterdeck: Serving needs the extra `web`, which is not installed.\n"
        "Install it: pip install 'quarterdeck[web]'\n"
    )


def test_wrong_settings_are_told_before_anything_is_served(private_home: Path) -> None:
    private_home.mkdir(mode=0o700)
    (private_home / "config.toml").write_text("[nonsense]\n")

    assert run_cli("serve").code == 78


@pytest.mark.parametrize("port", ["0", "65536", "x"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    assert run_cli("serve", "--port", port).code == 2


@contextmanager
def serving(socket_path: Path) -> Iterator[str]:
    """A server, and the address it printed; ends as Ctrl+C ends it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "quarterdeck", "-S", str(socket_path), "--json", "serve"],
        stdout=subprocess.PIPE,
        text=True,
        env=cli_env(),
    )
    assert process.stdout is not None
    try:
        yield json.loads("".join(process.stdout.readline() for _ in range(3)))["url"]
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def answer(url: str, path: str, **headers: str) -> int:
    connection = HTTPConnection("127.0.0.1", int(url.split(":")[2].split("/")[0]), timeout=PATIENCE)
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


@needs_the_extra
def test_only_who_has_the_address_sees_anything(tmux_socket: Path) -> None:
    with serving(tmux_socket) as url:
        token = url.split("/")[3]
        assert len(token) >= 32
        assert answer(url, f"/{token}/") == 200
        assert answer(url, f"/{token}/static/js/textual.js") == 200
        assert answer(url, f"/{token}/ws", **WEBSOCKET) == 101
        for path in ("/", "/ws", "/static/js/textual.js", f"/{token[:-1]}/", f"/{token[:-1]}/ws"):
            assert answer(url, path, **WEBSOCKET) == 403
        assert answer(url, f"/{token}/ws", Origin="http://evil.example", **WEBSOCKET) == 403
        assert answer(url, f"/{token}/", Host="evil.example") == 403
        port = int(url.split(":")[2].split("/")[0])
        with pytest.raises(ConnectionError), socket.create_connection(("127.0.0.2", port), timeout=PATIENCE):
            pass
