"""What is printed as done is kept: with a database that is locked, on a full disk, or cannot be opened."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from support.cli import run_cli
from support.tmux_server import TmuxServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from support.cli import Done

MOUNTED_KIB = 1024
IMPATIENT = "support.impatient"
"""How long it waits for its database is not asked here, but that it says so in the end."""


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Another process writes, and takes its time."""
    with closing(sqlite3.connect(home / "state.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def full(home: Path) -> Iterator[None]:
    """Not one page more fits on the disk."""
    ballast = home / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (4096, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue
    try:
        yield
    finally:
        ballast.unlink()


@contextmanager
def unopenable(home: Path) -> Iterator[None]:
    """Something stands where the database keeps what it writes first."""
    for end in ("-wal", "-shm"):
        (home / f"state.db{end}").unlink(missing_ok=True)
    (home / "state.db-wal").mkdir()
    try:
        yield
    finally:
        (home / "state.db-wal").rmdir()


FAULTS = {"locked": locked, "full": full, "unopenable": unopenable}


@pytest.fixture
def home(short_folder: Path) -> Iterator[Path]:
    """A home on a small disk of its own, where one may be made."""
    folder = short_folder / "h"
    folder.mkdir(mode=0o700)
    argv = ["mount", "-t", "tmpfs", "-o", f"size={MOUNTED_KIB}k,mode=0700", "none", str(folder)]
    is_mounted = os.geteuid() == 0 and not subprocess.run(argv, capture_output=True, check=False).returncode
    try:
        yield folder
    finally:
        if is_mounted:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def is_small(folder: Path) -> bool:
    held = os.statvfs(folder)
    return held.f_blocks * held.f_frsize <= MOUNTED_KIB * 1024


@pytest.fixture(params=FAULTS)
def fault(request: pytest.FixtureRequest, home: Path) -> AbstractContextManager[None]:
    """A fault of the database that is there for as long as it is entered."""
    if request.param == "full" and not is_small(home):
        pytest.skip("no disk can be made here that may be filled")
    made: Callable[[Path], AbstractContextManager[None]] = FAULTS[request.param]
    return made(home)


@pytest.fixture
def server(short_folder: Path) -> Iterator[TmuxServer]:
    with TmuxServer(short_folder / "s") as made:
        made.session("first")
        yield made


@pytest.fixture
def qd(short_folder: Path, home: Path, server: TmuxServer) -> Callable[..., Done]:
    """The program, on a home where the session `first` is known."""

    def run(*words: str, stdin: str = "") -> Done:
        return run_cli("-S", str(short_folder / "s"), "--home", str(home), *words, stdin=stdin, program=IMPATIENT)

    assert run("ls").code == 0
    return run


def test_a_new_session_whose_id_cannot_be_kept_is_not_made(
    qd: Callable[..., Done], server: TmuxServer, fault: AbstractContextManager[None]
) -> None:
    with fault:
        done = qd("new", "web", "--json")

    assert (done.code, done.out) == (1, "")
    assert done.error()["message"].startswith("No session was made, since its identity could not be saved: ")
    assert server.sessions() == ["first"]
    after = qd("new", "web", "--json")
    assert after.code == 0
    assert after.json()["session_id"] in {row["session_id"] for row in qd("ls", "--json").json()}


def test_a_new_session_has_the_id_that_was_kept_for_it_whatever_tmux_makes_of_its_name(
    qd: Callable[..., Done], home: Path
) -> None:
    made, unnamed = qd("new", "a.b:c", "--json"), qd("new", "--json")

    assert (made.code, unnamed.code) == (0, 0), made.err + unnamed.err
    listed = [row["session_id"] for row in qd("ls", "--json").json()]
    assert {made.json()["session_id"], unnamed.json()["session_id"]} < set(listed)
    with closing(sqlite3.connect(home / "state.db")) as direct:
        assert direct.execute("SELECT count(*) FROM sessions WHERE status = 'reserved'").fetchone() == (0,)


def test_what_cannot_be_forgotten_for_good_is_not_said_to_be(qd: Callable[..., Done], home: Path) -> None:
    with unopenable(home):
        done = qd("kill", "--detach", "first", "--json")

    assert done.code == 1
    assert [row["outcome"] for row in done.json()] == ["failed"]
    assert [row["tmux_name"] for row in qd("ls", "--json").json()] == ["first"]


def test_an_identity_that_cannot_be_kept_is_not_printed(
    qd: Callable[..., Done], server: TmuxServer, home: Path
) -> None:
    known = qd("ls", "--json").json()[0]["session_id"]
    server.session("second")
    with locked(home):
        listed, shown = qd("ls", "--json"), qd("show", "second", "--json")

    ids = {row["tmux_name"]: row["session_id"] for row in listed.json()}
    assert ids == {"first": known, "second": None}
    assert shown.json()["session_id"] is None
    assert "is not saved" in listed.err


def test_other_verbs_fail_when_what_they_do_cannot_be_kept(qd: Callable[..., Done], home: Path) -> None:
    exported = qd("export").out
    qd("kill", "--detach", "first")
    with locked(home):
        adopted, merged = qd("adopt", "first", "--json"), qd("import", "-", stdin=exported)
        thought = qd("thoughts", "ingest", stdin='{"session_id":"sess_0","thought":"x","emission_seq":1}\n')

    assert (adopted.code, adopted.out) == (1, "")
    assert (merged.code, merged.out) == (1, "")
    assert (thought.code, thought.json()) == (1, {"accepted": 0, "dropped": 1})
