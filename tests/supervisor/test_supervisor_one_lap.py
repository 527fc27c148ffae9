"""What a look shows and what is read after it are told in one go, except for what must not wait."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest

from quarterdeck.core.events import Event, LookFailed, LookSucceeded, SessionChanged, SessionCreated, SessionDeleted
from quarterdeck.core.fleet import Fleet
from quarterdeck.core.projection import Conclusion, Seen
from quarterdeck.core.reading import Reading
from quarterdeck.core.report import ReportState
from quarterdeck.core.session import Confidence, Session, SessionId, SessionState, Source
from quarterdeck.core.transcript import NO_TRANSCRIPT
from quarterdeck.errors import TmuxError, TmuxUnreachable
from quarterdeck.supervisor.supervisor import Supervisor
from quarterdeck.supervisor.untold_look import UntoldLook
from quarterdeck.supervisor.watcher import LONGEST_OUTPUT_GAP, OUTPUT_GAP, output_gap
from quarterdeck.values import replace
from support.store import NOON, HandClock, open_store
from support.stub_mux import StubMux, pane
from support.workers import services_on

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from quarterdeck.core.pane import Pane, Snapshot

BUSY = Reading(source=Source.HOOK, state=SessionState.BUSY, cause="prompt", confidence=Confidence.HIGH, at=NOON)
WORKS = Conclusion(reading=BUSY, needs=None, asks=None, view=NO_TRANSCRIPT, report=ReportState())


class Scene:
    """A supervisor that has seen one session, and what it tells from then on."""

    def __init__(self, supervisor: Supervisor, mux: StubMux) -> None:
        self.supervisor, self.mux = supervisor, mux
        self.events: list[Event] = []
        supervisor.subscribe(self.events.append)

    @property
    def row(self) -> Session:
        return next(iter(self.supervisor.fleet.sessions.values()))

    @property
    def told(self) -> list[type[Event]]:
        return [type(event) for event in self.events]

    def shows(self, *panes: Pane) -> None:
        self.mux.panes = panes


@asynccontextmanager
async def watching_one(folder: Path, *, is_writer: bool = True) -> AsyncIterator[Scene]:
    mux = StubMux(pane(0))
    async with open_store(folder / "state.db") as store:
        supervisor = Supervisor(mux=cast("Any", mux), store=store, clock=HandClock(), is_writer=lambda: is_writer)
        await supervisor.look()
        yield Scene(supervisor, mux)


async def test_new_facts_of_a_known_row_are_told_together_with_what_is_read(tmp_path: Path) -> None:
    async with watching_one(tmp_path) as scene:
        scene.shows(pane(0, title="at work"))
        await scene.supervisor.look(reads_next=True)
        seen = next(iter(scene.supervisor.fleet_seen.sessions.values()))
        before = scene.row

        scene.supervisor.show({seen.session_id: scene.supervisor.projected(seen, WORKS)})

        assert (before.title, seen.title) == ("", "at work")
        assert scene.told == [SessionChanged, LookSucceeded]
        assert (scene.row.title, scene.row.state) == ("at work", SessionState.BUSY)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"pid": 4000}, id="another program"),
        pytest.param({"pane_id": "%9"}, id="another pane"),
        pytest.param({"session_name": "renamed"}, id="another name"),
    ],
)
async def test_what_a_row_is_of_is_told_at_once(tmp_path: Path, changed: dict[str, Any]) -> None:
    async with watching_one(tmp_path) as scene:
        scene.shows(replace(pane(0), **changed))

        await scene.supervisor.look(reads_next=True)

        assert scene.told == [SessionChanged, LookSucceeded]


async def test_who_comes_and_who_goes_is_told_at_once_and_the_rest_with_it(tmp_path: Path) -> None:
    async with watching_one(tmp_path) as scene:
        scene.shows(pane(0, title="at work"), pane(1))
        await scene.supervisor.look(reads_next=True)
        assert scene.told == [SessionCreated, SessionChanged, LookSucceeded]

        scene.shows(pane(1))
        await scene.supervisor.look(reads_next=True)

        assert scene.told[3:] == [SessionDeleted, LookSucceeded]


async def test_that_tmux_answers_again_is_told_at_once(tmp_path: Path) -> None:
    async with watching_one(tmp_path) as scene:
        answer = scene.mux.look

        async def fail(moved: object = None) -> Snapshot:
            raise TmuxUnreachable("tmux did not answer")

        scene.mux.look = fail  # type: ignore[method-assign]  # as if the server hung
        with pytest.raises(TmuxError):
            await scene.supervisor.look(reads_next=True)
        scene.mux.look = answer  # type: ignore[method-assign]
        await scene.supervisor.look(reads_next=True)

        assert scene.told == [LookFailed, LookSucceeded]


@pytest.mark.parametrize(
    ("is_writer", "reads_next"),
    [pytest.param(True, False, id="nobody reads"), pytest.param(False, True, id="another process keeps the rows")],
)
async def test_a_look_after_which_nothing_is_read_is_told_at_once(
    tmp_path: Path, *, is_writer: bool, reads_next: bool
) -> None:
    async with watching_one(tmp_path, is_writer=is_writer) as scene:
        scene.shows(pane(0, title="at work"))

        await scene.supervisor.look(reads_next=reads_next)

        assert scene.row.title == "at work"


async def test_a_look_in_between_tells_what_waited_and_nothing_twice(tmp_path: Path) -> None:
    async with watching_one(tmp_path) as scene:
        scene.shows(pane(0, title="at work"))
        await scene.supervisor.look(reads_next=True)

        await scene.supervisor.look()
        scene.supervisor.show()

        assert scene.told == [SessionChanged, LookSucceeded]


async def test_what_a_look_showed_is_told_though_nothing_could_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mux = StubMux(pane(0))

    async def fail(*given: object) -> None:
        raise TmuxUnreachable("tmux did not answer")

    async with services_on("/nowhere/s", tmp_path) as opened:
        workers, supervisor = opened.workers, opened.workers.supervisor
        monkeypatch.setattr(supervisor, "mux", mux)
        monkeypatch.setattr(workers.reader, "read", fail)
        workers.row_writer.try_to_keep()
        await supervisor.look()
        mux.panes = (pane(0, title="at work"),)
        look = await supervisor.look(reads_next=True)
        with pytest.raises(TmuxError):
            await workers._after_look(look, None)

        assert [row.title for row in supervisor.fleet.sessions.values()] == ["at work"]


def test_a_row_that_went_meanwhile_is_not_waited_for() -> None:
    seen = Seen(pane=pane(0), clients=0, incarnation="1:2")
    look = UntoldLook({SessionId("sess_1"): seen}, LookSucceeded(incarnation="", at=NOON))

    assert not look.may_wait(Fleet())
    assert look.in_rows_of(Fleet()) == {}


@pytest.mark.parametrize(
    ("took", "gap"), [(0.0, OUTPUT_GAP), (0.02, OUTPUT_GAP), (0.2, 0.8), (60.0, LONGEST_OUTPUT_GAP)]
)
def test_looks_for_output_leave_a_server_of_thousands_of_panes_most_of_its_time(took: float, gap: float) -> None:
    assert output_gap(took) == pytest.approx(gap)
