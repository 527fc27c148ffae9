"""Prints agent × recorded state → right, unsure or wrong, for each rung alone and for the whole ladder.

    PYTHONPATH=app:tests python tests/benchmarks/table_agents.py

`+` right, `?` unsure, `X` wrong, `.` the rung says nothing, `~` it tells that the agent rests or waits, and not why.
"""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.core.reading_ladder import decide, holds
from quarterdeck.core.session import Confidence, SessionState
from quarterdeck.values import replace
from support.recordings import FULL, SIZES, recordings, verdict
from support.rungs import RUNGS, rungs

if TYPE_CHECKING:
    from quarterdeck.core.reading import Reading
    from support.recordings import Recording

SIGNS = {"right": "+", "unsure": "?", "wrong": "X"}


def sign(reading: Reading | None, recording: Recording, rung: str) -> str:
    """One cell of the table."""
    if reading is None:
        return "."
    if not holds(reading, recording.seen_at):
        return "?"
    if rung in {"title", "registry"}:
        rests = recording.truth == "error" and reading.state is SessionState.IDLE
        asks = recording.truth == "waiting-answer" and reading.state is SessionState.ATTENTION
        if rests or asks:
            return "~"
    told = verdict(reading, recording.truth)
    return "?" if told == "right" and reading.confidence is Confidence.LOW else SIGNS[told]


def decided(known: dict[str, Reading], recording: Recording, *without: str) -> Reading:
    """The ladder's choice with some rungs missing."""
    now = recording.seen_at + timedelta(seconds=0.5)
    left = {each.source: each for rung, each in known.items() if rung not in without}
    return decide(left, now=now)


def main() -> None:
    """Print the table."""
    columns = (*RUNGS, "ladder", "no hook", "terminal")
    print(f"{'':34}" + "".join(f"{column:>11}" for column in columns))
    for recording in recordings(FULL):
        if recording.truth == "exited":
            continue
        with tempfile.TemporaryDirectory() as folder:
            said = rungs(recording, Path(folder))
        known = {rung: reading for rung, reading in said.items() if reading is not None}
        cells = [sign(said[rung], recording, rung) for rung in RUNGS]
        for without in ((), ("hook",), ("hook", "registry", "transcript")):
            reading = decided(known, recording, *without)
            cells.append(sign(replace(reading, lasts=None), recording, "ladder"))
        print(f"{recording.agent_key:9}{recording.name:25}" + "".join(f"{cell:>11}" for cell in cells))
    for size in SIZES:
        live = [each for each in recordings(size) if each.truth != "exited"]
        told = [verdict(each.agent.read_screen(each.look()), each.truth) for each in live]
        print(f"screen alone at {size}: " + ", ".join(f"{told.count(what)} {what}" for what in SIGNS))


if __name__ == "__main__":
    main()
