from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.core.pane import PaneId, TmuxSessionId
from quarterdeck.core.session import (
    ActionCue,
    ActionCueKind,
    Ask,
    Confidence,
    Evidence,
    ExitReason,
    Need,
    RestState,
    Session,
    SessionId,
    SessionState,
    Source,
    ThoughtSource,
    ThoughtState,
    TransportHealth,
)
from quarterdeck.core.subagent import Subagent, SubagentState
from quarterdeck.core.thought import ThoughtSnapshot
from quarterdeck.core.work import Work
from quarterdeck.store import glances
from quarterdeck.store.kept_rows import BadRow, as_json, read_session, read_thought
from quarterdeck.values import replace
from support.store import NEXT_RUN, NOON, RUN, SERVER, open_store, seen_session, session, thought
from support.struct_of import struct_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from quarterdeck.store.sqlite import SqliteStore

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45)), timezone(timedelta(hours=-8))])
TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=ZONES)  # noqa: DTZ001 — bounds of any zone
MAYBE_TIMES = st.none() | TIMES
CUES = struct_of(ActionCue, kind=st.sampled_from(ActionCueKind), evidence=st.lists(TEXT, max_size=3).map(tuple))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=5,
)
WORKS = struct_of(
    Work,
    project=TEXT,
    role=TEXT,
    agent=TEXT,
    status=TEXT,
    branch=st.none() | TEXT,
    worktree=st.none() | TEXT,
    issue=st.none() | TEXT,
    prs=st.lists(st.dictionaries(TEXT, VALUES, max_size=2), max_size=2).map(tuple),
    lifecycle=st.dictionaries(TEXT, VALUES, max_size=2),
    display_name=st.none() | TEXT,
    created_at=MAYBE_TIMES,
    restored_at=MAYBE_TIMES,
)
SUBAGENTS = struct_of(
    Subagent,
    name=TEXT,
    state=st.sampled_from(SubagentState),
    thought=st.none() | TEXT,
    key=TEXT,
    pane_id=st.none() | TEXT.map(PaneId),
    team=TEXT,
    depth=st.integers(0, 3),
    since=MAYBE_TIMES,
)
SESSIONS = struct_of(
    Session,
    session_id=TEXT.map(SessionId),
    tmux_name=TEXT,
    tmux_server=TEXT,
    pane_id=st.none() | TEXT.map(PaneId),
    state=st.sampled_from(SessionState),
    state_evidence=struct_of(
        Evidence,
        cause=TEXT,
        confidence=st.sampled_from(Confidence),
        observed_at=MAYBE_TIMES,
        source=st.sampled_from(Source),
        detail=TEXT,
    ),
    needs=st.none() | st.sampled_from(Need),
    asks=st.none()
    | struct_of(Ask, kind=st.sampled_from(Need), text=TEXT, choices=st.lists(TEXT, max_size=3).map(tuple), since=TIMES),
    current_command=st.none() | TEXT,
    cwd=TEXT,
    tool=st.none() | TEXT,
    token_count=st.integers(0, 2**53),
    thought=st.none() | TEXT,
    thought_state=st.sampled_from(ThoughtState),
    thought_source=st.sampled_from(ThoughtSource),
    thought_updated_at=MAYBE_TIMES,
    rest_state=st.sampled_from(RestState),
    commit_candidate=st.booleans(),
    action_cues=st.lists(CUES, max_size=2).map(tuple),
    objective_changed_at=MAYBE_TIMES,
    last_skill=st.none() | TEXT,
    is_stale=st.booleans(),
    attached_clients=st.integers(0, 9),
    transport_health=st.sampled_from(TransportHealth),
    last_activity_at=TIMES,
    repo_theme_id=st.none() | TEXT,
    cost_usd=st.none() | st.floats(0, 1e6),
    model=st.none() | TEXT,
    work=st.none() | WORKS,
    tmux_id=st.none() | TEXT.map(TmuxSessionId),
    incarnation=TEXT,
    pid=st.integers(0, 2**31),
    created_at=MAYBE_TIMES,
    title=TEXT,
    objective_fingerprint=st.none() | TEXT,
    conversation=st.none() | TEXT,
    subagents=st.lists(SUBAGENTS, max_size=2).map(tuple),
    background_tasks=st.integers(0, 9),
    exit_reason=st.none() | st.sampled_from(ExitReason),
    exit_status=st.none() | st.integers(0, 255),
    ended_at=MAYBE_TIMES,
)
SNAPSHOTS = struct_of(
    ThoughtSnapshot,
    thought=st.none() | TEXT,
    thought_state=st.sampled_from(ThoughtState),
    thought_source=st.sampled_from(ThoughtSource),
    rest_state=st.sampled_from(RestState),
    commit_candidate=st.booleans(),
    action_cues=st.lists(CUES, max_size=2).map(tuple),
    objective_changed_at=MAYBE_TIMES,
    objective_fingerprint=st.none() | TEXT,
    token_count=st.integers(0, 2**53),
    updated_at=TIMES,
    stream_instance_id=st.none() | TEXT,
    emission_seq=st.integers(0, 2**53),
)
COLUMNS = {"session_id": "sess_1", "tmux_name": "a", "tmux_server": SERVER}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with open_store(tmp_path / "state.db") as opened:
        yield opened


@given(SESSIONS)
@settings(max_examples=60, deadline=None)
def test_a_session_is_read_back_as_it_was_written(kept: Session) -> None:
    assert read_session(as_json(kept), {}) == kept


@given(SNAPSHOTS)
@settings(max_examples=40, deadline=None)
def test_a_thought_is_read_back_as_it_was_written(kept: ThoughtSnapshot) -> None:
    assert read_thought(as_json(kept)) == kept


@given(
    st.text()
    | st.recursive(VALUES, lambda inner: st.dictionaries(st.sampled_from(Session.__struct_fields__), inner)).map(
        as_json
    )
)
@settings(max_examples=60, deadline=None)
def test_any_text_is_a_session_or_a_named_fault(body: str) -> None:
    try:
        kept = read_session(body, COLUMNS)
    except BadRow:
        return
    assert kept.session_id == "sess_1"


def test_what_an_older_version_did_not_write_takes_its_default() -> None:
    kept = read_session('{"thought": "on it", "a_field_of_the_future": [1]}', COLUMNS)

    assert kept == Session(session_id=SessionId("sess_1"), tmux_name="a", tmux_server=SERVER, thought="on it")


def test_the_conversation_that_was_kept_under_its_old_name_is_known() -> None:
    assert read_session('{"agent_session_id": "a-conversation"}', COLUMNS).conversation == "a-conversation"


def test_times_are_written_in_utc_with_a_z() -> None:
    assert as_json(NOON + timedelta(microseconds=5)) == '"2026-11-21T12:00:00.000005Z"'


AT_NIGHT = "2026-11-22T00:30:00+05:00"


def test_times_of_another_zone_are_read_in_utc() -> None:
    body = f'{{"created_at": "{AT_NIGHT}", "asks": {{"kind": "question", "text": "?", "since": "{AT_NIGHT}"}}}}'

    kept = read_session(body, COLUMNS)

    assert kept.asks is not None
    for time in (kept.created_at, kept.asks.since):
        assert time is not None
        assert (time.tzinfo, time.hour) == (UTC, 19)


@pytest.mark.parametrize("time", ["2026-11-21T12:00:00", "9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+05:00"])
def test_a_time_without_a_zone_or_that_utc_does_not_have_is_none(time: str) -> None:
    with pytest.raises(BadRow):
        read_session(f'{{"created_at": "{time}"}}', COLUMNS)


def test_what_utf_8_cannot_hold_is_written_as_a_question_mark() -> None:
    assert read_session(as_json(replace(session(1), title="a\udc80b")), {}).title == "a?b"


async def test_a_checkpoint_is_read_back_by_another_store(store: SqliteStore, tmp_path: Path) -> None:
    await store.checkpoint([replace(session(number), cwd=f"/src/{number}") for number in range(3)])

    async with open_store(tmp_path / "state.db") as other:
        assert [one.cwd for one in await other.sessions()] == ["/src/0", "/src/1", "/src/2"]


async def test_a_checkpoint_never_brings_back_what_has_ended(store: SqliteStore) -> None:
    await store.checkpoint([session(1)])
    await store.end([session(1)], ExitReason.PROCESS_EXIT)

    await store.checkpoint([replace(session(1), cwd="/late")])

    (kept,) = await store.sessions()
    assert (kept.state, kept.exit_reason, kept.cwd) == (SessionState.EXITED, ExitReason.PROCESS_EXIT, "")
    assert kept.ended_at is not None


async def test_a_checkpoint_of_an_earlier_run_spoils_nothing(store: SqliteStore) -> None:
    await store.checkpoint([session(1)])
    await store.claim(SERVER, NEXT_RUN, [seen_session(4, "name-1")])

    await store.checkpoint([replace(session(1), cwd="/earlier")])
    await store.stale([session(1)])
    ended = await store.end([session(1)], ExitReason.TMUX_RECONCILE_MISSING)

    (kept,) = await store.sessions()
    assert (ended, kept.cwd, kept.is_stale, kept.tmux_id) == ([], "", False, "$4")


async def test_a_checkpoint_leaves_alone_what_this_process_did_not_change(store: SqliteStore, tmp_path: Path) -> None:
    mine = [session(1), session(2)]
    await store.checkpoint(mine)
    async with open_store(tmp_path / "state.db") as other:
        await other.checkpoint([replace(session(1), cwd="/theirs")])

    await store.checkpoint([mine[0], replace(mine[1], cwd="/mine")])

    assert [one.cwd for one in await store.sessions()] == ["/theirs", "/mine"]


async def test_only_the_first_to_end_a_session_is_told_so(store: SqliteStore, tmp_path: Path) -> None:
    await store.checkpoint([session(1), session(2)])
    async with open_store(tmp_path / "state.db") as other:
        assert await other.end([session(1)], ExitReason.PROCESS_EXIT) == ["sess_1"]

    assert await store.end([session(1), session(2)], ExitReason.PROCESS_EXIT) == ["sess_2"]


async def test_a_stale_session_is_shown_as_gone_but_kept(store: SqliteStore) -> None:
    live = replace(session(1), state=SessionState.BUSY, current_command="vim", attached_clients=2, needs=Need.QUESTION)
    await store.checkpoint([live])

    await store.claim(SERVER, NEXT_RUN, [])

    (kept,) = await store.sessions()
    assert kept == replace(
        live,
        state=SessionState.EXITED,
        current_command=None,
        attached_clients=0,
        needs=None,
        rest_state=RestState.DEEP_SLEEP,
        is_stale=True,
        transport_health=TransportHealth.DISCONNECTED,
    )


async def test_a_row_that_cannot_be_understood_is_set_aside_and_keeps_its_identity(
    store: SqliteStore, tmp_path: Path
) -> None:
    await store.checkpoint([session(1), replace(session(2), cwd="/fine")])
    with sqlite3.connect(tmp_path / "state.db") as direct:
        direct.execute("""UPDATE sessions SET body = '{"state": "dreaming"}' WHERE session_id = 'sess_1'""")
    direct.close()

    assert [(one.session_id, one.cwd) for one in await store.sessions()] == [("sess_1", ""), ("sess_2", "/fine")]
    assert "1 stored rows could not be understood" in store.health().notice
    with sqlite3.connect(tmp_path / "state.db") as direct:
        ((came_from, key, reason, body),) = direct.execute("SELECT came_from, key, reason, body FROM set_aside")
    direct.close()
    assert (came_from, key, body) == ("sessions", "sess_1", '{"state": "dreaming"}')
    assert "dreaming" in reason


async def test_thoughts_are_judged_kept_and_remembered(store: SqliteStore) -> None:
    assert await store.save_thought(thought("sess_1", "first", 1, "engine")) is not None
    assert await store.save_thought(thought("sess_1", "a repeat", 1, "engine")) is None
    assert await store.save_thought(thought("sess_1", "second", 2, "engine")) is not None
    assert await store.save_thought(thought("tmux:work:0.1:%4", "by pane")) is not None

    held = await store.thoughts()

    assert {key: one.thought for key, one in held.items()} == {"sess_1": "second", "tmux:work:0.1:%4": "by pane"}
    assert [one.thought for one in await store.thought_history("sess_1")] == ["second", "first"]


async def test_the_history_holds_the_last_ten_distinct_thoughts(store: SqliteStore) -> None:
    for number in range(14):
        await store.save_thought(thought("sess_1", f"thought {number}", minute=number))
        await store.save_thought(thought("sess_1", f"thought {number}", minute=number))
    await store.save_thought(thought("sess_1", "thought 9", minute=20))

    words = [one.thought for one in await store.thought_history("sess_1")]

    assert words == [f"thought {number}" for number in (9, 13, 12, 11, 10, 8, 7, 6, 5, 4)]
    assert len(await store.thought_history("sess_1", limit=3)) == 3


async def test_a_thought_that_cannot_be_understood_holds_nothing_up(store: SqliteStore, tmp_path: Path) -> None:
    await store.save_thought(thought("sess_1", "one", 5, "engine"))
    await store.save_thought(thought("sess_2", "two", 5, "engine"))
    with sqlite3.connect(tmp_path / "state.db") as direct:
        direct.execute("UPDATE thoughts SET body = '[]'")
    direct.close()

    assert await store.save_thought(thought("sess_1", "three", 1, "engine")) is not None
    assert {key: one.thought for key, one in (await store.thoughts()).items()} == {"sess_1": "three"}
    assert {key: one.thought for key, one in (await store.thoughts()).items()} == {"sess_1": "three"}


async def test_tails_outlive_their_session_and_keep_whole_lines(store: SqliteStore) -> None:
    await store.checkpoint([session(1)])
    await store.save_tails({SessionId("sess_1"): "line\n" * 20_000 + "\x1b[31mlast words\x1b[0m"})
    await store.end([session(1)], ExitReason.PROCESS_EXIT)

    tail = await store.tail(SessionId("sess_1"))

    assert tail.startswith("line\n")
    assert tail.endswith("\x1b[31mlast words\x1b[0m")
    assert len(tail) <= 64 * 1024
    assert await store.tail(SessionId("sess_2")) == ""


async def test_of_the_times_at_which_an_agent_was_heard_the_latest_is_kept(store: SqliteStore) -> None:
    at = NOON.replace(microsecond=700_000)
    await store.note_heard({"claude": at, "codex": at})
    await store.note_heard({"claude": at - timedelta(hours=1), "codex": at + timedelta(seconds=1)})
    await store.note_heard({"claude": (at - timedelta(hours=2)).astimezone(timezone(timedelta(hours=5)))})
    await store.flush()

    assert glances.heard(store.path) == {"claude": NOON, "codex": NOON + timedelta(seconds=1)}
    assert glances.heard(store.path.with_name("none.db")) == {}


async def test_it_is_known_when_each_agent_was_last_at_work(store: SqliteStore) -> None:
    later = NOON + timedelta(hours=1)
    await store.checkpoint(
        [
            replace(session(1), tool="Codex"),
            replace(session(2), tool="Codex", last_activity_at=later),
            replace(session(3), tool=None, last_activity_at=later),
        ]
    )
    await store.flush()

    assert glances.at_work(store.path)["Codex"] == later


async def test_small_values_are_kept_by_name(store: SqliteStore) -> None:
    await store.set_meta("console.row", "sess_3")
    assert await store.get_meta("console.row") == "sess_3"

    await store.set_meta("console.row", None)
    assert await store.get_meta("console.row") is None


async def test_changes_of_others_are_noticed_and_our_own_are_not(store: SqliteStore, tmp_path: Path) -> None:
    await store.set_meta("mine", "1")
    assert not await store.changed_elsewhere()

    async with open_store(tmp_path / "state.db") as other:
        await other.set_meta("theirs", "1")

    assert await store.changed_elsewhere()
    assert not await store.changed_elsewhere()


async def test_sessions_of_one_server_are_told_from_those_of_another(store: SqliteStore) -> None:
    await store.claim(SERVER, RUN, [seen_session(1)])
    await store.claim("/tmp/other", RUN, [seen_session(1)])

    assert [one.tmux_server for one in await store.sessions(SERVER)] == [SERVER]
    assert len(await store.sessions()) == 2
