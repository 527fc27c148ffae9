"""`quarterdeck serve` in a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil

from support.cli import PATIENT, cli_env
from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


class Serving:
    """A running server."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url

    @property
    def port(self) -> int:
        return int(self.url.split(":")[2].split("/")[0])

    @property
    def token(self) -> str:
        return self.url.split("/")[3]

    def consoles(self) -> list[psutil.Process]:
        """What runs for a page each."""
        return [each for each in psutil.Process(self.process.pid).children() if each.status() != psutil.STATUS_ZOMBIE]

    def end(self) -> None:
        """End as Ctrl+C ends it."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(PATIENCE) == 0

    def kill(self) -> None:
        """End without a word."""
        self.process.kill()
        self.process.wait(PATIENCE)


@contextmanager
def serving(socket_path: Path | str, env: Mapping[str, str] | None = None) -> Iterator[Serving]:
    """A server for the tmux server on a socket."""
    process = subprocess.Popen(
        [sys.executable, "-m", "quarterdeck", "-S", str(socket_path), "--json", "serve"],
        stdout=subprocess.PIPE,
        text=True,
        env=cli_env(PATIENT | dict(env or {})),
    )
    assert process.stdout is not None
    try:
        served = Serving(process, json.loads("".join(process.stdout.readline() for _ in range(3)))["url"])
        yield served
        if process.poll() is None:
            served.end()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
