"""Nothing that happened is missed for good: lost hints, failed captures, failed writes, ends that come in between."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest

from quarterdeck.core.events import Health, SessionDeleted, SessionForgotten
from quarterdeck.core.insight import Insight
from quarterdeck.core.pane import PaneId
from quarterdeck.core.place_match import SeenPlace
from quarterdeck.core.report import ReportState
from quarterdeck.core.session import SessionState
from quarterdeck.core.thought import pane_key
from quarterdeck.errors import StoreError
from quarterdeck.operations.kill import forget
from quarterdeck.ports.clock import SystemClock, wall_clock
from quarterdeck.ports.mux import Hint, HintKind
from quarterdeck.ports.store import ActivityQuery
from quarterdeck.store import identity
from quarterdeck.store.glances import troubles
from quarterdeck.supervisor import checkpoints as checkpoints_module
from quarterdeck.supervisor import workers as workers_module
from quarterdeck.supervisor.checkpoints import TAILS_EVERY, Checkpoints
from quarterdeck.supervisor.processes import Processes
from quarterdeck.supervisor.session_thoughts import ThoughtMemory
from quarterdeck.supervisor.shell_words import ShellWords
from quarterdeck.supervisor.state_reader import StateReader
from quarterdeck.supervisor.supervisor import Supervisor
from quarterdeck.supervisor.watcher import Watcher
from quarterdeck.supervisor.workers import keep_running
from quarterdeck.values import replace
from support.patience import PATIENCE
from support.store import HandClock, open_store, thought
from support.stub_mux import StubMux, pane
from support.tmux_server import TmuxServer
from support.workers import services_on, until, watching

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterable, Iterator
    from pathlib import Path

    from quarterdeck.core.events import Event
    from quarterdeck.core.pane import Look
    from quarterdeck.core.session import Session, SessionId
    from support.workers import Watching


@pytest.fixture
def server(tmux_socket: Path) -> Iterator[TmuxServer]:
    """A private tmux server."""
    with TmuxServer(tmux_socket) as made:
        yield made


@asynccontextmanager
async def supervising(mux: StubMux, folder: Path) -> AsyncIterator[Supervisor]:
    async with open_store(folder / "state.db") as store:
        yield Supervisor(mux=cast("Any", mux), store=store, clock=SystemClock(), is_writer=lambda: True)


@asynccontextmanager
async def running(work: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_hints_without_end_put_no_resync_off(tmp_path: Path) -> None:
    mux = StubMux(pane(0))

    async def nothing(*_: object) -> None:
        return None

    async def chatter() -> None:
        while True:
            mux.hint_queue.put_nowait(Hint(HintKind.OUTPUT, PaneId("%0")))
            await asyncio.sleep(0.02)

    async with supervising(mux, tmp_path) as supervisor:
        watcher = Watcher(supervisor, nothing, resync=0.5)
        async with running(watcher.run()), running(chatter()):
            await until(lambda: mux.asked.count(None) >= 3, "everything was looked at again and again")

    assert {"%0"} in mux.asked


async def test_after_a_failure_everything_is_looked_at_again(tmp_path: Path) -> None:
    mux = StubMux(pane(0))
    failed: list[object] = []

    async def fails_once(look: object, moved: object) -> None:
        del look
        if moved is not None and not failed:
            failed.append(moved)
            raise RuntimeError("the disk is gone")

    async with supervising(mux, tmp_path) as supervisor:
        watcher = Watcher(supervisor, fails_once, resync=60)
        async with running(keep_running("watcher", watcher.run, supervisor.report, supervisor.said_of)):
            await until(lambda: mux.asked, "the first look")
            mux.hint_queue.put_nowait(Hint(HintKind.OUTPUT, PaneId("%0")))
            await until(lambda: mux.asked.count(None) == 2, "a whole look after the failure")

    assert failed


@pytest.mark.parametrize("own_words", ["", "the model does not answer"])
async def test_a_worker_that_goes_well_again_is_shown_so_unless_it_speaks_for_itself(
    own_words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers_module, "LONGEST_RESTART_DELAY", 0.05)
    runs: list[float] = []

    async with supervising(StubMux(pane(0)), tmp_path) as supervisor:

        async def fails_once() -> None:
            runs.append(asyncio.get_running_loop().time())
            if len(runs) == 1:
                raise RuntimeError("the disk is gone")
            if own_words:
                supervisor.report("history", Health.DEGRADED, own_words)
            await asyncio.Event().wait()

        async with running(keep_running("history", fails_once, supervisor.report, supervisor.said_of)):
            await until(lambda: supervisor.said_of("history") == "the disk is gone", "the failure is shown")
            await until(lambda: supervisor.said_of("history") == own_words, "it goes well, or speaks for itself")
            # Longer than it takes to be taken back.
            await until(lambda: asyncio.get_running_loop().time() - runs[-1] > 0.2, "some time has passed")

        expected = (Health.DEGRADED, own_words) if own_words else (Health.HEALTHY, "")
        assert supervisor.fleet.workers["history"] == expected


async def test_the_status_of_an_end_waits_for_the_look_that_shows_it(tmp_path: Path) -> None:
    mux = StubMux(pane(0), pane(1))
    deleted: list[Event] = []
    async with supervising(mux, tmp_path) as supervisor:
        supervisor.subscribe(lambda event: deleted.append(event) if isinstance(event, SessionDeleted) else None)
        await supervisor.look()
        supervisor.note_exit(PaneId("%0"), 3)
        await supervisor.look()
        assert deleted == []

        mux.panes = (pane(1),)
        await supervisor.look()

    assert [cast("SessionDeleted", event).session.exit_status for event in deleted] == [3]


async def test_an_end_of_unknown_status_does_not_take_an_earlier_one_s(tmp_path: Path) -> None:
    mux = StubMux(pane(0), pane(1))
    async with supervising(mux, tmp_path) as supervisor:
        await supervisor.look()
        supervisor.note_exit(PaneId("%0"), 3)
        supervisor.note_exit(PaneId("%0"), None)
        mux.panes = (pane(1),)
        await supervisor.look()
        (ended,) = supervisor.fleet.exited.values()

    assert ended.exit_status is None


class Nothing:
    """Agents, reports and facts of which there are none."""

    def detect(self, programs: object) -> None:
        del programs

    def of(self, *whose: object) -> ReportState:
        del whose
        return ReportState()

    def shows(self, *what: object) -> None:
        del what

    def keep_only(self, panes: object) -> None:
        del panes

    async def refresh(self, watched: object, *, moved: bool) -> None:
        del watched, moved

    def due_in(self) -> None:
        return None


async def test_a_screen_that_could_not_be_read_is_read_when_tmux_answers_again(tmp_path: Path) -> None:
    mux = StubMux(pane(0), pane(1))
    nothing: Any = Nothing()
    reader = StateReader(
        mux=cast("Any", mux),
        clock=SystemClock(),
        agents=nothing,
        processes=Processes(clock=SystemClock(), read=list),
        facts=nothing,
        reports=nothing,
        shells=ShellWords(tmp_path),
        project=lambda session, conclusion: session,
        report=lambda *_: None,
    )
    async with supervising(mux, tmp_path) as supervisor:
        look: Any = await supervisor.look()
        await reader.read(lambda: supervisor.fleet, look, supervisor.panes, None)
        mux.is_mute = True
        missed = await reader.read(lambda: supervisor.fleet, look, supervisor.panes, {PaneId("%1")})
        mux.is_mute = False
        made_good = await reader.read(lambda: supervisor.fleet, look, supervisor.panes, frozenset())
        await reader.read(lambda: supervisor.fleet, look, supervisor.panes, frozenset())

    assert mux.captured == [["%0", "%1"], ["%1"], ["%1"]]
    assert missed.look_again_in is not None
    assert list(made_good.tails.values()) == ["screen of %1"]


async def test_what_a_failed_write_held_is_written_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Session] = []
    async with supervising(StubMux(pane(0)), tmp_path) as supervisor:
        checkpoints = Checkpoints(supervisor)
        await supervisor.look()
        (session,) = supervisor.fleet.sessions.values()
        checkpoints.tail(session.session_id, "older")

        async def refuses(rows: object) -> None:
            checkpoints.tail(session.session_id, "newer")
            raise StoreError("closed")

        async def takes(rows: list[Session]) -> None:
            written.extend(rows)

        monkeypatch.setattr(supervisor.store, "checkpoint", refuses)
        with pytest.raises(StoreError):
            await checkpoints.save()
        monkeypatch.setattr(supervisor.store, "checkpoint", takes)
        await checkpoints.save()

        assert written == [session]
        assert await supervisor.store.tail(session.session_id) == "newer"


async def test_the_tail_of_what_goes_on_is_kept_now_and_then_and_of_what_has_ended_at_once(tmp_path: Path) -> None:
    mux, clock = StubMux(pane(0)), HandClock()
    async with open_store(tmp_path / "state.db") as store:
        supervisor = Supervisor(mux=cast("Any", mux), store=store, clock=clock, is_writer=lambda: True)
        checkpoints = Checkpoints(supervisor)
        await supervisor.look()
        (session,) = supervisor.fleet.sessions.values()

        async def kept(text: str) -> str:
            checkpoints.tail(session.session_id, text)
            await checkpoints.save(all_tails=False)
            return await store.tail(session.session_id)

        assert await kept("one") == "one"
        assert await kept("two") == "one"
        clock.advance(TAILS_EVERY)
        assert await kept("three") == "three"
        assert await kept("four") == "three"
        supervisor.note_end(SessionForgotten(session_id=session.session_id, at=clock.now()))
        assert await kept("five") == "five"


async def test_a_tail_waits_while_tmux_does_not_answer(tmp_path: Path) -> None:
    mux = StubMux(pane(0))
    certain = [True]
    async with open_store(tmp_path / "state.db") as store:
        supervisor = Supervisor(mux=cast("Any", mux), store=store, clock=SystemClock(), is_writer=lambda: certain[0])
        checkpoints = Checkpoints(supervisor)
        await supervisor.look()
        (session_id,) = supervisor.fleet.sessions
        certain[0] = False
        checkpoints.tail(session_id, "last words")
        await checkpoints.save()
        certain[0] = True
        await checkpoints.save()

        assert await store.tail(session_id) == "last words"


async def test_what_a_killed_console_left_as_wrong_goes_although_nothing_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints_module, "CHECKPOINT_EVERY_SECONDS", 3600.0)
    async with supervising(StubMux(), tmp_path) as supervisor:
        await supervisor.store.keep_troubles(supervisor.server, {"tmux": "it did not answer"})
        async with running(Checkpoints(supervisor).run()):
            await until(lambda: not troubles(tmp_path / "state.db", supervisor.server), "nothing is wrong any more")


async def test_a_late_thought_is_filed_by_the_pane_its_session_shows_now(
    server: TmuxServer, private_home: Path
) -> None:
    server.session("one")
    server.session("two")
    async with services_on(server.socket, private_home) as opened:
        await opened.workers.look_once()
        supervisor, thoughts = opened.workers.supervisor, opened.workers.thoughts
        rows = {row.tmux_name: row for row in supervisor.fleet.sessions.values()}
        pane_of_one = supervisor.pane_of(rows["one"])
        assert pane_of_one is not None
        thoughts.take(thought(pane_key(pane_of_one), "said of one", stream="outside"))
        # As it was when its model was asked: its tmux session had the id that another has by now.
        before = replace(rows["two"], tmux_id=rows["one"].tmux_id)
        opened.workers.engine.publisher.speak(Insight(session=before), ThoughtMemory(stable_since=0.0), "said of two")

        said = {name: thoughts.held(row, supervisor.pane_of(row)) for name, row in rows.items()}
    assert {name: held and held.thought for name, held in said.items()} == {"one": "said of one", "two": "said of two"}


async def test_thoughts_on_their_way_are_written_before_the_end(server: TmuxServer, private_home: Path) -> None:
    server.session("work")
    async with services_on(server.socket, private_home) as opened:
        for number in range(300):
            opened.workers.thoughts.take(thought(f"sess_{number}", f"thought {number}"))

    async with services_on(server.socket, private_home) as opened:
        kept = await opened.context.store.thoughts()
    assert {key: snapshot.thought for key, snapshot in kept.items()} == {
        f"sess_{number}": f"thought {number}" for number in range(300)
    }


async def test_who_takes_over_looks_at_once(
    server: TmuxServer, private_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.session("work")
    async with services_on(server.socket, private_home) as keeper:
        await keeper.workers.load()
        async with watching(server.socket, private_home) as workers:
            assert not workers.workers.row_writer.is_writer
            looks: list[object] = []
            look = workers.workers.supervisor.look

            async def counted(moved: Collection[PaneId] | None = None, *, reads_next: bool = False) -> Look:
                looks.append(moved)
                return await look(moved, reads_next=reads_next)

            monkeypatch.setattr(workers.workers.supervisor, "look", counted)
            keeper.workers.row_writer.release()
            await until(lambda: workers.workers.row_writer.is_writer, "the follower took over")
            await until(
                lambda: workers.workers.reader.memory_of(workers.need("work").session_id), "it derives states itself"
            )
            assert looks


async def test_an_identity_given_while_nothing_could_be_written_gives_way_to_the_one_on_disk(
    server: TmuxServer, private_home: Path
) -> None:
    server.session("keep")
    async with watching(server.socket, private_home) as workers:
        other = sqlite3.connect(private_home / "state.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        server.session("born")
        await until(lambda: workers.row("born"), "the birth was seen")
        snapshot = workers.workers.supervisor.snapshot
        assert snapshot is not None
        born = next(pane for pane in snapshot.panes if pane.session_name == "born")
        seen = [SeenPlace(born.tmux_id, "born", born.session_created)]
        address, run = workers.workers.supervisor.server, str(snapshot.incarnation)
        on_disk = identity.claim(other, address, run, seen, wall_clock().timestamp())[born.tmux_id].session_id
        provisional = workers.need("born").session_id
        other.execute("COMMIT")
        other.close()

        assert provisional != on_disk
        await until(
            lambda: workers.row("born") and workers.need("born").session_id == on_disk, "the id on disk is shown"
        )
        await workers.shows("keep", "born")
        assert provisional not in workers.workers.supervisor.fleet.sessions


async def test_a_database_that_was_taken_away_costs_no_identity(server: TmuxServer, private_home: Path) -> None:
    server.session("gone-for-now")
    async with services_on(server.socket, private_home) as opened:
        await opened.workers.look_once()
    server.kill()
    server.session("one")
    server.session("two")
    async with watching(server.socket, private_home) as workers, watching(server.socket, private_home) as follower:
        await until(lambda: workers.row("gone-for-now") and follower.row("gone-for-now"), "the stale row is shown")
        shown = {session.tmux_name: session.session_id for session in workers.sessions()}
        for file in private_home.glob("state.db*"):
            if not file.name.endswith(".lease"):
                file.unlink()
        server.session("three")
        await until(lambda: workers.row("three") and follower.row("three"), "a new session is seen")
        await until(lambda: workers.need("three").session_id == follower.need("three").session_id, "both agree")
        whole = {**shown, "three": workers.need("three").session_id}
        kept: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE):
            while kept != whole:
                kept = {session.tmux_name: session.session_id for session in await workers.context.store.sessions()}

        for seen in (workers, follower):
            assert whole == {session.tmux_name: session.session_id for session in seen.sessions()}
            assert seen.of(SessionDeleted) == []


async def row_in(workers: Watching, identity: SessionId) -> Session:
    """A row as the store has it."""
    return next(row for row in await workers.context.store.sessions() if row.session_id == identity)


@pytest.mark.parametrize("end", ["session", "server"])
async def test_what_a_keeper_had_seen_and_not_written_when_it_died_is_written_by_the_next(
    end: str, server: TmuxServer, private_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hangs(*_: object) -> None:
        await asyncio.Event().wait()

    server.session("one")
    server.session("two")
    async with AsyncExitStack() as held:
        first = await held.enter_async_context(watching(server.socket, private_home))
        await first.shows("one", "two")
        async with watching(server.socket, private_home) as second:
            await second.shows("one", "two")
            identity = second.need("two").session_id
            for write in ("end", "stale"):
                monkeypatch.setattr(first.workers.supervisor.store, write, hangs)
            server.run("kill-server") if end == "server" else server.run("kill-session", "-t", "=two")
            await second.shows(*(["one"] if end == "session" else []))

            await held.aclose()
            await until(lambda: second.workers.row_writer.is_writer, "the second keeps the rows")
            kept = await row_in(second, identity)
            async with asyncio.timeout(PATIENCE):
                while kept.state is not SessionState.EXITED:
                    kept = await row_in(second, identity)

            assert kept.is_stale == (end == "server")
            assert [row.tmux_name for row in second.sessions() if row.is_stale] == (
                ["one", "two"] if end == "server" else []
            )
            told = [each.kind for each in await second.context.store.activity(ActivityQuery(session_id=identity))]
            assert told.count("session.deleted") == (end == "session")


async def test_a_row_whose_server_went_away_is_shown_also_before_the_keeper_has_said_so(
    server: TmuxServer, private_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = asyncio.Event()
    server.session("one")
    async with watching(server.socket, private_home) as first:
        await first.shows("one")
        stale = first.workers.supervisor.store.stale

        async def slow(sessions: Iterable[Session]) -> None:
            await go_on.wait()
            await stale(sessions)

        async with watching(server.socket, private_home) as second:
            await second.shows("one")
            monkeypatch.setattr(first.workers.supervisor.store, "stale", slow)
            server.run("kill-server")
            await until(lambda: second.need("one").is_stale, "the second has seen it")
            await second.workers.reload()
            assert second.row("one"), "the row stays while another process is behind"

            go_on.set()
            await until(lambda: first.need("one").is_stale, "the first has said so")
            await forget(second.context, first.need("one"))
            await until(lambda: first.row("one") is None, "and a dismissed one goes")
