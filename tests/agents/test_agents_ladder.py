"""Every recorded state through each rung alone, and through the whole ladder with and without hooks."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from itertools import product
from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.reading_ladder import decide, holds
from quarterdeck.core.session import Confidence, Need, SessionState
from quarterdeck.values import replace
from support.recordings import FULL, Recording, recordings, verdict
from support.rungs import RUNGS, rungs

if TYPE_CHECKING:
    from pathlib import Path

LIVE = [recording for recording in recordings(FULL) if recording.truth != "exited"]


@pytest.mark.parametrize("recording", LIVE, ids=str)
@pytest.mark.parametrize("rung", RUNGS)
def test_no_rung_alone_is_wrong(recording: Recording, rung: str, tmp_path: Path) -> None:
    reading = rungs(recording, tmp_path)[rung]

    if reading is not None and not holds(reading, recording.seen_at):
        reading = replace(reading, confidence=Confidence.LOW)
    if reading is not None and rung in {"title", "registry"} and reading.state is SessionState.ATTENTION:
        # They tell that the agent waits, and not for what.
        reading = replace(reading, needs=Need.QUESTION if recording.truth == "waiting-answer" else Need.PERMISSION)
    if reading is not None and rung in {"title", "registry"} and recording.truth == "error":
        # They tell that it rests, and not why.
        assert reading.state is SessionState.IDLE
        return
    assert verdict(reading, recording.truth) != "wrong", reading


WITHOUT: dict[str, set[str]] = {
    "whole": set(),
    "no hooks": {"hook"},
    "no registry": {"hook", "registry"},
    "terminal alone": {"hook", "registry", "transcript"},
    "no terminal": {"title", "screen"},
}
LATER = (0, 4, 30, 600)
UNSURE: set[str] = {
    "aider@0.86.2-working-120x36",
    "gemini@0.61.0-slash-model-120x36",
    "gemini@0.61.0-shell-mode-120x36",
    "qwen@0.24.4-shell-mode-120x36",
    "qwen@0.24.4-slash-model-120x36",
}
"""Recordings of states that nothing tells for certain, by their names: such a state is shown as unsure."""


@pytest.mark.parametrize("recording", LIVE, ids=str)
def test_the_ladder_is_right_in_every_state(recording: Recording, tmp_path: Path) -> None:
    everything = rungs(recording, tmp_path)

    for without, later in product(WITHOUT, LATER):
        now = recording.seen_at + timedelta(seconds=0.5 + later)
        known = {rung: each for rung, each in everything.items() if each and rung not in WITHOUT[without]}
        for rung in {"title", "screen"} & known.keys():
            known[rung] = replace(known[rung], at=now)  # they are looked at again and again

        reading = decide({each.source: each for each in known.values()}, now=now)

        told = verdict(reading, recording.truth)
        assert told != "wrong", (without, later, reading)
        if without in {"whole", "no hooks"} and str(recording) not in UNSURE:
            assert told == "right", (without, later, reading)
            assert reading.confidence is not Confidence.LOW, (without, later, reading)


def test_the_ladder_is_sure_of_nearly_everything_without_hooks(tmp_path: Path) -> None:
    verdicts: Counter[str] = Counter()
    for recording in LIVE:
        known = {rung: each for rung, each in rungs(recording, tmp_path).items() if each and rung != "hook"}
        now = recording.seen_at + timedelta(seconds=0.5)
        reading = decide({each.source: each for each in known.values()}, now=now)
        verdicts[verdict(reading, recording.truth) + (" unsure" if reading.confidence is Confidence.LOW else "")] += 1

    assert verdicts["right"] == len(LIVE) - len(UNSURE), verdicts
    assert len(UNSURE) <= 0.03 * len(LIVE)
