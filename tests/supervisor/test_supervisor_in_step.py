"""What an agent shows, writes and reports is on its row soon, and its words come with its state."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.events import SessionChanged
from support.drawn_agents import DrawnAgents
from support.recordings import FULL, recordings
from support.tmux_server import TmuxServer
from support.workers import Watching, until, watching

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.process
SHOWN = {str(each): each for each in recordings(FULL)}
WORKING, ASKING = SHOWN["codex-working-silent-120x36"], SHOWN["codex-permission-120x36"]
OVER, STOPPED = SHOWN["codex-finished-120x36"], SHOWN["codex-interrupted-120x36"]


@pytest.fixture
async def seen(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[DrawnAgents, Watching]]:
    monkeypatch.setenv("HOME", str(short_folder / "home"))
    monkeypatch.delenv("CODEX_HOME", raising=False)
    with TmuxServer(short_folder / "s") as server:
        drawn = DrawnAgents(short_folder, server)
        async with watching(short_folder / "s", short_folder / "qd") as workers:
            await until(lambda: workers.row("codex") and workers.need("codex").tool == "Codex", "Codex is known")
            yield drawn, workers


def shown(workers: Watching) -> list[tuple[str, str | None, str]]:
    """What the row of Codex has shown, one after another: state, need and thought."""
    rows = [event.after for event in workers.of(SessionChanged) if isinstance(event, SessionChanged)]
    told = [(row.state.value, row.needs and row.needs.value, row.thought or "") for row in rows if row.agent == "codex"]
    return [each for at, each in enumerate(told) if not at or each != told[at - 1]]


async def works(drawn: DrawnAgents, workers: Watching) -> None:
    """Let it begin a turn, as a terminal without hooks shows it."""
    drawn.begin()
    drawn.draw(WORKING)
    await until(lambda: workers.need("codex").state == "busy", "it works")


@pytest.mark.parametrize("hooks", [True, False], ids=["hooks", "no hooks"])
async def test_an_end_comes_with_its_words_and_a_turn_says_nothing_of_the_one_before(
    hooks: bool, seen: tuple[DrawnAgents, Watching]
) -> None:
    drawn, workers = seen
    for number in (1, 2, 3):
        if hooks:
            drawn.report("UserPromptSubmit", prompt=f"prompt number {number}")
        await works(drawn, workers)
        words = drawn.end()
        if hooks:
            drawn.report("Stop", last_assistant_message=words)
        drawn.draw(OVER)
        await until(lambda: workers.need("codex").needs == "finished", "it is over")

        told = shown(workers)
        assert told[-1] == ("idle", "finished", f"finished: Answer number {number} it is")
        for state, _, thought in told:
            numbers = [each for each in (1, 2, 3) if f"nswer number {each} " in thought]
            assert not (state == "busy" and numbers), told
        # With its state, and not after it.
        ends = [thought for _, needs, thought in told if needs == "finished"]
        assert ends == [f"finished: Answer number {each} it is" for each in range(1, number + 1)]


async def test_a_turn_that_was_stopped_never_says_that_it_finished(seen: tuple[DrawnAgents, Watching]) -> None:
    drawn, workers = seen
    await works(drawn, workers)
    drawn.end()
    drawn.draw(OVER)
    await until(lambda: workers.need("codex").needs == "finished", "it is over")
    await works(drawn, workers)
    drawn.write(
        "response_item", type="message", role="assistant", content=[{"type": "output_text", "text": "I will look."}]
    )
    drawn.draw(ASKING)
    await until(lambda: workers.need("codex").needs == "permission", "it asks")
    before = len(shown(workers))

    drawn.draw(STOPPED)
    await until(lambda: workers.need("codex").state == "idle", "it rests")
    drawn.write("event_msg", type="turn_aborted", reason="interrupted")
    await until(lambda: "interrupted" in (workers.need("codex").thought or ""), "it says how that ended")

    assert workers.need("codex").thought == "interrupted: prompt number 2"
    assert not any("finished" in thought for _, _, thought in shown(workers)[before:]), shown(workers)


async def test_what_only_its_files_tell_is_read_when_it_is_written(seen: tuple[DrawnAgents, Watching]) -> None:
    drawn, workers = seen
    await works(drawn, workers)
    drawn.end()
    drawn.draw(OVER)
    await until(lambda: workers.need("codex").needs == "finished", "it is over")
    # Until nothing is due any more, so that only the kernel can tell.
    facts = workers.workers.reader.facts
    await until(lambda: facts.due_in() is None, "nothing is read any more")

    drawn.begin()
    async with asyncio.timeout(2):
        await until(lambda: workers.need("codex").state == "busy", "its rollout is read")
