"""The real programs, offline, followed through their states. Run with `pytest -m agents`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.session import Confidence, Need, SessionState
from quarterdeck.operations.question import GRACE
from quarterdeck.ports.agent_spec import Press
from support.agent_lab import Lab, program_of
from support.recordings import AGENTS, agent
from support.scripted_model import ScriptedModel
from support.tmux_server import TmuxServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from quarterdeck.core.reading import Reading

pytestmark = [pytest.mark.agents, pytest.mark.timeout(400)]
SIZES = ("80x24", "200x50")
WITHOUT_HOOKS = ("copilot", "pi", "cline")
STOPPED_BY_TWO = {"opencode", "kilo", "copilot"}
"""Escape has to be pressed twice."""


@pytest.fixture(params=[*AGENTS, "kilo", "qwen", *WITHOUT_HOOKS])
def key(request: pytest.FixtureRequest) -> str:
    found = str(request.param)
    if program_of(found) is None:
        pytest.skip(f"{agent(found).spec.name} is not installed (neither on PATH nor in AGENTS_BIN)")
    return found


@pytest.fixture(params=["hooks", "no hooks"])
def lab(key: str, request: pytest.FixtureRequest, short_folder: Path) -> Iterator[Lab]:
    hooks = request.param == "hooks"
    if hooks and key in WITHOUT_HOOKS:
        pytest.skip("it has none of ours")
    with ScriptedModel() as model, TmuxServer(short_folder / "s") as tmux:
        made = Lab(key, short_folder, tmux, model.url, size=SIZES[hooks], hooks=hooks)
        try:
            made.start()
            yield made
        finally:
            tmux.close()
            made.end_left()


def shows(lab: Lab, state: SessionState, needs: Need | None = None) -> bool:
    reading = lab.look()
    sure = reading.confidence is not Confidence.LOW
    return sure and reading.state is state and (needs is None or reading.needs is needs)


def follow(lab: Lab, what: str, state: SessionState, needs: Need | None = None) -> Reading:
    """Wait until the ladder shows a state, and see that it stays so for two more looks."""
    lab.until(lambda: shows(lab, state, needs), what)
    lab.settle(0.5)
    reading = lab.look()
    assert reading.state is state, (what, lab.seen[-5:])
    return reading


def is_stopped(lab: Lab) -> bool:
    """Press Escape once more; answers whether it has stopped."""
    lab.settle(0.3)
    lab.press("Escape")
    return lab.look().state is SessionState.IDLE


def answer(lab: Lab, press: Press) -> None:
    lab.settle(GRACE)
    if press in {Press.NUMBER, Press.NUMBER_ENTER}:
        lab.press("1")
    if press is not Press.NUMBER:
        lab.press("Enter")


def test_an_agent_is_followed_through_all_its_states(lab: Lab) -> None:
    spec = agent(lab.key).spec
    assert spec.permission_dialog is not None
    assert spec.question_dialog is not None
    follow(lab, "idle", SessionState.IDLE)

    lab.run("slow: 5")
    follow(lab, "streaming", SessionState.BUSY)
    follow(lab, "the answer is there", SessionState.IDLE, Need.FINISHED)

    lab.run("think: 4")
    follow(lab, "thinking", SessionState.BUSY)
    follow(lab, "thought", SessionState.IDLE, Need.FINISHED)

    lab.run("run: touch made.txt && sleep 3")
    asked = follow(lab, "asks for leave", SessionState.ATTENTION, Need.PERMISSION)
    assert "touch made.txt" in asked.question
    lab.until(lambda: len(lab.look().choices) >= 2, "the dialog is drawn")
    answer(lab, spec.permission_dialog.press)
    follow(lab, "the command runs", SessionState.BUSY)
    follow(lab, "the command is done", SessionState.IDLE, Need.FINISHED)
    assert (lab.work / "made.txt").exists()

    lab.run("ask")
    asked = follow(lab, "asks a question", SessionState.ATTENTION, Need.QUESTION)
    assert "Which colour?" in asked.question
    lab.until(lambda: lab.look().choices[:2] == ("Red", "Blue"), "the question is drawn")
    answer(lab, spec.question_dialog.press)
    follow(lab, "answered", SessionState.IDLE, Need.FINISHED)

    lab.run("badrequest")
    follow(lab, "error", SessionState.ERROR, Need.ERROR)

    lab.run("slow: 30")
    follow(lab, "streaming again", SessionState.BUSY)
    lab.press("Escape")
    if lab.key in STOPPED_BY_TWO:
        lab.until(lambda: is_stopped(lab), "it stops")
    stopped = follow(lab, "interrupted", SessionState.IDLE)
    assert stopped.needs is None

    assert lab.transcript is not None
    view = lab.transcript.read()
    assert view is not None
    assert view.turns[:2] == ("slow: 5", "think: 4")
    assert view.session_id
    if lab.hooks:
        assert lab.held.session_id == view.session_id

    if lab.key == "qwen":
        lab.press("C-u")  # what was interrupted is in its input line again
        lab.settle(0.5)
    lab.run(spec.quit[0])
    lab.until(lambda: lab.look().needs is None and len(lab.programs()) == 1, "exited")
    if not lab.hooks and lab.key not in WITHOUT_HOOKS:
        return
    lab.run(" ".join(spec.resume).replace("{flags}", "").replace("{id}", view.session_id))
    follow(lab, "resumed", SessionState.IDLE)
