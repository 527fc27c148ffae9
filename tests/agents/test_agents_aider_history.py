"""What Aider's history tells of a chat: only of one's own, and no state."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.agents.agent_files import FileClaims
from quarterdeck.agents.aider_history import CHAT_HISTORY, AiderTranscript

if TYPE_CHECKING:
    from pathlib import Path

    from quarterdeck.core.transcript import TranscriptView

START = datetime(2026, 12, 1, 1, 29, 30, tzinfo=UTC)


def begun(after: float = 1.0) -> str:
    """The line that a chat begins with, so many seconds after our process."""
    local = (START + timedelta(seconds=after)).astimezone()
    return (
        f"\n# aider chat started at {local:%Y-%m-%d %H:%M:%S}\n\n> Aider v0.86.2  \n> Repo-map: using 1024 tokens  \n\n"
    )


def turn(asked: str, said: str, tokens: str = "2.3k") -> str:
    """One turn as it is written down."""
    prompt = "\n".join(f"#### {line}  " for line in asked.split("\n"))
    return f"{prompt}\n\n{said}\n\n> Tokens: {tokens} sent, 2 received.  \n\n"


def read(folder: Path, text: str) -> TranscriptView | None:
    """What is told of a history by the process that began at `START`."""
    (folder / CHAT_HISTORY).write_text(text)
    return AiderTranscript(cwd=str(folder), claims=FileClaims(), since=START).read()


def test_prompts_words_and_tokens_of_its_own_chat_are_told(tmp_path: Path) -> None:
    before = begun(-600) + turn("old", "Old words.")
    view = read(
        tmp_path, before + begun() + turn("paint it\nblue", "It is blue.\n\nAll of it.") + turn("/ask why", "So.")
    )

    assert view is not None
    assert view.reading is None, "it tells no state"
    assert view.turns == ("paint it\nblue", "why")
    assert (view.last_text, view.turn_text, view.token_count) == ("So.", "So.", 2_300)


@pytest.mark.parametrize("text", [begun(-600) + turn("old", "Old."), begun() + turn("a", "b") + begun(60), "", "\n"])
def test_what_may_be_anothers_is_not_told(text: str, tmp_path: Path) -> None:
    assert read(tmp_path, text) is None


def test_nothing_of_before_is_told_once_the_chat_was_cleared(tmp_path: Path) -> None:
    view = read(
        tmp_path, begun() + turn("paint it blue", "It is blue.") + "#### /clear  \n> All chat history cleared.  \n"
    )

    assert view is not None
    assert (view.turns, view.last_text, view.token_count) == ((), "", 0)


def test_it_is_read_as_it_grows_from_the_top_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    work = tmp_path / "app" / "deep"
    work.mkdir(parents=True)
    transcript = AiderTranscript(cwd=str(work), claims=FileClaims(), since=START)
    assert transcript.read() is None
    file = tmp_path / CHAT_HISTORY
    file.write_text(begun() + "#### paint it blue  \n")
    first = transcript.read()
    assert first is not None
    assert (first.last_prompt, first.turn_text) == ("paint it blue", "")
    assert transcript.read() is first

    with file.open("a") as more:
        more.write("\nIt is blue.\n")
    second = transcript.read()
    assert second is not None
    assert (second.turn_count, second.turn_text) == (1, "It is blue.")
    assert transcript.path == file


def test_a_pipe_in_its_place_hangs_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / CHAT_HISTORY)

    assert AiderTranscript(cwd=str(tmp_path), claims=FileClaims(), since=START).read() is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet=st.sampled_from("# >/!a.\n0:-\x1b\u2028"), max_size=200))
def test_no_history_breaks_it(text: str, tmp_path: Path) -> None:
    view = read(tmp_path, begun() + text)

    assert view is None or view.reading is None
