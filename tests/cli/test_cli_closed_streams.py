"""Every verb does what it can when a standard stream is closed, and says what it cannot."""

from __future__ import annotations

import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from quarterdeck.cli.verbs import VERBS
from support.cli import cli_env
from support.patience import PATIENCE
from support.pty_program import PtyProgram
from support.tmux_server import TmuxServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from quarterdeck.cli.table import Verb

CODES = {0, 1, 2, 3, 4, 5, 78}
ENDLESS = {"watch", "serve"}


def calls(verbs: tuple[Verb, ...], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """What the example of each verb calls it with."""
    for verb in verbs:
        yield from calls(verb.verbs, (*path, verb.name))
        if verb.runs and verb.name not in ENDLESS:
            words = shlex.split(verb.example.replace("$(", " ").replace(")", " "), comments=True)
            own = words[words.index("quarterdeck") + 1 :] if "quarterdeck" in words else [*path, verb.name]
            yield tuple(word for word in own if word not in {">", "state.json", "config.schema.json"})


EVERY = sorted({(), ("--version",), ("import", "-"), ("send", "alpha", "-"), ("kill", "alpha"), *calls(VERBS)})
WRITE = [
    (),
    ("--version",),
    ("-h",),
    ("ls",),
    ("config", "show"),
    ("doctor",),
    ("events",),
    ("status-line",),
    ("no-verb",),
]


@pytest.fixture
def socket(tmux_socket: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("EDITOR", "true")
    return str(tmux_socket)


def run(redirection: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, "-m", "quarterdeck", *words],
        env=cli_env(),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


@pytest.mark.parametrize(
    ("words", "redirection"),
    [*((words, "<&-") for words in EVERY), *((words, ">&- 2>&-") for words in WRITE), ((), "<&- >&- 2>&-")],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else each,
)
def test_a_verb_without_a_stream_ends_with_a_sentence_and_a_code(
    words: tuple[str, ...], redirection: str, socket: str, private_home: Path
) -> None:
    at = () if words == ("--version",) else ("-S", socket)

    done = run(redirection, *at, *words)

    assert done.returncode in CODES
    assert "Traceback" not in done.stderr
    assert "should not have happened" not in done.stderr
    log = private_home / "quarterdeck.log"
    assert not log.exists() or "failed unexpectedly" not in log.read_text()
    if done.returncode and "2>" not in redirection:
        assert done.stderr.startswith(("quarterdeck: ", "{", "usage: "))


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ((), 2, "The console needs a terminal."),
        (("config", "edit"), 0, ""),
        (("import", "-"), 2, "This is not JSON"),
        (("hooks", "install", "claude"), 5, "there is nobody to ask"),
        (("thoughts", "ingest"), 0, ""),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else None,
)
def test_a_closed_standard_input_is_an_empty_one(words: tuple[str, ...], code: int, says: str, socket: str) -> None:
    done = run("<&-", "-S", socket, *words)

    assert (done.returncode, says in done.stderr) == (code, True), done.stderr


def test_no_editor_is_opened_without_a_terminal(socket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDITOR")
    monkeypatch.delenv("VISUAL", raising=False)

    done = run("<&-", "-S", socket, "config", "edit")

    assert done.returncode == 1
    assert "There is no terminal to edit in." in done.stderr


def test_no_file_of_ours_takes_the_number_of_a_closed_stream(socket: str, private_home: Path) -> None:
    with TmuxServer(socket) as server:
        server.session("alpha")

        assert run("<&- >&- 2>&-", "-S", socket, "-v", "ls").returncode == 0

    assert (private_home / "state.db").read_bytes().startswith(b"SQLite format 3\0")
    assert run("", "-S", socket, "ls", "--all").stderr == ""


@pytest.mark.parametrize("elsewhere", ["2>&-", "2>/dev/null"])
def test_the_console_is_painted_though_errors_go_elsewhere(elsewhere: str, tmux_socket: Path) -> None:
    with TmuxServer(tmux_socket) as server:
        server.session("alpha")
        with PtyProgram("-S", server.socket, redirection=elsewhere) as program:
            program.shows("alpha")
            program.end("q")
            assert program.process.returncode == 0
            assert program.left_on() == []
