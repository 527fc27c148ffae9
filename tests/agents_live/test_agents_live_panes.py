"""Four real agents in one tmux session, two of them in one window and all in one folder. Run with `-m agents`.

Each row tells of its own pane alone, in whatever states the four are at once, and what is sent or answered arrives
where it was meant to and nowhere else.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from support.agent_lab import Lab, program_of
from support.patience import PATIENCE
from support.scripted_model import ScriptedModel
from support.tmux_server import TmuxServer, until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

pytestmark = [pytest.mark.agents, pytest.mark.timeout(900), pytest.mark.xdist_group("agents")]

Row = dict[str, Any]
AGENTS = ("claude", "claude", "codex", "gemini")
OPENINGS = (
    ("new-session", "-d", "-s", "four", "-x", "200", "-y", "40"),
    ("split-window", "-d", "-h", "-t", "four:0"),
    ("new-window", "-d", "-t", "four:1"),
    ("new-window", "-d", "-t", "four:2"),
)
FILES = ("home/.claude/projects/*/*.jsonl", "home/.codex/sessions/*/*/*/*.jsonl", "home/.gemini/tmp/*/chats/*.jsonl")


class Told(NamedTuple):
    """What an agent is told, and what its row says then."""

    order: str
    state: str
    needs: str | None


BUSY, PERMISSION = Told("slow: 25", "busy", None), Told("run: touch {tag}.txt", "attention", "permission")
QUESTION, FINISHED = Told("ask", "attention", "question"), Told("say: {tag} it is", "idle", "finished")
ERROR = Told("badrequest", "error", "error")
ROUNDS = (
    (BUSY, PERMISSION, QUESTION, FINISHED),
    (PERMISSION, QUESTION, FINISHED, BUSY),
    (QUESTION, FINISHED, BUSY, PERMISSION),
    (ERROR, BUSY, PERMISSION, QUESTION),
)


class Four:
    """The four agents, and our program as its user runs it."""

    def __init__(self, root: Path, server: TmuxServer, url: str, *, hooks: bool) -> None:
        self.root, self.server, self.url, self.hooks = root, server, url, hooks
        self.panes = [self.start(key, *opening) for key, opening in zip(AGENTS, OPENINGS, strict=True)]

    def start(self, key: str, *opening: str) -> str:
        """One agent more, in the same folder; answers its pane."""
        return Lab(key, self.root, self.server, self.url, hooks=self.hooks).start_in(*opening)

    def run(self, *words: str) -> str:
        """One of our commands; answers what it printed."""
        done = subprocess.run(self.command(*words), check=False, capture_output=True, text=True, timeout=PATIENCE)
        screens = "" if done.returncode == 0 else "\n".join(map(self.screen, self.panes))
        assert done.returncode == 0, f"{words}: {done.stderr}\n{screens}"
        return done.stdout

    def command(self, *words: str) -> tuple[str, ...]:
        """The same as the words of a process."""
        return sys.executable, "-m", "quarterdeck", "-S", self.server.socket, "--home", str(self.root), *words

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Have somebody keep the rows, of which there is one for every agent, and deliver what is held."""
        with subprocess.Popen(self.command("watch"), stdout=subprocess.DEVNULL) as watch:
            try:
                rows = len(self.panes) + 1
                until(lambda: len(json.loads(self.run("ls", "--json"))) == rows, f"there are {rows} rows")
                yield
            finally:
                watch.terminate()

    def rows(self) -> list[Row]:
        """The rows of the four, in the order of their panes."""
        told = {row["pane_id"]: row for row in json.loads(self.run("ls", "--json"))}
        return [told[pane] for pane in self.panes]

    def until_shown(self, wanted: Sequence[tuple[str, str | None]]) -> list[Row]:
        """Wait until all rows say so at once, twice in a row."""
        deadline, before = time.monotonic() + 2 * PATIENCE, False
        while True:
            rows = self.rows()
            seen = [(row["state"], row["needs"]) for row in rows]
            if seen == list(wanted) and before:
                return rows
            before = seen == list(wanted)
            assert time.monotonic() < deadline, f"{seen} and not {wanted}"

    def has(self, row: Row, words: str) -> bool:
        """Whether the conversation of a row is the one with these words, which stand in no other."""
        files = [file for pattern in FILES for file in self.root.glob(pattern) if words in file.read_text()]
        assert len(files) == 1, f"{words} is in {files}"
        # Files are named after the conversation, or after the beginning of it.
        return files[0].stem.endswith((row["conversation"], row["conversation"][:8]))

    def screen(self, pane: str) -> str:
        """What a pane shows, without its line breaks."""
        return "".join(self.server.run("capture-pane", "-p", "-t", pane).split("\n"))


@contextmanager
def four_agents(root: Path, *, hooks: bool) -> Iterator[Four]:
    """All four, at rest."""
    for key in set(AGENTS):
        if program_of(key) is None:
            pytest.skip(f"{key} is not installed: put it on PATH, or name its folder in AGENTS_BIN")
    with TmuxServer(root / "s") as server, ScriptedModel() as model:
        server.run("new-session", "-d", "-s", "first", "--", "sleep", "3600")
        server.run("set-option", "-g", "default-terminal", "tmux-256color")
        four = Four(root, server, model.url, hooks=hooks)
        yield four


@pytest.mark.parametrize("hooks", [True, False])
def test_each_of_four_in_one_session_tells_of_itself_and_is_reached_alone(hooks: bool, short_folder: Path) -> None:
    with four_agents(short_folder, hooks=hooks) as four, four.watched():
        ids = [row["session_id"] for row in four.rows()]
        assert len(set(ids)) == 4
        tags: list[list[str]] = [[], [], [], []]
        for number, told in enumerate(ROUNDS):
            now = [f"r{number}p{at}" for at in range(4)]
            for at, (tag, each) in enumerate(zip(now, told, strict=True)):
                # A row is meant by its id and by its pane alike.
                target = (ids[at], four.panes[at])[number % 2]
                four.run("send", target, f"{tag} go\n{each.order.format(tag=tag)}")
                tags[at].append(tag)

            rows = four.until_shown([(each.state, each.needs) for each in told])

            assert [row["session_id"] for row in rows] == ids
            assert [four.has(row, f"{tag} go") for row, tag in zip(rows, now, strict=True)] == [True] * 4
            for row, tag, each in zip(rows, now, told, strict=True):
                said = json.dumps([row["asks"], row["thought"]])
                foreign = [
                    other for other in itertools.chain(*tags) if other in said and other not in tags[now.index(tag)]
                ]
                assert not foreign, f"the row of {tag} tells of {foreign}: {said}"
                if each is PERMISSION:
                    assert f"touch {tag}.txt" in row["asks"]["text"]
                if each is QUESTION:
                    assert "Which colour?" in row["asks"]["text"]
                if each is FINISHED:
                    assert f"{tag} it is" in row["thought"]
            held = {at: f"r{number}h{at}" for at, each in enumerate(told) if each in {PERMISSION, QUESTION}}
            for at, tag in held.items():
                assert "queued" in four.run("send", four.panes[at], f"say: {tag} was held")
            for at in held:
                four.run("answer", (four.panes[at], ids[at])[number % 2], "1")
            rests = [("error" if each is ERROR else "idle", "error" if each is ERROR else "finished") for each in told]
            four.until_shown(rests)
            for at, tag in held.items():
                until(lambda tag=tag, at=at: tag in four.screen(four.panes[at]), f"{tag} is delivered")  # type: ignore[misc]
                tags[at].append(tag)
            four.until_shown(rests)
        for at, pane in enumerate(four.panes):
            foreign = [tag for tag in itertools.chain(*tags) if tag not in tags[at] and tag in four.screen(pane)]
            assert not foreign, f"{foreign} came to {pane}"


@pytest.mark.parametrize("hooks", [True, False])
def test_two_of_a_kind_in_one_folder_keep_their_conversations_when_the_console_opens_again(
    hooks: bool, short_folder: Path
) -> None:
    with four_agents(short_folder, hooks=hooks) as four:
        four.panes += [
            four.start("codex", "split-window", "-d", "-h", "-t", "four:1"),
            four.start("gemini", "split-window", "-d", "-h", "-t", "four:2"),
        ]
        with four.watched():
            fresh = four.rows()
            for at in (5, 3, 4, 2, 1, 0):
                four.run("send", four.panes[at], f"m{at} go\nsay: m{at} it is")
            spoken = four.until_shown([("idle", "finished")] * 6)
        with four.watched():
            again = four.until_shown([("idle", "finished")] * 6)
        # A Gemini that starts removes the empty chat of the one before, whose id then stands in no file of its own.
        unknown = [] if hooks else [None]
        right = [
            [f"m{at} it is" in row["thought"] and (row["conversation"] in unknown or four.has(row, f"m{at} go"))]
            for rows in (spoken, again)
            for at, row in enumerate(rows)
        ]

    assert fresh[4]["conversation"] is None
    assert right == [[True]] * 12
