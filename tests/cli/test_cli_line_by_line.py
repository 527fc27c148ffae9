"""An agent that prints line by line, as a shell does: a key too many would answer what it asks next."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from support.cli import run_cli
from support.tmux_server import TmuxServer, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.process
AIDER = """
import select, sys, time

print("Aider v0.86.2", flush=True)
asked = input("diff> ")
time.sleep(2.5)  # longer than a key that was lost would be waited for
print("\\nls -l")
print("Run shell command? (Y)es/(N)o/(D)on't ask again [Yes]: ", end="", flush=True)
early, _, _ = select.select([sys.stdin], [], [], 0.5)
said = input()
print("EARLY" if early else "LATE", repr(said), flush=True)
input("diff> ")
"""


@pytest.fixture
def aider(short_folder: Path) -> Iterator[TmuxServer]:
    program = short_folder / "aider"
    program.write_text(AIDER)
    with TmuxServer(short_folder / "s") as server:
        server.session("here", sys.executable, str(program), size="100x30")
        until(lambda: "diff>" in screen(server), "it was ready")
        yield server


def screen(server: TmuxServer) -> str:
    return server.run("capture-pane", "-p", "-t", "here")


def test_a_message_is_submitted_once_and_a_choice_is_written_out(aider: TmuxServer) -> None:
    where = ("-S", str(aider.socket))

    run_cli(*where, "send", "here", "--", "list the files")
    until(lambda: "(Y)es" in screen(aider), "it asked")
    until(lambda: "attention" in run_cli(*where, "ls").out, "the question was seen")
    shown = run_cli(*where, "answer", "here", "--json").json()
    answered = run_cli(*where, "answer", "here", "2")

    assert answered.code == 0
    assert shown["choices"] == ["Yes", "No", "Don't"]
    assert shown["text"].splitlines() == ["ls -l", "Run shell command?"]
    until(lambda: "LATE 'No'" in screen(aider), "the answer arrived, and nothing before it")
