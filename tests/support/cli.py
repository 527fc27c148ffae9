"""Run the program as its user does, in a process and a home of its own."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.patience import PATIENCE
from support.warm import WarmProcess, can_run

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Done:
    """How a run of the program ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """What it printed, read as JSON."""
        return json.loads(self.out)

    def error(self) -> dict[str, str]:
        """The error it printed with `--json`."""
        error: dict[str, str] = json.loads(self.err)["error"]
        return error


PATIENT = dict.fromkeys(
    ("QUARTERDECK_TMUX_LOOK_TIMEOUT_SECONDS", "QUARTERDECK_TMUX_COMMAND_TIMEOUT_SECONDS"), f"{PATIENCE:g}"
)
"""Settings with which no answer of a server that a test has started comes too late."""


def cli_env(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment the program gets: this one's, the checkout's code, and `env` on top."""
    return {**os.environ, "PYTHONPATH": str(ROOT / "app"), **(env or {})}


def run_cli(
    *args: str,
    stdin: str = "",
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
    timeout: float = PATIENCE,
    program: str = "quarterdeck",
) -> Done:
    """Run `python -m quarterdeck ARGS`, or a program of tests beside this, and wait for it."""
    full = cli_env((PATIENT if "-S" in args else {}) | (env or {}))
    if can_run(full):
        process = WarmProcess(program, *args, env=full, stdin=stdin, cwd=cwd)
        try:
            out, err = process.communicate(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        assert process.returncode is not None
        return Done(process.returncode, out, err)
    done = subprocess.run(
        [sys.executable, "-m", program, *args],
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        check=False,
        cwd=cwd,
        env=full,
        timeout=timeout,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def run_cli_in_terminal(*args: str, env: dict[str, str] | None = None) -> str:
    """Run the program with a terminal as its output, and return what it wrote there."""
    terminal, inside = pty.openpty()
    full = cli_env(env)
    process: WarmProcess | subprocess.Popen[bytes]
    if can_run(full):
        process = WarmProcess("quarterdeck", *args, env=full, out=inside)
    else:
        process = subprocess.Popen(
            [sys.executable, "-m", "quarterdeck", *args],
            stdin=subprocess.DEVNULL,
            stdout=inside,
            stderr=subprocess.STDOUT,
            env=full,
        )
    os.close(inside)
    written = b""
    # Reading fails once nobody holds the other side: the program has ended.
    with suppress(OSError):
        while chunk := os.read(terminal, 65536):
            written += chunk
    os.close(terminal)
    process.communicate(timeout=PATIENCE)
    return written.decode().replace("\r\n", "\n")
