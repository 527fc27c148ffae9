from __future__ import annotations

from pathlib import Path

import pytest

from quarterdeck.core.session import SessionState
from quarterdeck.ports.agent import BoxState, ScreenLook
from support.recordings import NOW, Recording, agent, recordings

BOXES = Path(__file__).parent / "boxes"
COVERS = Path(__file__).parent / "covers"
DRAFTS = {
    "idle": "",
    "busy": "",
    "busy-queued": "",
    "draft": "hello there 世界 🎉 one",
    "draft-multi": "line one\nline two\nline three",
    "menu-at": "look @",
    "menu-slash": "/",
}


@pytest.mark.parametrize("file", sorted(BOXES.glob("*.ansi")), ids=lambda file: file.stem)
def test_what_stands_in_an_input_line_is_read(file: Path) -> None:
    key, _, state = file.stem.partition("-")

    box = agent(key).read_box(ScreenLook(text=file.read_text(), at=NOW))

    assert box.state is BoxState.OPEN
    assert box.queueing is (state == "busy-queued")
    if state == "draft-5k" or (key, state) == ("opencode", "draft-multi"):
        assert box.text.startswith("[Pasted ")
    else:
        assert box.text == DRAFTS[state]


@pytest.mark.parametrize("recording", [each for each in recordings() if each.name != "exited"], ids=str)
def test_nothing_is_taken_for_a_draft_that_nobody_typed(recording: Recording) -> None:
    box = recording.agent.read_box(recording.look())

    assert box.text == recording.facts.get("draft", "")
    if recording.truth.startswith("waiting"):
        assert box.state is BoxState.COVERED


@pytest.mark.parametrize("file", sorted(COVERS.glob("*.ansi")), ids=lambda file: file.stem)
def test_a_list_over_the_screen_and_a_shells_line_take_no_message_and_ask_nothing(file: Path) -> None:
    key, _, _ = file.stem.partition("-")
    look = ScreenLook(text=file.read_text(), at=NOW, still_for=60.0)

    assert agent(key).read_box(look).state is BoxState.COVERED
    reading = agent(key).read_screen(look)
    assert reading is None or reading.state is SessionState.IDLE


def test_prose_that_looks_like_a_list_covers_nothing() -> None:
    shown = (BOXES / "opencode-idle.ansi").read_text()
    prose = "\n".join(("     ", "          Commands          esc", "     and then it closes", ""))

    assert agent("opencode").read_box(ScreenLook(text=prose + shown, at=NOW)).state is BoxState.OPEN


def test_an_agent_without_rules_of_its_own_says_that_it_does_not_know() -> None:
    assert agent("goose").read_box(ScreenLook(text="> hello", at=NOW)).state is BoxState.UNKNOWN
    assert agent("aider").read_box(ScreenLook(text="done\narchitect> hello", at=NOW)).text == "hello"
