from __future__ import annotations

from pathlib import Path

import pytest

from quarterdeck.ports.agent import BoxState, ScreenLook
from support.recordings import NOW, Recording, agent, recordings

BOXES = Path(__file__).parent / "boxes"
DRAFTS = {
    "idle": "",
    "busy": "",
    "busy-queued": "",
    "draft": "hello there 世界 🎉 one",
    "draft-multi": "line one\nline two\nline three",
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

    assert box.text == ""
    if recording.truth.startswith("waiting"):
        assert box.state is BoxState.COVERED


def test_an_agent_without_rules_of_its_own_says_that_it_does_not_know() -> None:
    assert agent("goose").read_box(ScreenLook(text="> hello", at=NOW)).state is BoxState.UNKNOWN
    assert agent("aider").read_box(ScreenLook(text="done\narchitect> hello", at=NOW)).text == "hello"
