"""Which thought updates count, what is held after one, and what a row shows of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.pane import Pane, PaneId, TmuxSessionId, WindowId
from quarterdeck.core.projection import KnownFacts, project
from quarterdeck.core.session import RestState, Session, SessionId, ThoughtSource, ThoughtState
from quarterdeck.core.thought import ThoughtSnapshot, ThoughtUpdate, accept, fold, key_for, pane_key, supersedes
from quarterdeck.values import replace
from support.struct_of import struct_of

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)
ROW = Session(session_id=SessionId("sess_1"), tmux_name="work", tmux_server="/tmp/s")

streams = st.sampled_from([None, "a", "b"])
snapshots = struct_of(
    ThoughtSnapshot,
    thought=st.sampled_from([None, "", "Sleeping.", "reads the parser", "asks which colour"]),
    thought_source=st.sampled_from(ThoughtSource),
    objective_changed_at=st.sampled_from([None, NOON, LATER]),
    updated_at=st.sampled_from([NOON, LATER]),
    stream_instance_id=streams,
    emission_seq=st.integers(0, 4),
    token_count=st.integers(0, 3),
    context_limit=st.integers(0, 3),
)
updates = struct_of(ThoughtUpdate, session_id=st.just("sess_1"), snapshot=snapshots, objective_changed=st.booleans())


def snapshot(stream: str | None = None, seq: int = 0, **fields: object) -> ThoughtSnapshot:
    # The fields of many types arrive through one mapping.
    return replace(ThoughtSnapshot(updated_at=NOON, stream_instance_id=stream, emission_seq=seq), **fields)  # type: ignore[arg-type]


def update(stream: str | None = None, seq: int = 0, *, shift: bool = False, **fields: object) -> ThoughtUpdate:
    return ThoughtUpdate(session_id="sess_1", snapshot=snapshot(stream, seq, **fields), objective_changed=shift)


def merge(row: Session, spoken: ThoughtSnapshot) -> Session:
    return project(row, KnownFacts(thought=spoken), LATER)


@pytest.mark.parametrize(
    ("held", "new", "wanted"),
    [
        pytest.param(None, (None, 0), True, id="nothing held, unsequenced"),
        pytest.param(None, ("a", 7), True, id="nothing held, sequenced"),
        pytest.param((None, 0), (None, 0), True, id="no stream held, unsequenced"),
        pytest.param((None, 3), ("a", 2), True, id="no stream held, sequenced"),
        pytest.param((None, 3), (None, 2), True, id="no stream held, sequenced without stream"),
        pytest.param(("a", 3), (None, 4), True, id="sequenced without stream"),
        pytest.param(("a", 3), (None, 0), False, id="unsequenced after a watermark"),
        pytest.param(("a", 3), ("a", 0), False, id="seq 0 is unsequenced, even in the same stream"),
        pytest.param(("a", 3), ("a", 4), True, id="same stream, later"),
        pytest.param(("a", 3), ("a", 9), True, id="same stream, with a gap"),
        pytest.param(("a", 3), ("a", 3), False, id="duplicate"),
        pytest.param(("a", 3), ("a", 2), False, id="same stream, older"),
        pytest.param(("a", 3), ("b", 1), True, id="a restarted engine starts at 1"),
        pytest.param(("a", 3), ("b", 2), False, id="another stream, not from its start"),
        pytest.param(("b", 1), ("a", 4), False, id="the old stream after a restart"),
    ],
)
def test_an_update_counts_when_it_is_news(
    held: tuple[str | None, int] | None, new: tuple[str | None, int], wanted: bool
) -> None:
    assert accept(snapshot(*held) if held else None, update(*new)) is wanted


@given(st.lists(updates, max_size=12))
def test_no_number_of_a_stream_is_taken_twice_in_a_row(sent: list[ThoughtUpdate]) -> None:
    held: ThoughtSnapshot | None = None
    for each in sent:
        if not accept(held, each):
            continue
        before, held = held, fold(held, each)
        assert not accept(held, each) or held.stream_instance_id is None or each.snapshot.stream_instance_id is None
        if before and before.stream_instance_id is not None:
            assert held.stream_instance_id is not None


@given(st.lists(updates, max_size=12))
def test_a_thought_once_held_is_only_replaced_by_text(sent: list[ThoughtUpdate]) -> None:
    held: ThoughtSnapshot | None = None
    for each in sent:
        before, held = held, fold(held, each)
        assert held.thought_source is not ThoughtSource.STATIC_SLEEPING
        if each.snapshot.thought_source is ThoughtSource.STATIC_SLEEPING and before:
            assert held.thought == (before.thought if before.thought not in {None, "", "Sleeping."} else None)


def test_falling_asleep_keeps_the_last_real_thought() -> None:
    held = snapshot(thought="waits for the reviewer", thought_source=ThoughtSource.LLM)

    asleep = fold(
        held,
        update(thought="Sleeping.", thought_source=ThoughtSource.STATIC_SLEEPING, thought_state=ThoughtState.SLEEPING),
    )

    assert (asleep.thought, asleep.thought_source) == ("waits for the reviewer", ThoughtSource.CARRY_FORWARD)
    assert asleep.thought_state is ThoughtState.SLEEPING


@pytest.mark.parametrize("prior", [None, "", "  ", "sleeping", "Sleeping."])
def test_the_word_sleeping_is_no_thought_to_keep(prior: str | None) -> None:
    asleep = fold(snapshot(thought=prior), update(thought="Sleeping.", thought_source=ThoughtSource.STATIC_SLEEPING))

    assert asleep.thought is None


def test_the_supplied_time_is_kept() -> None:
    assert fold(snapshot(), update(updated_at=LATER)).updated_at == LATER


def test_the_time_of_the_objective_stays_until_the_next_shift() -> None:
    first = fold(None, update(shift=True, updated_at=NOON))
    steady = fold(first, update(updated_at=LATER))
    shifted = fold(steady, update(shift=True, updated_at=LATER))

    assert [each.objective_changed_at for each in (first, steady, shifted)] == [NOON, NOON, LATER]


def test_a_time_of_the_objective_that_is_supplied_is_kept() -> None:
    assert (
        fold(snapshot(), update(shift=True, updated_at=LATER, objective_changed_at=NOON)).objective_changed_at == NOON
    )


def test_an_update_without_stream_keeps_the_watermark() -> None:
    held = fold(snapshot("a", 3), update(None, 9, thought="x"))

    assert (held.thought, held.stream_instance_id, held.emission_seq) == ("x", "a", 3)


def pane(number: int, name: str = "work", window: int = 0, index: int = 0) -> Pane:
    return Pane(
        pane_id=PaneId(f"%{number}"),
        window_id=WindowId("@1"),
        tmux_id=TmuxSessionId("$1"),
        session_name=name,
        session_created=0,
        window_index=window,
        pane_index=index,
    )


def test_a_pane_key_names_session_window_pane_and_id() -> None:
    assert pane_key(pane(1, "0")) == "tmux:0:0.0:%1"
    assert pane_key(pane(2, "work", 1, 1)) == "tmux:work:1.1:%2"


def test_a_snapshot_is_found_by_id_then_by_the_active_pane_and_never_by_another() -> None:
    own, ours, shown, other = snapshot("a", 1), snapshot("quarterdeck-1", 1), snapshot(), snapshot()
    thoughts = {"tmux:work:0.0:%1": shown, "tmux:work:0.1:%2": other}

    assert key_for(ROW, thoughts, "tmux:work:0.0:%1") == "tmux:work:0.0:%1"
    assert key_for(ROW, {**thoughts, "sess_1": own}, "tmux:work:0.0:%1") == "sess_1"
    assert key_for(ROW, {**thoughts, "sess_1": ours}, "tmux:work:0.0:%1") == "tmux:work:0.0:%1"
    assert key_for(ROW, thoughts, "tmux:work:0.2:%3") == "sess_1"
    assert key_for(ROW, thoughts, None) == "sess_1"


@pytest.mark.parametrize(("stream", "seq"), [(None, 0), ("a", 0), ("a", 1), ("a", 7)])
def test_an_engine_outside_is_heard_over_our_own_from_its_first_word(stream: str | None, seq: int) -> None:
    ours = snapshot("quarterdeck-1", 4, thought="ours")
    theirs = update(stream, seq, thought="theirs")

    assert accept(ours, theirs)
    held = fold(ours, theirs)
    assert (held.stream_instance_id, held.emission_seq) == (stream, seq)
    assert not accept(ours, update("quarterdeck-2", 2))


def test_the_store_is_later_by_number_and_where_there_is_none_by_time() -> None:
    held = snapshot("a", 3)

    assert supersedes(snapshot("a", 4), held)
    assert supersedes(snapshot("b", 1, updated_at=NOON - timedelta(days=1)), held)
    assert not supersedes(snapshot("a", 2, updated_at=LATER), held)
    assert supersedes(snapshot(updated_at=LATER), snapshot())
    assert not supersedes(snapshot(), snapshot())


def test_a_list_row_takes_the_snapshot_and_keeps_its_own_thought() -> None:
    spoken = snapshot(
        thought="theirs",
        thought_state=ThoughtState.SLEEPING,
        rest_state=RestState.SLEEPING,
        commit_candidate=True,
        objective_changed_at=NOON,
        token_count=12,
        context_limit=99,
        updated_at=LATER,
    )

    filled = merge(ROW, spoken)

    assert (filled.thought, filled.thought_state, filled.rest_state) == ("theirs", "sleeping", "sleeping")
    assert (filled.commit_candidate, filled.objective_changed_at, filled.thought_updated_at) == (True, NOON, LATER)
    assert (filled.token_count, filled.context_limit) == (12, 99)
    assert merge(replace(ROW, thought="own"), spoken).thought == "own"
    assert merge(replace(ROW, thought="own"), replace(spoken, thought=None)).thought == "own"
    assert filled.last_activity_at == ROW.last_activity_at


def test_a_thought_of_an_earlier_snapshot_gives_way_whatever_their_times_are() -> None:
    older = merge(ROW, snapshot(thought="first", updated_at=NOON))

    for then in (LATER, NOON, NOON - timedelta(minutes=5)):
        assert merge(older, snapshot(thought="second", updated_at=then)).thought == "second"
    assert merge(older, snapshot(thought=None, updated_at=LATER)).thought == "first"


def test_counts_an_engine_does_not_know_do_not_wipe_ours() -> None:
    row = replace(ROW, token_count=5, context_limit=7)

    assert (merge(row, snapshot()).token_count, merge(row, snapshot()).context_limit) == (5, 7)


@given(snapshots)
def test_merging_the_same_snapshot_twice_changes_nothing_more(spoken: ThoughtSnapshot) -> None:
    assert merge(merge(ROW, spoken), spoken) == merge(ROW, spoken)


def test_an_empty_line_takes_the_one_before_it_off_the_row() -> None:
    shown = merge(ROW, snapshot(thought="make: compiling parser.c"))

    assert merge(shown, snapshot(thought="", updated_at=LATER)).thought is None
