"""Many at once, and sudden ends: nothing is lost, nothing is done twice."""

from __future__ import annotations

import fcntl
import json
import os
import random
import signal
import subprocess
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING

import pytest

from quarterdeck.paths import find_places
from quarterdeck.store.lease import Lease, writer_duty
from support.cli import cli_env, run_cli
from support.patience import PATIENCE
from support.tmux_server import TmuxServer, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server(tmux_socket: Path) -> Iterator[TmuxServer]:
    """A private tmux server."""
    with TmuxServer(tmux_socket) as made:
        yield made


class Watch:
    """`quarterdeck watch --json` as a process, with its lines."""

    def __init__(self, socket: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "quarterdeck", "-S", socket, "watch", "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=cli_env(),
            text=True,
        )
        self.lines: list[dict[str, object]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def names(self, event: str) -> set[str]:
        """The tmux names an event of this kind was told of. Told twice is a fault."""
        found: set[str] = set()
        for line in list(self.lines):
            if line["event"] == event:
                name = str(line["session"]["tmux_name"])  # type: ignore[index]  # JSON has no types
                assert name not in found, f"{event} told twice of {name}"
                found.add(name)
        return found

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it as a service manager would, or harder."""
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def has_shown(self, *names: str) -> bool:
        """Whether every one of these sessions was told of."""
        return set(names) <= self.names("session.created")


def test_every_birth_and_death_is_told_exactly_once_and_no_look_has_to_find_it(
    server: TmuxServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Longer than is waited for anything here: what is told was heard of.
    monkeypatch.setenv("QUARTERDECK_TMUX_RESYNC_SECONDS", "300")
    old, new = [f"old-{number}" for number in range(40)], [f"new-{number}" for number in range(20)]
    for name in old:
        server.session(name)
    watch = Watch(server.socket)
    try:
        until(lambda: watch.has_shown(*old), "all that was there is known")
        for name in new:
            server.session(name)
        until(lambda: watch.has_shown(*new), "all births were told")
        for name in old[:20]:
            server.run("kill-session", "-t", f"={name}")
        until(lambda: watch.names("session.deleted") >= set(old[:20]), "all deaths were told")
    finally:
        code = watch.stop()

    assert code == 0
    assert watch.names("session.created") == {*old, *new}
    assert watch.names("session.deleted") == set(old[:20])


def test_identities_shown_before_a_sudden_end_are_there_after_it(server: TmuxServer) -> None:
    for number in range(5):
        server.session(f"s{number}", "sh")
    shown: dict[str, str] = {}
    chance = random.Random(7)
    for round_ in range(3):
        watch = Watch(server.socket)
        try:
            until(partial(watch.has_shown, *server.sessions()), "the sessions are shown")
            server.session(f"extra{round_}")
            until(partial(watch.has_shown, f"extra{round_}"), "the new one is shown")
            # At any moment, so also in the middle of a write.
            threading.Event().wait(chance.random() * 0.3)
        finally:
            watch.stop(signal.SIGKILL)
        for line in watch.lines:
            if line["event"] == "session.created":
                session = line["session"]
                assert isinstance(session, dict)
                name, identity = str(session["tmux_name"]), str(session["session_id"])
                assert shown.setdefault(name, identity) == identity
        rows = {row["tmux_name"]: row["session_id"] for row in run_cli("-S", server.socket, "ls", "--json").json()}
        assert rows == shown
    assert len(server.sessions()) == 8


def test_two_watchers_and_ten_commands_never_share_or_lose_an_id(server: TmuxServer, tmp_path: Path) -> None:
    server.session("keep")
    watchers = [Watch(server.socket) for _ in range(2)]
    made: list[str] = []
    lock = threading.Lock()
    faults: list[str] = []

    def work(number: int) -> None:
        done = run_cli("-S", server.socket, "new", f"made-{number}", "--cwd", str(tmp_path), "--json")
        if done.code:
            faults.append(done.err)
            return
        with lock:
            made.append(str(done.json()["session_id"]))
        if number % 2:
            ended = run_cli("-S", server.socket, "kill", f"made-{number}")
            if ended.code:
                faults.append(ended.err)

    try:
        until(lambda: all(watch.names("session.created") for watch in watchers), "both watch")
        threads = [threading.Thread(target=work, args=(number,)) for number in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert not faults
        until(lambda: all(len(watch.names("session.deleted")) == 5 for watch in watchers), "both saw the ends")
        rows = {row["tmux_name"]: row["session_id"] for row in run_cli("-S", server.socket, "ls", "--json").json()}
    finally:
        for watch in watchers:
            watch.stop()

    assert len(set(made)) == 10
    assert set(rows) == set(server.sessions()) == {"keep", *(f"made-{number}" for number in range(0, 10, 2))}
    seen = [
        {str(line["session_id"]) for line in watch.lines if line["event"] == "session.created"} for watch in watchers
    ]
    assert seen[0] >= set(rows.values())
    assert seen[0] == seen[1]


def test_rows_are_kept_on_while_their_keeper_is_stopped(server: TmuxServer) -> None:
    server.session("one")
    first = Watch(server.socket)
    try:
        until(lambda: first.has_shown("one"), "the first keeps the rows")
        second = Watch(server.socket)
        try:
            until(lambda: second.has_shown("one"), "the second follows")
            first.process.send_signal(signal.SIGSTOP)
            server.session("two", "sh", "-c", "read line; exec sleep 3600")

            until(lambda: second.has_shown("two"), "the second sees who came")
            until(lambda: states_of(second, "two")[-1:] == ["busy"], "the second says what it does")
            first.process.send_signal(signal.SIGCONT)
            until(lambda: first.has_shown("two"), "the first follows now")
            server.run("kill-session", "-t", "=two")
            until(lambda: all("two" in watch.names("session.deleted") for watch in (first, second)), "both saw the end")
        finally:
            second.stop()
    finally:
        first.stop()
    ended = run_cli("-S", server.socket, "events", "--kind", "session.deleted", "--json").out.splitlines()
    assert len(ended) == 1


def states_of(watch: Watch, name: str) -> list[object]:
    """What a session was told to be doing, in order."""
    rows = [line["session"] for line in list(watch.lines) if isinstance(line.get("session"), dict)]
    return [row["state"] for row in rows if isinstance(row, dict) and row["tmux_name"] == name]


def test_a_watch_whose_lines_nobody_takes_goes_on_keeping_the_rows(server: TmuxServer) -> None:
    reading, writing = os.pipe()
    # As small as a pipe can be, and full from the start.
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writing, b"\n" * 4096)
    command = [sys.executable, "-m", "quarterdeck", "-S", server.socket, "watch", "--json"]
    server.session("one")
    watch = subprocess.Popen(command, stdout=writing, stderr=subprocess.DEVNULL, env=cli_env())
    os.close(writing)
    lease = Lease(find_places().state_file, writer_duty(server.socket))
    try:
        until(lambda: lease.holder() == watch.pid, "the first keeps the rows")
        second = Watch(server.socket)
        try:
            until(lambda: second.has_shown("one"), "the second follows")
            server.session("two", "sh", "-c", "read line; exec sleep 3600")
            # Only the first, which keeps the rows, says what they do.
            until(lambda: states_of(second, "two")[-1:] == ["busy"], "the first goes on")
        finally:
            second.stop()
        watch.send_signal(signal.SIGTERM)
        assert watch.wait(PATIENCE) == 0
    finally:
        watch.kill()
        watch.wait()
        os.close(reading)


def test_an_ended_session_that_nobody_spawned_is_restored_under_its_name_and_a_live_one_is_not(
    server: TmuxServer, private_home: Path
) -> None:
    server.session("keep")
    assert run_cli("-S", server.socket, "new", "plain", "--cwd", str(private_home.parent)).code == 0
    refused = run_cli("-S", server.socket, "restore", "plain")
    assert (refused.code, "nothing to bring back" in refused.err) == (5, True)
    assert run_cli("-S", server.socket, "kill", "plain").code == 0

    back = run_cli("-S", server.socket, "restore", "plain", "--json")

    assert back.json()["tmux_name"] == "plain"
    assert "plain" in server.sessions()
    assert run_cli("-S", server.socket, "restore", "nothing").code == 3
