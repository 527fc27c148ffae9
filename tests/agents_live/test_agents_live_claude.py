"""Claude Code through its own states: panels beside it, its own pages, work behind a turn. Run with `-m agents`.

It prints how long each state took to be told. AGENTS_BIN says which version is tried.
"""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING, NamedTuple

import psutil
import pytest

from quarterdeck.agents.claude_background import ClaudeService
from quarterdeck.core.session import ASKING, Confidence, Need, SessionState
from quarterdeck.core.text import clean_lines
from quarterdeck.ports.agent_process import AgentHome
from quarterdeck.ports.agent_service import ConversationTarget, ServiceOutcome
from quarterdeck.ports.clock import wall_clock
from support.agent_lab import Lab, program_of, search_path
from support.patience import PATIENCE
from support.scripted_model import ScriptedModel
from support.tmux_server import TmuxServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from quarterdeck.core.detached_row import AgentConversation
    from quarterdeck.core.reading import Reading

pytestmark = [pytest.mark.agents, pytest.mark.timeout(600)]


class Step(NamedTuple):
    """What is done, and what Claude Code then does."""

    does: str
    """A prompt; with `<` before it, keys."""
    state: SessionState
    needs: Need | None = None
    question: str = ""
    choices: tuple[str, ...] = ()


IDLE, BUSY, ASKS, ERROR = SessionState.IDLE, SessionState.BUSY, SessionState.ATTENTION, SessionState.ERROR
FALSE_AFTER = 3.0
"""Seconds after a key for which a dialog may still stand there while it is taken."""
PROCEED = "Do you want to proceed?"
STEPS = (
    Step("< ", IDLE),
    Step("slow: 4", BUSY),
    Step("", IDLE, Need.FINISHED),
    Step("think: 4", BUSY),
    Step("", IDLE, Need.FINISHED),
    Step("edit: notes.txt", ASKS, Need.PERMISSION, "Do you want to create notes.txt?", ("Yes",)),
    Step("<1", IDLE, Need.FINISHED),
    Step("run: touch made.txt && sleep 3", ASKS, Need.PERMISSION, PROCEED, ("Yes",)),
    Step("<1", BUSY),
    Step("", IDLE, Need.FINISHED),
    Step("run: touch other.txt", ASKS, Need.PERMISSION, PROCEED, ("Yes",)),
    Step("<Escape", IDLE),
    Step("ask", ASKS, Need.QUESTION, "Which colour?", ("Red", "Blue")),
    Step("<2", IDLE, Need.FINISHED),
    Step("ask: many", ASKS, Need.QUESTION, "Which sizes?", ("Small", "Middle", "Large", "Huge")),
    Step("<Escape", IDLE),
    Step("ask: two", ASKS, Need.QUESTION, "Which colour?", ("Red", "Blue")),
    Step("<1", ASKS, Need.QUESTION, "Which sizes?", ("Small", "Middle")),
    Step("<3", ASKS, Need.QUESTION, "Review your answers", ("Submit answers", "Cancel")),
    Step("<1", IDLE, Need.FINISHED),
    Step("agent: slow: 6", BUSY),
    Step("", IDLE, Need.FINISHED),
    Step("behind: sleep 6", IDLE, Need.FINISHED),
    Step("/model", IDLE),
    Step("<Escape", IDLE),
    Step("/help", IDLE),
    Step("<Escape", IDLE),
    Step("/config", IDLE),
    Step("<Escape Escape", IDLE),
    Step("slow: 30", BUSY),
    Step("<Escape", IDLE),
    Step("badrequest", ERROR, Need.ERROR),
    Step("say: Do you want to proceed? 1. Yes 2. No", IDLE, Need.FINISHED),
    Step("/clear", IDLE),
)


class Watched:
    """One in its lab, and what was told of it between two steps."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.seconds: list[tuple[str, float]] = []
        self.asked_falsely: list[str] = []

    def take(self, step: Step) -> None:
        """Do it, and wait until the ladder says so for two looks."""
        if step.does.startswith("<"):
            self.lab.press(*step.does[1:].split())
        elif step.does:
            self.lab.run(step.does)
        began = time.monotonic()
        told = self.lab.look()
        deadline = began + PATIENCE
        since: float | None = None
        while since is None or time.monotonic() - since < 0.6:
            since = (since or time.monotonic()) if is_told(told, step) else None
            assert time.monotonic() < deadline, (step, self.lab.seen[-5:], self.lab.capture())
            if told.needs in ASKING and step.needs not in ASKING and time.monotonic() - began > FALSE_AFTER:
                self.asked_falsely.append(f"{step.does}: {told}")
            time.sleep(0.05)
            told = self.lab.look()
        self.seconds.append((step.does or "(then)", since - began))
        if step.question:
            told = self.lab.look(without=("hook",))  # a hook tells what is asked in words of its own
            assert step.question in told.question, told
            assert "Tip:" not in told.question
            assert "│" not in told.question
            assert told.choices[: len(step.choices)] == step.choices, told


def is_told(told: Reading, step: Step) -> bool:
    """Whether a reading says, and surely, what the step brings about; a rest needs nothing but where it says so."""
    sure = told.confidence is not Confidence.LOW
    right = told.needs is step.needs if step.needs in ASKING or step.needs is Need.ERROR else told.needs not in ASKING
    return sure and told.state is step.state and right and (not step.choices or bool(told.choices))


@pytest.fixture(params=["80x24", "200x50"])
def size(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[True, False], ids=["hooks", "no hooks"])
def watched(request: pytest.FixtureRequest, size: str, short_folder: Path) -> Iterator[Watched]:
    if program_of("claude") is None:
        pytest.skip("Claude Code is not installed: put it on PATH, or name its folder in AGENTS_BIN")
    with ScriptedModel() as model, TmuxServer(short_folder / "s") as tmux:
        lab = Lab("claude", short_folder, tmux, model.url, size=size, hooks=bool(request.param))
        lab.start()
        yield Watched(lab)


def test_claude_is_followed_through_its_own_states(watched: Watched) -> None:
    for step in STEPS:
        watched.take(step)

    waits = sorted(seconds for _, seconds in watched.seconds)
    print(f"\n{len(waits)} states; s: median {waits[len(waits) // 2]:.2f}, most {waits[-1]:.2f}")
    print(*(f"  {seconds:5.2f} {does}" for does, seconds in watched.seconds), sep="\n")
    assert not watched.asked_falsely, watched.asked_falsely


def test_one_in_the_background_is_told_of_shown_answered_and_stopped(
    short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if program_of("claude") is None:
        pytest.skip("Claude Code is not installed: put it on PATH, or name its folder in AGENTS_BIN")
    monkeypatch.setenv("PATH", search_path())
    service = ClaudeService()
    with ScriptedModel() as model, TmuxServer(short_folder / "s") as tmux:
        lab = Lab("claude", short_folder, tmux, model.url, hooks=False)
        env, home = lab.prepare(), AgentHome(lab.home)
        words = ["claude", "--bg", "--permission-mode", "default", "run: touch behind.txt"]
        subprocess.run(words, env=env, cwd=lab.work, check=True, timeout=60, capture_output=True)

        def told() -> AgentConversation | None:
            return next(iter(service.conversations(home, at=wall_clock())), None)

        def needs(wanted: Need) -> bool:
            seen = told()
            return seen is not None and seen.reading.needs is wanted

        try:
            lab.until(lambda: needs(Need.PERMISSION), "it asks")
            asks = told()
            assert asks is not None
            assert "touch behind.txt" in asks.reading.question
            target = ConversationTarget(conversation=asks.conversation, home=home, cwd=str(lab.work))
            tmux.session(
                "lab", "env", "-i", *(f"{name}={value}" for name, value in env.items()), *service.attach(target)
            )
            lab.until(lambda: "Do you want to proceed?" in clean_lines(lab.capture()), "it is shown")
            assert lab.look().conversation == asks.conversation
            lab.press("1")
            lab.until(lambda: needs(Need.FINISHED), "it is done")
            assert (lab.work / "behind.txt").exists()
        finally:
            for each in service.conversations(home, at=wall_clock()):
                stopped = service.stop(ConversationTarget(conversation=each.conversation, home=home))
                assert stopped.outcome is ServiceOutcome.DONE, stopped
            lab.until(lambda: told() is None, "it is stopped")
            daemon = psutil.Process(json.loads((lab.home / ".claude" / "daemon.lock").read_text())["pid"])
            # It first, since it keeps the others there.
            for process in [daemon, *daemon.children(recursive=True)]:
                process.kill()
