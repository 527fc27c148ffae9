"""`thoughts ingest` with an engine that stays: one rule, whoever sends and however often they start anew."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from support.cli import cli_env, run_cli
from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

from contextlib import closing, contextmanager

pytestmark = pytest.mark.process


def update(seq: int, stream: str = "a", thought: str = "reads", key: str = "sess_1") -> str:
    return json.dumps({"session_id": key, "thought": thought, "stream_instance_id": stream, "emission_seq": seq})


class Engine:
    """An outside engine at a pipe that stays open."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def send(self, *lines: str) -> dict[str, int]:
        """Send lines one by one; answers the tally after the last."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        told: dict[str, int] = {}
        for line in lines:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            told = json.loads(self.process.stdout.readline())
        return told


@contextmanager
def _following(home: Path) -> Iterator[Engine]:
    argv = [sys.executable, "-m", "quarterdeck", "--home", str(home), "thoughts", "ingest", "--follow"]
    process = subprocess.Popen(
        argv, env=cli_env(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield Engine(process)
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE)


def following(home: Path) -> AbstractContextManager[Engine]:
    return _following(home)


def test_each_update_is_answered_while_the_pipe_stays_open(private_home: Path) -> None:
    with following(private_home) as engine:
        assert engine.send(update(1)) == {"accepted": 1, "dropped": 0}
        assert engine.send(update(2), update(2), "no json") == {"accepted": 2, "dropped": 2}
        assert engine.process.stdin is not None
        engine.process.stdin.close()
        engine.process.stdin = None
        out, err = engine.process.communicate(timeout=PATIENCE)

    assert json.loads(out) == {"accepted": 2, "dropped": 2}
    assert "line 4: not JSON" in err
    assert engine.process.returncode == 0


def test_a_restarted_engine_begins_at_one_again(private_home: Path) -> None:
    with following(private_home) as engine:
        engine.send(*(update(seq) for seq in (1, 2, 3)))
        told = engine.send(update(4, "b"), update(1, "b", "anew"), update(2, "b"), update(4, "a"))

    assert told == {"accepted": 5, "dropped": 2}


def test_a_signal_ends_it_with_the_tally(private_home: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        with following(private_home) as engine:
            engine.send(update(1, stream=number.name))
            os.kill(engine.process.pid, number)
            out, err = engine.process.communicate(timeout=PATIENCE)

        assert json.loads(out) == {"accepted": 1, "dropped": 0}
        assert (engine.process.returncode, err) == (0, "")


def test_without_follow_there_is_one_tally_at_the_end(private_home: Path) -> None:
    lines = "".join(f"{update(seq)}\n" for seq in range(1, 40)) + update(40)

    done = run_cli("--home", str(private_home), "thoughts", "ingest", stdin=lines)

    assert done.json() == {"accepted": 40, "dropped": 0}


def test_a_line_without_end_is_dropped_and_the_next_counts(private_home: Path) -> None:
    lines = "x" * (9 * 1024 * 1024) + "\n" + update(1) + "\n"

    done = run_cli("--home", str(private_home), "thoughts", "ingest", stdin=lines)

    assert done.json() == {"accepted": 1, "dropped": 1}
    assert "line 1: longer than" in done.err


def test_what_cannot_be_kept_is_not_said_to_be_accepted(private_home: Path) -> None:
    run_cli("--home", str(private_home), "thoughts", "ingest", stdin=update(1))
    with closing(sqlite3.connect(private_home / "state.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")

        done = run_cli("--home", str(private_home), "thoughts", "ingest", "--json", stdin=update(2))

    assert done.json() == {"accepted": 0, "dropped": 1}
    assert done.code == 1
    assert "locked" in done.error()["message"]
