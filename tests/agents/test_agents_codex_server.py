"""What Codex's daemon tells, and which conversation a terminal of Codex's shows; the traffic was recorded."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.agents.agent_files import FileClaims, open_paths
from quarterdeck.agents.codex_panes import shown_thread, status
from quarterdeck.agents.codex_server import CodexServer, CodexThread, reading_of, server_at, thread_of
from quarterdeck.agents.codex_socket import LONGEST_TOLD_BYTES, CodexSocket, Frame, frame_in
from quarterdeck.ports.agent_process import AgentHome, Program
from support.codex_daemon import FIRST, FRONT, OTHER, OTHER_FRONT, SECOND, CodexDaemon
from support.recordings import agent
from support.tmux_server import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

READS_ONLY = {"thread/loaded/list", "thread/read", "mcpServerStatus/list"}
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def says(server: CodexServer, key: str = FIRST) -> tuple[str, str | None] | None:
    """State and need of a conversation."""
    thread = server.threads().get(key)
    reading = reading_of(thread) if thread else None
    return (reading.state.value, reading.needs.value if reading.needs else None) if reading else None


STATES = [
    ("idle", ("idle", None)),
    ("working", ("busy", None)),
    ("finished again", ("idle", None)),
    ("permission", ("attention", "permission")),
    ("permission granted", ("idle", None)),
    ("question", ("attention", "question")),
    ("question answered", ("idle", None)),
    ("error", ("error", "error")),
    ("working before interrupt", ("busy", None)),
    ("interrupted", ("idle", None)),
    ("resumed", ("idle", None)),
]


def test_every_state_is_told_as_it_comes(short_folder: Path) -> None:
    server = CodexServer(short_folder)
    with CodexDaemon(short_folder) as daemon:
        for state, expected in STATES:
            daemon.play(state)
            until(lambda expected=expected: says(server) == expected, f"{state} is {expected}")  # type: ignore[misc]
            assert server.threads()[OTHER].status == "idle"
        assert {str(each["method"]) for each in daemon.asked} <= READS_ONLY


def test_conversations_have_their_names_and_fronts_and_those_that_find_titles_are_none(short_folder: Path) -> None:
    server = CodexServer(short_folder)
    with CodexDaemon(short_folder) as daemon:
        until(lambda: len(server.threads()) == 2, "both are there")
        for state in ("finished", "new", "finished in the new one", "renamed"):
            daemon.play(state)
        until(lambda: server.threads()[FIRST].name == "The red one", "it is renamed")
        found = server.threads()

    assert {key: (thread.front, thread.name) for key, thread in found.items()} == {
        FIRST: (FRONT, "The red one"),
        OTHER: (OTHER_FRONT, ""),
        SECOND: (FRONT, "seventh say: OK"),
    }
    assert found[FIRST].cwd == "/home/dev/work/demo"


def test_a_daemon_that_ends_is_silence_and_one_that_comes_back_is_heard_again(short_folder: Path) -> None:
    server = CodexServer(short_folder)
    with CodexDaemon(short_folder) as daemon:
        until(lambda: FIRST in server.threads(), "it is heard")
        daemon.hang_up()
        until(lambda: not server.threads(), "it is gone")
        until(lambda: FIRST in server.threads(), "it is heard again")


def test_no_daemon_a_mute_one_and_none_at_all_give_nothing_and_hold_nobody_up(short_folder: Path) -> None:
    began = time.monotonic()
    assert not CodexServer(short_folder).threads()
    with CodexDaemon(short_folder) as daemon:
        daemon.is_mute = True
        assert not CodexServer(short_folder).threads()
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("strange", ["fifo", "file", "folder", "nobody listens"])
def test_what_is_no_socket_is_not_waited_for(strange: str, short_folder: Path) -> None:
    place = short_folder / "app-server-control"
    place.mkdir()
    there = place / "app-server-control.sock"
    if strange == "fifo":
        os.mkfifo(there)
    elif strange == "folder":
        there.mkdir()
    elif strange == "file":
        there.write_text("no socket")
    else:
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(there))
    assert not CodexServer(short_folder).threads()


@pytest.mark.parametrize(
    "answer",
    [
        {"result": {"data": "none"}},
        {"result": {"data": [1, None, "x", "../../etc/passwd"]}},
        {"error": {"code": 1, "message": "no"}},
        {"result": []},
        {},
    ],
)
def test_answers_of_another_version_are_as_no_answers(answer: dict[str, object], short_folder: Path) -> None:
    with CodexDaemon(short_folder) as daemon:
        daemon.answers["thread/loaded/list"] = answer
        assert not CodexServer(short_folder).threads()


def test_a_daemon_of_another_folder_is_not_believed(short_folder: Path) -> None:
    with CodexDaemon(short_folder) as daemon:
        daemon.folder = short_folder / "other"
        with pytest.raises(OSError, match="another folder"):
            CodexSocket(short_folder)


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"id": "x", "status": {"type": "idle"}, "ephemeral": False},
        {"id": FIRST, "status": {"type": "dreaming"}, "ephemeral": False},
        {"id": FIRST, "status": {"type": "notLoaded"}, "ephemeral": False},
        {"id": FIRST, "status": {"type": "idle"}, "ephemeral": True},
        {"id": FIRST, "status": {"type": "idle"}, "ephemeral": False, "parentThreadId": OTHER},
        {"id": FIRST, "status": {"type": "idle"}},
    ],
)
def test_what_is_no_conversation_of_an_operators_is_left_out(told: dict[str, object]) -> None:
    assert thread_of(told, NOW) is None


def test_what_is_told_is_clean() -> None:
    told = {"id": FIRST, "status": {"type": "active", "activeFlags": [3, "x"]}, "ephemeral": False, "cwd": "/w"}
    thread = thread_of(told | {"name": "a\x1b[31mb\nc" * 100}, NOW)

    assert thread is not None
    assert "\x1b" not in thread.name
    assert "\n" not in thread.name
    assert len(thread.name) <= 200
    assert reading_of(thread).state == "busy"


@given(st.binary(max_size=70_000), st.integers(0, 20), st.booleans())
def test_frames_are_whole_or_waited_for(data: bytes, cut: int, is_last: bool) -> None:
    size = len(data)
    head = bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2) if size < 65_536 else b"\x7f" + size.to_bytes(8)
    whole = bytes([0x80 * is_last | 1]) + head + data

    assert frame_in(whole + b"more") == Frame(1, is_last, data, len(whole))
    if cut:
        assert frame_in(whole[:-cut]) is None


@given(st.binary(max_size=40))
def test_no_bytes_are_too_strange_for_a_frame(data: bytes) -> None:
    try:
        found = frame_in(data)
    except OSError:
        return
    assert found is None or found.size <= len(data)


def test_a_frame_that_nobody_would_send_is_refused() -> None:
    with pytest.raises(OSError, match="language"):
        frame_in(b"\x81\x7f" + (LONGEST_TOLD_BYTES + 1).to_bytes(8))


def thread(key: str, *, front: int = 0, name: str = "") -> CodexThread:
    return CodexThread(key=key, status="idle", changed_at=NOW, front=front, name=name)


A, B, C = thread("a", front=1, name="red"), thread("b", front=1, name="blue"), thread("c", front=2, name="red")
BACKGROUND = thread("d", front=9, name="green")
LONG = thread("e", front=1, name="a very long name | which is cut in every title there is")


@pytest.mark.parametrize(
    ("shown", "title", "argv"),
    [
        ("b", "demo", ()),  # the one opened last
        ("a", "red | demo", ()),  # named, and its own
        ("a", "⠹ red | demo", ()),
        ("a", "[ ! ] Action Required | red | demo", ()),
        ("d", "green | demo", ()),  # another's, which it went over to
        ("e", "a very long name | which is ... | demo", ()),
        ("b", "red", ()),  # a folder of that name
        ("b", "nothing | demo", ("codex", "resume", "d")),
    ],
)
def test_a_terminal_shows_what_its_title_names_and_else_what_it_opened_last(
    shown: str, title: str, argv: tuple[str, ...]
) -> None:
    opened_at = {"a": 10, "b": 20, "c": 30, "d": 5, "e": 1}

    assert shown_thread([A, B, C, BACKGROUND, LONG], {1}, opened_at, title=title, argv=argv) == shown


def test_a_terminal_that_opened_none_shows_what_its_command_line_goes_on_with_or_nothing_certain() -> None:
    assert shown_thread([A, C], {7}, {}, argv=("codex", "resume", "c")) == "c"
    assert not shown_thread([A, C], {7}, {}, title="demo")


LISTENS = """
import socket, sys, time
place = socket.create_server(("127.0.0.1", 0))
files = [open(each, "a") for each in sys.argv[1:] if each.startswith("/")]
print(place.getsockname()[1], flush=True)
time.sleep(600)
"""


@contextmanager
def running(*argv: str) -> Iterator[tuple[Program, int]]:
    """A process with these words, and the port at which it listens."""
    with subprocess.Popen([sys.executable, "-c", LISTENS, *argv], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Program(pid=process.pid, command="codex", argv=("codex", *argv)), int(process.stdout.readline())
        finally:
            process.kill()


def home_of(folder: Path) -> AgentHome:
    return AgentHome(folder, (("CODEX_HOME", str(folder)),))


@pytest.mark.process
def test_two_terminals_in_one_folder_are_told_apart_by_the_ports_they_offer(short_folder: Path) -> None:
    with running() as (one, port), running() as (two, other_port), CodexDaemon(short_folder) as daemon:
        for row in daemon.rows:
            for found in row.get("told", {}).get("result", {}).get("data", []):
                if isinstance(found, dict):
                    told = {str(FRONT): port, str(OTHER_FRONT): other_port}
                    found["httpOrigin"] = f"http://127.0.0.1:{told[found['httpOrigin'].rpartition(':')[2]]}"
        home = home_of(short_folder)
        until(lambda: len(server_at(short_folder).threads()) == 2, "both are known")
        assert agent("codex").conversation(one, home=home, title="demo") == FIRST
        assert agent("codex").conversation(two, home=home, title="demo") == OTHER

        daemon.play("permission")
        until(lambda: _needs(home, FIRST) == "permission", "the first one asks")
        assert _needs(home, OTHER) is None
        read = agent("codex").read_registry(two, at=NOW, home=home, conversation=OTHER)
        assert read is not None
        assert (read.state, read.conversation) == ("idle", OTHER)


def _needs(home: AgentHome, key: str) -> str | None:
    found = status(home, key)
    return found.needs.value if found and found.needs else None


@pytest.mark.process
def test_a_process_that_runs_its_conversation_itself_holds_its_lock(tmp_path: Path) -> None:
    locks = tmp_path / "thread-writer-locks"
    locks.mkdir()
    for at, key in enumerate((FIRST, SECOND)):
        (locks / f"{key}.lock").touch()
        os.utime(locks / f"{key}.lock", (1_000 + at, 1_000 + at))
    with running(str(locks / f"{SECOND}.lock"), str(locks / f"{FIRST}.lock")) as (one, _):
        os.utime(locks / f"{FIRST}.lock", (1, 1))
        assert agent("codex").conversation(one, home=home_of(tmp_path)) == SECOND


@pytest.mark.process
def test_the_daemons_conversations_are_not_those_of_the_terminal_that_started_it(short_folder: Path) -> None:
    lock = short_folder / f"thread-writer-locks/{OTHER}.lock"
    lock.parent.mkdir()
    lock.touch()
    # A daemon's second word says what it is.
    script = short_folder / "app-server"
    script.write_text(f"import time\nheld = open({str(lock)!r})\ntime.sleep(600)\n")
    starts = "import subprocess, sys; subprocess.Popen([sys.executable, 'app-server']).wait()"
    with subprocess.Popen([sys.executable, "-c", starts], cwd=short_folder, start_new_session=True) as process:
        try:
            until(lambda: str(lock) in _opened_below(process.pid), "the daemon holds its lock")
            assert not agent("codex").conversation(
                Program(pid=process.pid, command="codex"), home=home_of(short_folder)
            )
        finally:
            os.killpg(process.pid, 9)


def _opened_below(pid: int) -> str:
    return "\n".join(open_paths(pid, leave_out=lambda _: False))


LIMITS = {"primary": {"used_percent": 100.0, "resets_at": 1_800_000_000}, "secondary": {"used_percent": 40.0}}


@pytest.mark.parametrize(
    ("limits", "words", "until"),
    [
        (LIMITS, "You've hit your usage limit.", 1_800_000_000),
        (LIMITS, "You've hit your usage limit. Try again in 60 seconds.", 1_796_000_060),
        ({"primary": {"used_percent": 99.0, "resets_at": 1_800_000_000}}, "You've hit your usage limit.", None),
        ({"primary": {"used_percent": 100.0, "resets_at": 1e300}}, "You've hit your usage limit.", None),
        (None, "You've hit your usage limit.", None),
    ],
)
def test_the_end_of_a_usage_limit_is_counted_where_no_words_tell_it(
    limits: object, words: str, until: int | None, tmp_path: Path
) -> None:
    at = datetime.fromtimestamp(1_796_000_000, UTC)
    error = {"message": words, "codex_error_info": "usage_limit_exceeded"}
    rows = (
        {"type": "session_meta", "payload": {"id": FIRST, "cwd": "/w", "source": "cli"}},
        {"type": "event_msg", "payload": {"type": "token_count", "info": None, "rate_limits": limits}},
        {"type": "event_msg", "payload": {"type": "task_complete", "error": error}},
    )
    file = tmp_path / f"rollout-{FIRST}.jsonl"
    file.write_text("".join(json.dumps({"timestamp": at.isoformat(), **row}) + "\n" for row in rows))

    reader = agent("codex").transcript(cwd="/w", claims=FileClaims(), path=file)
    assert reader is not None
    view = reader.read()
    reader.close()

    assert view is not None
    assert view.reading is not None
    assert view.reading.until == (datetime.fromtimestamp(until, UTC) if until else None)
