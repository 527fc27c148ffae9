"""Which tmux is run: the one that TMUX_BIN names, by everything and from everywhere."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from quarterdeck.programs import TMUX_VARIABLE, find_tmux
from support.cli import ROOT, run_cli
from support.tmux_server import TmuxServer, until
from support.tmux_terminal import Terminals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server(short_folder: Path) -> Iterator[TmuxServer]:
    with TmuxServer(short_folder / "s") as server:
        server.session("work", "sh")
        server.run("unbind-key", "g")
        yield server


class Trap:
    """A tmux that is first on PATH and must not be run."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._ran = folder / "ran"
        program = folder / "tmux"
        program.write_text(f'#!/bin/sh\necho "$@" >> {self._ran}\nexit 1\n')
        program.chmod(0o700)
        self.path = f"{folder}:{os.environ['PATH']}"
        self.env = {"PATH": self.path, TMUX_VARIABLE: str(find_tmux())}

    def ran(self) -> str:
        return self._ran.read_text() if self._ran.exists() else ""


@pytest.fixture
def trap(short_folder: Path) -> Trap:
    return Trap(short_folder / "trap")


def test_no_command_runs_another_tmux(server: TmuxServer, trap: Trap) -> None:
    for words in (
        ("ls",),
        ("new", "made"),
        ("show", "made"),
        ("send", "made", "--", "echo hello"),
        ("bind", "g"),
        ("bind", "--remove"),
        ("doctor",),
        ("kill", "made"),
    ):
        done = run_cli("-S", server.socket, *words, env=trap.env)
        assert (done.code, trap.ran()) == (0, ""), (words, done.err)

    run_cli("-S", server.socket, "ls", env=trap.env | {TMUX_VARIABLE: ""})
    assert "list-panes" in trap.ran()


def test_attach_becomes_the_chosen_tmux(server: TmuxServer, trap: Trap, short_folder: Path) -> None:
    variables = [f"{name}={value}" for name, value in (trap.env | {"PYTHONPATH": str(ROOT / "app")}).items()]
    program = [sys.executable, "-m", "quarterdeck", "-S", server.socket, "attach", "work"]
    with Terminals(short_folder / "o", server) as terminals:
        terminals.outer.session("outside", "env", "-u", "TMUX", "-u", "TMUX_PANE", *variables, *program)
        until(lambda: len(terminals.names()) == 1, "the terminal was attached")

    assert trap.ran() == ""


def test_the_key_opens_a_console_with_the_tmux_that_was_chosen_when_it_was_bound(
    server: TmuxServer, trap: Trap, short_folder: Path
) -> None:
    for name, value in (("PYTHONPATH", str(ROOT / "app")), ("PATH", trap.path), (TMUX_VARIABLE, "/no/such/tmux")):
        server.run("set-environment", "-g", name, value)
    with Terminals(short_folder / "o", server) as terminals:
        client, terminal = terminals.attach("=work:")
        assert run_cli("-S", server.socket, "bind", "g", env=trap.env).code == 0

        terminals.type(terminal, "C-b", "g")
        until(lambda: " work " in terminals.screen(terminal), "the console showed the session")
        assert server.ask(terminals.shows(client), "#{session_name}") == "quarterdeck"

    assert trap.ran() == ""


def test_a_chosen_tmux_that_is_not_there_is_named(server: TmuxServer) -> None:
    done = run_cli("-S", server.socket, "ls", env={TMUX_VARIABLE: "/no/such/tmux"})

    assert done.code == 4
    assert "/no/such/tmux" in done.err
    assert run_cli("doctor", env={TMUX_VARIABLE: "/no/such/tmux"}).code == 1
