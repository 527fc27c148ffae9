"""Who is there: births, deaths, names and identities on a real tmux server with a real store."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from quarterdeck.config.settings import Settings
from quarterdeck.core.events import (
    CreatedReason,
    Health,
    ServerChanged,
    SessionChanged,
    SessionCreated,
    SessionDeleted,
    SessionStale,
)
from quarterdeck.core.session import ExitReason, RestState, SessionState
from quarterdeck.core.thought import ThoughtSnapshot, ThoughtUpdate
from quarterdeck.errors import NotFound, Refused, TmuxError, UsageError
from quarterdeck.operations.adopt import adopt
from quarterdeck.operations.kill import forget, kill
from quarterdeck.operations.new import NewSessionRequest, new_session, reopen
from quarterdeck.ports.store import ActivityQuery
from quarterdeck.store.glances import own_session_key, troubles
from quarterdeck.values import replace
from support.store import locked
from support.tmux_server import TmuxServer
from support.tmux_terminal import Terminals
from support.workers import patient, services_on, until, watching

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ODD_NAMES = ["with space", "7", "  ", "naïve-名", "[/red]", "$(touch pwned)", "-dash", "it's", "#{pid}", "100%"]


@pytest.fixture
def server(tmux_socket: Path) -> Iterator[TmuxServer]:
    """A private tmux server."""
    with TmuxServer(tmux_socket) as made:
        yield made


async def test_every_odd_name_is_one_row_of_its_own(server: TmuxServer, private_home: Path) -> None:
    for name in ODD_NAMES:
        server.session(name)

    async with services_on(server.socket, private_home) as opened:
        await opened.workers.look_once()
        rows = opened.workers.supervisor.fleet.sessions.values()

    assert {row.tmux_name for row in rows} == set(server.sessions())
    assert len({row.session_id for row in rows}) == len(ODD_NAMES)


async def test_identities_survive_and_are_never_used_twice(server: TmuxServer, private_home: Path) -> None:
    async def ids() -> dict[str, str]:
        async with services_on(server.socket, private_home) as opened:
            await opened.workers.look_once()
            return {s.tmux_name: s.session_id for s in opened.workers.supervisor.fleet.sessions.values()}

    server.session("a")
    server.session("b")
    before = await ids()
    server.run("kill-session", "-t", "=a")
    server.session("c")
    between = await ids()
    server.session("a")
    after = await ids()

    assert between["b"] == after["b"] == before["b"]
    assert len({*before.values(), *between.values(), *after.values()}) == 4
    assert after["a"] != before["a"]


async def test_births_renames_and_deaths_are_seen_as_they_happen(server: TmuxServer, private_home: Path) -> None:
    server.session("old")
    async with watching(server.socket, private_home) as workers:
        identity = workers.need("old").session_id
        server.session("born")
        await workers.shows("old", "born")
        server.run("rename-session", "-t", "=old", "renamed")
        await workers.shows("renamed", "born")
        server.run("kill-session", "-t", "=born")
        await workers.shows("renamed")

        assert workers.need("renamed").session_id == identity
        created = [event for event in workers.of(SessionCreated) if isinstance(event, SessionCreated)]
        assert [(e.session.tmux_name, e.reason) for e in created] == [
            ("old", CreatedReason.STARTUP_DISCOVERY),
            ("born", CreatedReason.RUNTIME_DISCOVERY),
        ]
        deleted = [event for event in workers.of(SessionDeleted) if isinstance(event, SessionDeleted)]
        assert [(e.session.tmux_name, e.reason) for e in deleted] == [("born", ExitReason.PROCESS_EXIT)]


async def test_what_went_with_its_server_rests_deeply_whatever_was_said_of_it_last(
    server: TmuxServer, private_home: Path
) -> None:
    server.session("work")
    async with watching(server.socket, private_home) as workers:
        session_id = workers.need("work").session_id
        said = ThoughtSnapshot(
            thought="reads the tests",
            rest_state=RestState.ACTIVE,
            updated_at=workers.context.clock.now(),
            stream_instance_id="one",
            emission_seq=1,
        )
        update = ThoughtUpdate(session_id=session_id, snapshot=said)
        assert workers.workers.thoughts.take(update) is not None
        workers.workers.supervisor.renew(session_id)
        assert workers.need("work").thought == "reads the tests"
        server.kill()
        await until(lambda: workers.need("work").is_stale, "it is lost")
        workers.workers.supervisor.show()

        assert workers.need("work").rest_state is RestState.DEEP_SLEEP
    async with services_on(server.socket, private_home) as opened:
        (kept,) = await opened.context.store.sessions()
        assert kept.rest_state is RestState.DEEP_SLEEP


async def test_the_session_a_console_ended_with_is_no_row(server: TmuxServer, private_home: Path) -> None:
    server.session("keep")
    server.session("was-the-console")
    async with watching(server.socket, private_home) as workers:
        own = workers.need("was-the-console").session_id
        await workers.context.store.set_meta(own_session_key(str(workers.context.mux.address)), json.dumps(own))
        server.run("kill-session", "-t", "=was-the-console")
        await workers.shows("keep")

        assert own not in workers.workers.supervisor.ended
        assert not workers.of(SessionDeleted)
        assert await workers.context.store.activity(ActivityQuery(kind="session.deleted")) == []
    async with services_on(server.socket, private_home) as opened:
        assert [session.tmux_name for session in await opened.context.store.sessions()] == ["keep"]


async def test_a_console_s_session_that_ends_while_nothing_can_be_written_stops_no_look(
    server: TmuxServer, private_home: Path
) -> None:
    server.session("keep")
    server.session("was-the-console")
    async with watching(server.socket, private_home) as workers:
        own = workers.need("was-the-console").session_id
        await workers.context.store.set_meta(own_session_key(str(workers.context.mux.address)), json.dumps(own))
        assert await workers.context.store.flush()
        with locked(workers.context.places.state_file):
            server.run("kill-session", "-t", "=was-the-console")
            await workers.shows("keep")
            server.session("later")
            await workers.shows("keep", "later")

        assert own not in workers.workers.supervisor.ended
        assert not workers.of(SessionDeleted)


async def test_an_exit_tells_its_status_and_leaves_its_last_words(server: TmuxServer, private_home: Path) -> None:
    server.session("keep")
    async with watching(server.socket, private_home) as workers:
        pane = server.session("dying", "sh", "-c", "echo these are my last words; read x; exit 3")
        await until(
            lambda: (
                workers.row("dying") is not None and workers.workers.reader.memory_of(workers.need("dying").session_id)
            ),
            "",
        )
        session_id = workers.need("dying").session_id
        watched = workers.workers.reader.memory_of(session_id)
        assert watched is not None
        await until(lambda: "last words" in (watched.screen or ""), "the screen was read")
        server.run("send-keys", "-t", pane, "Enter")
        await workers.shows("keep")
        ended = workers.workers.supervisor.fleet.exited[session_id]

    assert ended.state is SessionState.EXITED
    assert ended.exit_status == 3
    async with services_on(server.socket, private_home) as opened:
        assert "these are my last words" in await opened.context.store.tail(session_id)
        (told,) = await opened.context.store.activity(ActivityQuery(kind="session.deleted"))
        assert told.data == {"reason": "process_exit", "exit_status": 3}


async def test_an_ended_session_keeps_its_last_lines_and_not_its_last_screen_only(
    server: TmuxServer, private_home: Path
) -> None:
    server.session("keep")
    async with watching(server.socket, private_home) as workers:
        pane = server.session("counts", "sh", "-c", "seq 1 1000; read x; echo the end; exit 0")
        await until(lambda: workers.row("counts"), "it is there")
        session_id = workers.need("counts").session_id
        scrollbacks = workers.workers.scrollbacks

        def is_whole() -> bool:
            lines = scrollbacks._lines.get(session_id)
            return lines is not None and lines.is_whole

        await until(is_whole, "what scrolled by was asked for")
        server.run("send-keys", "-t", pane, "Enter")
        await workers.shows("keep")

    async with services_on(server.socket, private_home) as opened:
        kept = (await opened.context.store.tail(session_id)).splitlines()
    numbers = [int(line) for line in kept if line.isdecimal()]
    assert numbers == list(range(numbers[0], 1001))
    assert 290 <= len(numbers) <= 300


async def test_a_session_that_a_command_ends_keeps_its_last_lines(server: TmuxServer, private_home: Path) -> None:
    server.session("keep")
    pane = server.session("counts", "sh", "-c", "seq 1 1000; read x")
    await until(lambda: "1000" in server.run("capture-pane", "-p", "-t", pane), "it has counted")
    async with services_on(server.socket, private_home) as opened:
        await opened.workers.look_once()
        session = opened.context.session("counts")
        await kill(opened.context, session)
        kept = (await opened.context.store.tail(session.session_id)).split()

    assert kept == [str(number) for number in range(701, 1001)]


async def test_a_pane_kept_after_its_end_counts_as_ended(server: TmuxServer, private_home: Path) -> None:
    server.session("keep")
    server.run("set-option", "-g", "remain-on-exit", "on")
    async with watching(server.socket, private_home) as workers:
        server.session("dead", "sh", "-c", "exit 5")
        await workers.shows("keep")

        assert "dead" in server.sessions()


async def test_a_restarted_server_is_one_event_and_names_get_their_identities_back(
    server: TmuxServer, private_home: Path
) -> None:
    for name in ("one", "two", "three"):
        server.session(name)
    async with watching(server.socket, private_home) as workers:
        before = {s.tmux_name: s.session_id for s in workers.sessions()}
        server.run("kill-server")
        await until(lambda: all(s.is_stale for s in workers.sessions()), "all rows are stale")
        assert not workers.of(SessionDeleted)
        server.session("two")
        await workers.shows("two")

        assert workers.need("two").session_id == before["two"]
        assert {s.tmux_name: s.session_id for s in workers.sessions()} == before
        changes = [event for event in workers.of(ServerChanged) if isinstance(event, ServerChanged)]
        assert [(bool(e.before), bool(e.after)) for e in changes] == [(True, False), (False, True)]
        assert len(workers.of(SessionStale)) == 3
        assert not workers.of(SessionDeleted)
        (told,) = await workers.context.store.activity(ActivityQuery(kind="server.changed"))
        assert (told.data["reason"], told.data["sessions"]) == ("server_gone", 3)


async def test_a_stopped_server_changes_nothing_and_rows_are_marked_unsure(
    server: TmuxServer, private_home: Path
) -> None:
    server.session("work")
    async with watching(server.socket, private_home, settings=Settings()) as workers:
        before = workers.need("work")
        server.stop()
        workers.workers.watcher.look_now()
        await until(lambda: workers.workers.supervisor.fleet.look_failures, "a look failed")
        written = workers.workers.checkpoints.written

        assert workers.need("work").session_id == before.session_id
        assert not workers.workers.supervisor.fleet.is_certain
        assert not workers.of(SessionDeleted)
        assert not workers.of(SessionStale)
        assert workers.workers.checkpoints.written == written
        server.cont()
        await until(lambda: workers.workers.supervisor.fleet.is_certain, "looks succeed again")
        assert workers.need("work").session_id == before.session_id
        assert len(workers.of(SessionCreated)) == 1


async def test_a_failed_look_is_an_error_for_a_command(server: TmuxServer, private_home: Path) -> None:
    server.session("work")
    server.stop()
    try:
        async with services_on(server.socket, private_home, settings=Settings()) as opened:
            with pytest.raises(TmuxError):
                await opened.workers.look_once()
    finally:
        server.cont()


async def test_what_ended_while_nobody_looked_is_said_once(server: TmuxServer, private_home: Path) -> None:
    server.session("keep")
    server.session("gone")
    async with watching(server.socket, private_home) as workers:
        await workers.shows("keep", "gone")
    server.run("kill-session", "-t", "=gone")

    for expected in (1, 0):
        async with watching(server.socket, private_home) as workers:
            deleted = [e for e in workers.of(SessionDeleted) if isinstance(e, SessionDeleted)]
            assert [e.reason for e in deleted] == [ExitReason.STARTUP_MISSING_TMUX] * expected


async def test_two_crews_agree_and_only_one_keeps(server: TmuxServer, private_home: Path) -> None:
    server.session("work", "sh")
    # tmux tells nobody which program a pane runs, so that what is asked here waits for the next look in any case.
    often = patient(resync_seconds=2)
    async with (
        watching(server.socket, private_home, settings=often) as first,
        watching(server.socket, private_home, settings=often) as second,
    ):
        assert first.workers.row_writer.is_writer
        assert not second.workers.row_writer.is_writer
        server.session("born", "sh")
        await first.shows("work", "born")
        await second.shows("work", "born")
        assert {s.tmux_name: s.session_id for s in first.sessions()} == {
            s.tmux_name: s.session_id for s in second.sessions()
        }
        server.run("send-keys", "-t", "=work:", "sleep 100", "Enter")
        await until(lambda: second.need("work").state is SessionState.BUSY, "the follower sees what the keeper derived")

        await first.workers.end()
        await until(lambda: second.workers.row_writer.try_to_keep(), "the other takes over")


async def test_of_a_birth_that_two_see_one_line_is_logged(server: TmuxServer, private_home: Path) -> None:
    server.session("work")
    async with watching(server.socket, private_home) as first, watching(server.socket, private_home) as second:
        server.session("born")
        await first.shows("work", "born")
        await second.shows("work", "born")
        server.run("kill-session", "-t", "=born")
        await first.shows("work")
        await second.shows("work")
        born = await first.context.store.activity(ActivityQuery(kind="session.created", search="born"))
        ended = await first.context.store.activity(ActivityQuery(kind="session.deleted", search="born"))

    assert (len(born), len(ended)) == (1, 1)


async def test_a_forgotten_session_stays_away_until_it_is_adopted(server: TmuxServer, private_home: Path) -> None:
    server.session("work")
    server.session("keep")
    async with watching(server.socket, private_home) as workers:
        identity = workers.need("work").session_id
        await forget(workers.context, workers.need("work"))
        assert "work" in server.sessions()
        await workers.workers.supervisor.look()
        await workers.shows("keep")

        session = await adopt(workers.context, "work")

        assert session.tmux_name == "work"
        await workers.shows("keep", "work")
        deleted = [e for e in workers.of(SessionDeleted) if isinstance(e, SessionDeleted)]
        assert [(e.session.session_id, e.tmux_session_alive) for e in deleted] == [(identity, True)]


async def test_a_session_that_a_look_found_becomes_the_stale_one_that_is_named(
    server: TmuxServer, private_home: Path
) -> None:
    server.session("web")
    server.session("keep")
    async with watching(server.socket, private_home) as workers:
        await workers.shows("web", "keep")
        identity = workers.need("web").session_id
        server.kill()
        server.session("web-again")
        fleet = workers.workers.supervisor
        await until(lambda: workers.row("web-again") and fleet.fleet.sessions[identity].is_stale, "it is lost")
        given_up = workers.need("web-again").session_id

        session = await adopt(workers.context, "web-again", identity)

        assert (session.session_id, session.tmux_name, session.is_stale) == (identity, "web-again", False)
        assert given_up not in fleet.fleet.sessions
        (told,) = await workers.context.store.activity(ActivityQuery(kind="session.adopted"))
        assert (told.session_id, told.data["instead_of"]) == (identity, given_up)


async def test_adopting_says_why_it_will_not(server: TmuxServer, private_home: Path) -> None:
    server.session("work")
    async with watching(server.socket, private_home) as workers:
        with pytest.raises(UsageError):
            await adopt(workers.context, "")
        with pytest.raises(NotFound):
            await adopt(workers.context, "nowhere")
        with pytest.raises(Refused, match="watched already"):
            await adopt(workers.context, "work")


async def test_a_session_that_went_with_its_server_comes_back_with_its_identity_and_its_conversation(
    server: TmuxServer, private_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "told"
    program = tmp_path / "codex"
    program.write_text(f'#!/bin/sh\necho "$@" > {told}.part; mv {told}.part {told}; exec sleep 600\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    server.session("keep")
    async with watching(server.socket, private_home) as workers:
        lost, _ = await new_session(workers.context, NewSessionRequest(cwd=tmp_path, name="lost"))
        server.kill()
        await until(lambda: workers.need("lost").is_stale, "the row is stale")
        stale = replace(workers.need("lost"), tool="Codex", conversation="1234")

        assert await reopen(workers.context, stale) == []

        back = workers.need("lost")
        assert (back.session_id, back.is_stale, back.tool) == (lost.session_id, False, "Codex")
        await until(told.exists, "the agent was started")
        assert "resume" in told.read_text()
        assert "1234" in told.read_text()


async def test_a_stale_identity_can_be_taken_up_by_name(server: TmuxServer, private_home: Path) -> None:
    server.session("work")
    async with watching(server.socket, private_home) as workers:
        identity = workers.need("work").session_id
        server.run("kill-server")
        await until(lambda: workers.need("work").is_stale, "the row is stale")
        server.session("work")
        await workers.shows("work")

        assert workers.need("work").session_id == identity


async def test_ending_a_session_moves_its_viewers_away_first(
    server: TmuxServer, private_home: Path, short_folder: Path
) -> None:
    keep = server.session("keep", "sh")
    server.session("doomed", "sh")
    with Terminals(short_folder / "o", server) as terminals:
        client, _ = terminals.attach("=doomed")
        async with watching(server.socket, private_home) as workers:
            await until(lambda: workers.need("doomed").attached_clients == 1, "the terminal is counted")
            await kill(workers.context, workers.need("doomed"))
            await workers.shows("keep")

            assert server.sessions() == ["keep"]
            assert terminals.shows(client) == keep


async def test_the_session_one_runs_in_is_never_ended_from_inside(server: TmuxServer, private_home: Path) -> None:
    pane = server.session("mine", "sh")
    async with watching(server.socket, private_home) as workers:
        with pytest.raises(Refused, match="runs in"):
            await kill(workers.context, workers.need("mine"), own_pane=pane)

    assert server.sessions() == ["mine"]


async def test_a_kill_that_fails_leaves_the_row(
    server: TmuxServer, private_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.session("work")
    async with watching(server.socket, private_home) as workers:

        async def fails(*_: object, **__: object) -> None:
            raise TmuxError("tmux did not answer")

        monkeypatch.setattr(workers.context.mux, "kill_session", fails)
        with pytest.raises(TmuxError):
            await kill(workers.context, workers.need("work"))

        assert workers.need("work").state is not SessionState.EXITED


async def test_a_new_session_is_adopted_once_however_many_look(
    server: TmuxServer, private_home: Path, tmp_path: Path
) -> None:
    server.session("keep")
    async with watching(server.socket, private_home) as first, watching(server.socket, private_home) as second:
        made, notices = await new_session(first.context, NewSessionRequest(cwd=tmp_path, name="made"))
        await first.shows("keep", "made")
        await second.shows("keep", "made")

        assert not notices
        assert first.need("made").session_id == second.need("made").session_id == made.session_id
        created = [e for e in first.of(SessionCreated) if isinstance(e, SessionCreated)]
        assert [e.reason for e in created if e.session.tmux_name == "made"] == [CreatedReason.API_CREATE]


async def test_unnamed_sessions_get_the_number_after_the_highest(
    server: TmuxServer, private_home: Path, tmp_path: Path
) -> None:
    server.session("7")
    async with watching(server.socket, private_home) as workers:
        made, _ = await new_session(workers.context, NewSessionRequest(cwd=tmp_path, name="  "))

    assert made.tmux_name == "8"


async def test_a_missing_folder_is_refused_before_anything_is_made(
    server: TmuxServer, private_home: Path, tmp_path: Path
) -> None:
    server.session("keep")
    async with watching(server.socket, private_home) as workers:
        with pytest.raises(UsageError, match="no folder"):
            await new_session(workers.context, NewSessionRequest(cwd=tmp_path / "nowhere", name="x"))

    assert server.sessions() == ["keep"]


async def test_a_row_that_did_not_change_makes_no_event(server: TmuxServer, private_home: Path) -> None:
    server.session("still")
    async with watching(server.socket, private_home) as workers:
        await until(lambda: workers.need("still").is_certain, "its state is known")
        await workers.workers.supervisor.look()
        workers.events.clear()
        for _ in range(3):
            await workers.workers.supervisor.look()

        assert not workers.of(SessionChanged)


async def test_what_is_not_well_is_kept_for_commands_until_it_is_well_again(
    server: TmuxServer, private_home: Path
) -> None:
    server.session("work")
    async with watching(server.socket, private_home, settings=Settings()) as workers:
        state, address = workers.context.places.state_file, str(workers.context.mux.address)
        workers.workers.supervisor.report("thoughts", Health.UNHEALTHY, "HTTP 500")
        await until(lambda: troubles(state, address) == {"thoughts": "HTTP 500"}, "it was kept")
        server.stop()
        workers.workers.watcher.look_now()
        await until(lambda: "tmux" in troubles(state, address), "that tmux does not answer is kept, too")
        server.cont()
        workers.workers.supervisor.report("thoughts", Health.HEALTHY)
        await until(lambda: troubles(state, address) == {}, "all is well again")
        workers.workers.supervisor.report("thoughts", Health.UNHEALTHY, "HTTP 500")
        await until(lambda: troubles(state, address), "it was kept once more")
    assert troubles(state, address) == {}, "nobody watches, so nothing is wrong with who does"
