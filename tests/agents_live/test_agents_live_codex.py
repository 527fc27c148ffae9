"""Real Codex under its daemon: what each terminal shows, and what none shows. Run with `-m agents`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from support.agent_lab import Lab, program_of
from support.patience import PATIENCE
from support.scripted_model import ScriptedModel
from support.tmux_server import TmuxServer, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.agents, pytest.mark.timeout(900), pytest.mark.xdist_group("agents")]

Row = dict[str, Any]
PICKERS = ("/status", "/permissions", "/model", "/skills")
SAMPLED_FOR = 2.5
ASKED, WORKS, DONE = ("attention", "permission"), ("busy", None), ("idle", "finished")


class Terminals:
    """Codex in several panes, in one folder and under one daemon, and our program as its user runs it."""

    def __init__(self, root: Path, server: TmuxServer, url: str) -> None:
        self.root, self.server, self.url = root, server, url
        self.hooks = False
        self.panes: list[str] = []
        self.seen: dict[str, float] = {}
        """How long each thing took to be shown."""

    def start(self) -> str:
        """One more; answers its pane."""
        lab = Lab("codex", self.root, self.server, self.url, hooks=self.hooks, command="codex")
        opening = ("split-window", "-d", "-h", "-t", "first:0") if self.panes else ("new-window", "-t", "first:")
        self.panes.append(lab.start_in(*opening))
        if self.hooks and len(self.panes) == 1:
            # New hooks do not run before they have been looked at: all are trusted.
            until(lambda: "review" in self.screen(self.panes[-1]), "it asks about the hooks")
            self.trusts()
        # The input line is drawn before the daemon is there.
        until(lambda: "mock-model" in self.screen(self.panes[-1]), "its conversation has begun")
        return self.panes[-1]

    def trusts(self) -> None:
        """Trust all hooks, in the words of the dialog."""
        lines = self.screen(self.panes[-1]).splitlines()
        number = next(line.split(".")[0].strip(" ›") for line in lines if "rust all" in line)
        self.server.run("send-keys", "-t", self.panes[-1], number)
        time.sleep(0.5)
        if "rust all" in self.screen(self.panes[-1]):
            self.server.run("send-keys", "-t", self.panes[-1], "Enter")

    @property
    def has_daemon(self) -> bool:
        """Whether this Codex has one."""
        return (self.root / "home/.codex/app-server-control/app-server-control.sock").exists()

    def end(self) -> None:
        """End the daemon, which outlives its terminals."""
        for file in (self.root / "home/.codex/app-server-daemon").glob("*.pid"):
            with suppress(OSError, ValueError):
                os.kill(json.loads(file.read_text())["pid"], signal.SIGKILL)

    def command(self, *words: str) -> tuple[str, ...]:
        """One of our commands."""
        return sys.executable, "-m", "quarterdeck", "-S", self.server.socket, "--home", str(self.root), *words

    def environment(self) -> dict[str, str]:
        """Ours, with Codex's folder."""
        return {**os.environ, "CODEX_HOME": str(self.root / "home/.codex")}

    def run(self, *words: str) -> str:
        """Run it; answers what it printed."""
        done = subprocess.run(
            self.command(*words), check=False, capture_output=True, text=True, timeout=PATIENCE, env=self.environment()
        )
        assert done.returncode == 0, f"{words}: {done.stderr}\n" + "\n".join(map(self.screen, self.panes))
        return done.stdout

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Have somebody keep the rows."""
        with subprocess.Popen(self.command("watch"), stdout=subprocess.DEVNULL, env=self.environment()) as watch:
            try:
                yield
            finally:
                watch.terminate()

    def rows(self) -> list[Row]:
        """All rows."""
        found: list[Row] = json.loads(self.run("ls", "--json"))
        return found

    def row(self, pane: str) -> Row:
        """The row of a pane."""
        return next((row for row in self.rows() if row["pane_id"] == pane), {"state": None, "needs": None})

    def detached(self) -> list[Row]:
        """Those that no pane shows."""
        return [row for row in self.rows() if row.get("kind") == "detached"]

    def until_shows(self, pane: str, state: tuple[str, str | None], what: str) -> Row:
        """Wait until a row says so."""
        began, found = time.monotonic(), Row()

        def is_shown() -> bool:
            nonlocal found
            found = self.row(pane)
            return (found["state"], found["needs"]) == state

        until(is_shown, f"{what} is {state}: {found}")
        self.seen[what] = time.monotonic() - began
        return found

    def say(self, pane: str, words: str) -> None:
        """Type into a pane as a human does."""
        self.server.run("send-keys", "-t", pane, "-l", words)
        time.sleep(0.7)
        self.server.run("send-keys", "-t", pane, "Enter")

    def kill_terminal(self, pane: str) -> None:
        """Kill what runs in a pane, but for the daemon, which may be a child of the first terminal."""
        for process in psutil.Process(int(self.server.ask(pane, "#{pane_pid}"))).children(recursive=True):
            if "app-server" not in process.cmdline():
                process.kill()

    def screen(self, pane: str) -> str:
        """What a pane shows."""
        return self.server.run("capture-pane", "-p", "-t", pane, check=False)

    def items(self) -> list[Row]:
        """All that Codex has written down of its conversations."""
        files = self.root.glob("home/.codex/sessions/*/*/*/*.jsonl")
        rows = [json.loads(line) for file in files for line in file.read_text().splitlines()]
        return [row["payload"] for row in rows if row["type"] == "response_item"]

    def prompts(self) -> list[str]:
        """All that reached Codex as an operator's words."""
        users = [item for item in self.items() if item.get("role") == "user"]
        return [part["text"] for item in users for part in item["content"] if not part["text"].startswith("<")]

    def outputs(self) -> str:
        """All that its tools answered, of which the operator is one."""
        return json.dumps([item for item in self.items() if item["type"] == "function_call_output"])


@pytest.fixture
def codex(short_folder: Path) -> Iterator[Terminals]:
    if program_of("codex") is None:
        pytest.skip("codex is not installed: put it on PATH, or name its folder in AGENTS_BIN")
    with TmuxServer(short_folder / "s") as server, ScriptedModel() as model:
        server.run("new-session", "-d", "-s", "first", "-x", "200", "-y", "40", "--", "sleep", "3600")
        server.run("set-option", "-g", "default-terminal", "tmux-256color")
        terminals = Terminals(short_folder, server, model.url)
        try:
            yield terminals
        finally:
            terminals.end()


@pytest.mark.parametrize("hooks", [False, True])
def test_three_terminals_in_one_folder_never_swap_and_a_new_conversation_begins_with_nothing(
    hooks: bool, codex: Terminals
) -> None:
    codex.hooks = hooks
    one, two, three = codex.start(), codex.start(), codex.start()
    if not codex.has_daemon:
        pytest.skip("this Codex has no daemon")
    with codex.watched():
        codex.until_shows(one, ("idle", None), "the first rests")
        codex.until_shows(two, ("idle", None), "the second rests")
        codex.until_shows(three, ("idle", None), "the third rests")
        first, second, third = (codex.row(pane)["conversation"] for pane in (one, two, three))
        assert len({first, second, third} - {None}) == 3

        assert "delivered" in codex.run("send", two, "number two\nsay: TWO it is")
        codex.until_shows(two, DONE, "the second is done")
        assert "delivered" in codex.run("send", one, "number one\nrun: touch one.txt")
        asking = codex.until_shows(one, ASKED, "the first asks")
        assert "touch one.txt" in asking["asks"]["text"]
        assert (codex.row(two)["state"], codex.row(two)["needs"]) == DONE
        assert "TWO" in codex.row(two)["thought"]
        codex.run("send", three, "number three\nask")
        questioned = codex.until_shows(three, ("attention", "question"), "the third asks")
        assert questioned["asks"]["choices"][:2] == ["Red", "Blue"]
        assert [(codex.row(pane)["state"], codex.row(pane)["needs"]) for pane in (one, two)] == [ASKED, DONE]
        codex.run("answer", three, "Blue")
        codex.until_shows(three, DONE, "the third is done")
        assert "Blue" in codex.outputs()
        assert codex.row(one)["needs"] == "permission"
        codex.run("answer", one, "1")
        done = codex.until_shows(one, DONE, "the first is done")
        assert (codex.root / "home/work/demo/one.txt").exists()
        assert done["token_count"] > 0
        assert [codex.row(pane)["conversation"] for pane in (one, two, three)] == [first, second, third]

        for picker in PICKERS:
            codex.say(one, picker)
            until_over = time.monotonic() + SAMPLED_FOR
            while time.monotonic() < until_over:
                row = codex.row(one)
                assert (row["state"], row["needs"]) in {("idle", None), DONE}, f"{picker}: {row['state_evidence']}"
            codex.server.run("send-keys", "-t", one, "Escape")
            time.sleep(0.3)

        codex.say(one, "/new")
        time.sleep(1)
        codex.server.run("send-keys", "-t", one, "Enter")
        until(lambda: codex.row(one)["conversation"] not in {first, second, third}, "the new one is known")
        fresh = codex.row(one)
        assert (fresh["state"], fresh["needs"], fresh["token_count"]) == ("idle", None, 0)
        until(lambda: not codex.row(one)["thought"], "the old thought is gone")
        assert codex.row(two)["conversation"] == second
    print(codex.seen)


def test_words_arrive_as_they_were_written_and_each_once(codex: Terminals) -> None:
    one = codex.start()
    print("with" if codex.has_daemon else "without", "a daemon")
    words = [
        "! bang first",
        "/slashless words",
        "# a heading",
        "look at @README.md",
        "it costs $ski",
        "two\nlines /new",
    ]
    with codex.watched():
        codex.until_shows(one, ("idle", None), "it rests")
        for each in words:
            assert "delivered" in codex.run("send", one, each)
            until(lambda: codex.row(one)["state"] == "idle", "it rests again")
        codex.run("send", one, "long\nthink: 5")
        codex.until_shows(one, WORKS, "it works")
        assert "queued" in codex.run("send", one, "and after that @README.md")
        until(lambda: "and after that @README.md" in [each.strip() for each in codex.prompts()], "it is taken in turn")
    assert [each.strip() for each in codex.prompts()] == [*words, "long\nthink: 5", "and after that @README.md"]


def test_what_goes_on_without_its_terminal_is_a_row_that_can_be_answered_and_stopped(codex: Terminals) -> None:
    one = codex.start()
    if not codex.has_daemon:
        pytest.skip("this Codex has no daemon")
    with codex.watched():
        codex.until_shows(one, ("idle", None), "it rests")
        codex.run("send", one, "go\nrun: touch later.txt")
        codex.until_shows(one, ASKED, "it asks")
        assert codex.detached() == []
        codex.kill_terminal(one)
        until(lambda: [row["needs"] for row in codex.detached()] == ["permission"], "it asks without a pane")
        (row,) = codex.detached()
        assert "touch later.txt" in row["asks"]["text"]
        assert codex.row(one)["needs"] not in {"permission", "question"}

        codex.run("answer", row["session_id"], "1")
        until(lambda: (codex.root / "home/work/demo/later.txt").exists(), "the command ran")
        codex.run("send", row["session_id"], "more\nthink: 60")
        until(lambda: [row["state"] for row in codex.detached()] == ["busy"], "it works without a pane")
        codex.run("kill", row["session_id"])
        until(lambda: codex.detached() == [], "it is stopped")
