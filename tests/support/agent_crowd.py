"""Many agents at once, at rest or at work: cheap programs with the names, titles and screens of recorded ones."""

from __future__ import annotations

import itertools
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from support.recordings import AGENTS, recordings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from support.recordings import Recording
    from support.tmux_server import TmuxServer

SIZE = "80x24"
AT_REST = ("finished", "idle", "interrupted")
AT_WORK = ("working",)
AT_ONCE = 50
"""Sessions that one command to tmux starts."""

RESTS = """\
printf '\\033]0;%s\\007' "$1"
cat "$2"
while read -r _; do :; done
"""
WORKS = """\
import itertools, re, sys, time
title, screen = sys.argv[1], open(sys.argv[2]).read().rstrip("\\n").replace("\\n", "\\r\\n")
# Some turn a sign in their title about once a second; all draw their seconds anew.
for tick in itertools.count():
    turned = re.sub("^[\\u2800-\\u28ff]", "\\u2802\\u2810"[tick // 5 % 2], title)
    drawn = re.sub(r"\\b\\d+s\\b", f"{tick // 5}s", screen, count=1)
    sys.stdout.write(f"\\x1b]0;{turned}\\x07\\x1b[H\\x1b[2J{drawn}")
    sys.stdout.flush()
    time.sleep(0.2)
"""
NAMES = {"gemini": "node"}
"""What an agent's program is called in the list of processes, where not by the agent's own name."""


def recorded(states: Iterable[str], *agents: str) -> list[Recording]:
    """The recordings of agents in these true states; of all agents when none is named."""
    wanted, keys = set(states), agents or AGENTS
    return [each for each in recordings(SIZE) if each.truth in wanted and each.agent_key in keys]


def start(server: TmuxServer, folder: Path, names: Iterable[str], shown: Iterable[Recording]) -> None:
    """A session for each name; they show the recordings in turn, again and again."""
    width, height = SIZE.split("x")
    pairs = zip(names, itertools.cycle(shown), strict=False)
    while some := list(itertools.islice(pairs, AT_ONCE)):
        words: list[str] = []
        for name, recording in some:
            words += [
                "new-session",
                "-d",
                "-s",
                name,
                "-x",
                width,
                "-y",
                height,
                "--",
                *command(folder, recording),
                ";",
            ]
        server.run(*words[:-1])


def command(folder: Path, recording: Recording) -> tuple[str, ...]:
    """What runs in a pane that shows a recording."""
    return *_program(folder, recording), recording.title, str(recording.folder / "screen.ansi")


def _program(folder: Path, recording: Recording) -> tuple[str, ...]:
    """A program that goes by the agent's name, and what it runs."""
    works = recording.truth in AT_WORK
    folder = folder / ("works" if works else "rests")
    program = folder / "bin" / NAMES.get(recording.agent_key, recording.agent_key)
    script = folder / recording.agent_key
    if not script.exists():
        program.parent.mkdir(parents=True, exist_ok=True)
        program.symlink_to(Path(sys.executable if works else str(shutil.which("sh"))).resolve())
        script.write_text(WORKS if works else RESTS)
    return (str(program), *(("-IS",) if works else ()), str(script))
