from __future__ import annotations

import pytest

from quarterdeck.core.session import Confidence, Evidence, SessionState
from quarterdeck.values import replace
from support.store import session


@pytest.mark.parametrize(("status", "words"), [(None, ""), (-1, ""), (0, ", status 0"), (3, ", status 3")])
def test_how_a_program_ended_is_said_where_it_tells_something(status: int | None, words: str) -> None:
    assert replace(session(1), exit_status=status).status_words == words


def test_a_state_is_named_with_its_doubt() -> None:
    sure = Evidence(cause="hook_Stop", confidence=Confidence.HIGH)
    busy = replace(session(1), state=SessionState.BUSY, state_evidence=sure)

    assert busy.state_word == "busy"
    assert replace(busy, state_evidence=replace(sure, confidence=Confidence.LOW)).state_word == "busy?"
    assert replace(busy, is_stale=True, state_evidence=replace(sure, confidence=Confidence.LOW)).state_word == "stale?"
