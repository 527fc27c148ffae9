from __future__ import annotations

from collections import Counter

import pytest

from quarterdeck.core.session import Need, SessionState
from quarterdeck.core.text import clean_lines
from quarterdeck.values import replace
from support.recordings import AGENTS, ANSWERED_IN_WORDS, FULL, NOW, Recording, agent, recordings, verdict

LIVE = [recording for recording in recordings() if recording.truth != "exited"]


@pytest.mark.parametrize("recording", LIVE, ids=str)
def test_a_screen_alone_is_never_read_wrongly(recording: Recording) -> None:
    reading = recording.agent.read_screen(recording.look(title=""))

    assert verdict(reading, recording.truth) != "wrong", reading


@pytest.mark.parametrize("recording", LIVE, ids=str)
def test_a_title_alone_is_never_read_wrongly(recording: Recording) -> None:
    reading = recording.agent.read_title(recording.title, at=NOW)

    if recording.truth == "waiting-answer" and reading is not None:
        # A title tells that the agent waits, and not for what.
        assert reading.state is SessionState.ATTENTION or reading.confidence.value == "low"
        return
    assert verdict(reading, recording.truth) != "wrong", reading


@pytest.mark.parametrize(
    "recording", [each for each in LIVE if each.truth in {"waiting-permission", "waiting-answer"}], ids=str
)
def test_a_dialog_is_captured_with_its_text_and_choices(recording: Recording) -> None:
    reading = recording.agent.read_screen(recording.look())

    assert reading is not None
    assert len(reading.choices) >= 2 or recording.name in ANSWERED_IN_WORDS
    assert reading.question
    if recording.truth == "waiting-answer":
        assert reading.needs is Need.QUESTION
    if recording.truth == "waiting-answer" and recording.name == "question":
        assert "Which colour" in reading.question
        assert reading.choices[:2] == ("Red", "Blue")


@pytest.mark.parametrize(
    "recording", [each for each in LIVE if each.agent_key == "opencode" and each.truth == "waiting-permission"], ids=str
)
def test_the_button_that_enter_takes_is_told_by_its_ground(recording: Recording) -> None:
    look = recording.look()
    plain = replace(look, text=clean_lines(look.text))

    marked, without_colours = recording.agent.read_screen(look), recording.agent.read_screen(plain)

    assert marked is not None
    assert marked.marked == (1 if recording.name == "permission-second" else 0)
    assert marked.choices[0] == ("Confirm" if recording.name == "permission-confirm" else "Allow once")
    assert without_colours is not None
    assert without_colours.marked is None


@pytest.mark.parametrize("key", AGENTS)
def test_a_working_mark_that_does_not_move_is_not_believed(key: str) -> None:
    recording = next(each for each in recordings(FULL) if each.made_with == key and each.name == "working-silent")

    reading = agent(key).read_screen(recording.look(still_for=4.0))

    assert reading is not None
    assert reading.confidence.value == "low"


def test_screen_and_title_tell_nine_states_of_ten() -> None:
    verdicts: Counter[str] = Counter()

    for recording in LIVE:
        moving = recording.truth == "working"
        still_for = 0.3 if moving else 3.0
        screen = recording.agent.read_screen(recording.look(still_for=still_for))
        title = recording.agent.read_title(recording.title, at=NOW, still_for=still_for)
        best = screen if screen is not None and screen.confidence.value != "low" else title or screen
        verdicts[verdict(best, recording.truth)] += 1

    assert verdicts["wrong"] == 0
    assert verdicts["right"] >= 0.9 * verdicts.total()
