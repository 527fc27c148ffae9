"""Runs of the program in processes of their own that need not read it first: it takes far longer than what they do."""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Mapping

TESTS = Path(__file__).parents[1]
APP = str(TESTS.parent / "app")
PROCESS_ASKED_FOR = "quarterdeck.tests.process_asked_for"
"""The audit event of a process that the server starts, of which this interpreter hears nothing by itself."""


class _Server:
    """One for each process that runs tests."""

    def __init__(self) -> None:
        self._asks, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._one_at_a_time = threading.Lock()
        paths = f"{APP}{os.pathsep}{TESTS}"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.warm_server", str(theirs.fileno())],
            env={**os.environ, "PYTHONPATH": paths},
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        self.character = _character(os.environ)
        atexit.register(self._end)

    def ask(self, wanted: Mapping[str, object], fds: list[int]) -> None:
        with self._one_at_a_time:
            socket.send_fds(self._asks, [json.dumps(wanted).encode()], fds)

    def _end(self) -> None:
        self._asks.close()
        self._process.wait()


@cache
def _server() -> _Server:
    return _Server()


def _character(env: Mapping[str, str]) -> dict[str, str]:
    """What an interpreter looks at only when it starts, its path apart."""
    fixed = ("PYTHON", "LC_", "LANG", "TZ")
    return {name: value for name, value in env.items() if name.startswith(fixed) and name != "PYTHONPATH"}


def can_run(env: Mapping[str, str]) -> bool:
    """Whether a run in this environment differs in nothing from one that begins anew."""
    return _character(env) == _server().character and env.get("PYTHONPATH", APP) == APP


class WarmProcess:
    """`python -m MODULE ARGV`, with what it writes kept in memory."""

    def __init__(
        self, module: str, *argv: str, env: Mapping[str, str], stdin: str = "", cwd: Path | None = None, out: int = -1
    ) -> None:
        sys.audit(PROCESS_ASKED_FOR, module, argv)
        self._files: list[BinaryIO] = [os.fdopen(os.memfd_create("stream"), "w+b") for _ in range(3)]
        self._files[0].write(stdin.encode())
        self._files[0].seek(0)
        streams = [file.fileno() for file in self._files]
        if out >= 0:
            streams[1:] = [out, out]
        self._told, tell = os.pipe()
        wanted = {"module": module, "argv": argv, "env": dict(env), "cwd": str(cwd or Path.cwd())}
        _server().ask(wanted, [*streams, tell])
        os.close(tell)
        self.pid = self._read()
        self.returncode: int | None = None

    def _read(self) -> int:
        said = b""
        while not said.endswith(b"\n"):
            more = os.read(self._told, 1)
            assert more, "the server of warm processes has died"
            said += more
        return int(said)

    def communicate(self, timeout: float = PATIENCE) -> tuple[str, str]:
        """Wait for its end, and answer what it wrote."""
        if not select.select([self._told], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        self.returncode = self._read()
        os.close(self._told)
        for file in self._files[1:]:
            file.seek(0)
        out, err = (file.read().decode() for file in self._files[1:])
        for file in self._files:
            file.close()
        return out, err

    def kill(self) -> None:
        """End it as a crash would."""
        os.kill(self.pid, signal.SIGKILL)
