from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.session import ExitReason, SessionId, SessionState, TransportHealth
from quarterdeck.core.times import EPOCH
from quarterdeck.errors import NotFound, Refused
from quarterdeck.ports.store import Claim, Identity
from quarterdeck.store.identity import ENDED_ECHO, RESERVATION_LASTS
from quarterdeck.store.sessions import ENDED_KEPT
from quarterdeck.values import replace
from support.store import NEXT_RUN, NOON, RUN, SERVER, HandClock, open_store, seen_session, session, thought

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from quarterdeck.store.sqlite import SqliteStore


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def store(tmp_path: Path, clock: HandClock) -> AsyncIterator[SqliteStore]:
    async with open_store(tmp_path / "state.db", clock) as opened:
        yield opened


async def ids(store: SqliteStore, *seen: int, run: str = RUN) -> list[str]:
    answer = await store.claim(SERVER, run, [seen_session(number) for number in seen])
    return [answer[seen_session(number).tmux_id].session_id for number in seen]


async def test_sighted_sessions_are_numbered_in_the_order_they_were_seen(store: SqliteStore) -> None:
    assert await ids(store, 7, 3, 5) == ["sess_0", "sess_1", "sess_2"]


async def test_a_second_claim_gives_the_same_identity(store: SqliteStore) -> None:
    await ids(store, 1)

    again = await store.claim(SERVER, RUN, [seen_session(1), seen_session(2)])

    assert list(again.values()) == [
        Identity(SessionId("sess_0"), Claim.KNOWN),
        Identity(SessionId("sess_1"), Claim.NEW),
    ]


async def test_a_renamed_session_keeps_its_identity_and_shows_its_new_name(store: SqliteStore) -> None:
    await store.claim(SERVER, RUN, [seen_session(1, "before")])

    after = await store.claim(SERVER, RUN, [seen_session(1, "after")])

    assert after[seen_session(1).tmux_id] == Identity(SessionId("sess_0"), Claim.KNOWN)
    assert [one.tmux_name for one in await store.sessions()] == ["after"]


async def test_two_servers_share_the_numbers_and_nothing_else(store: SqliteStore) -> None:
    await ids(store, 1)

    other = await store.claim("/tmp/other", RUN, [seen_session(1)])

    assert other[seen_session(1).tmux_id] == Identity(SessionId("sess_1"), Claim.NEW)
    assert [one.session_id for one in await store.sessions("/tmp/other")] == ["sess_1"]


async def test_after_a_server_restart_exact_names_get_their_identities_back(store: SqliteStore) -> None:
    await store.claim(SERVER, RUN, [seen_session(0, "api"), seen_session(1, "api "), seen_session(2, "Web")])

    answer = await store.claim(
        SERVER, NEXT_RUN, [seen_session(0, "Web"), seen_session(1, "api "), seen_session(2, "web")]
    )

    assert {sighted: (found.session_id, found.claim) for sighted, found in answer.items()} == {
        "$0": ("sess_2", Claim.REVIVED),
        "$1": ("sess_1", Claim.REVIVED),
        "$2": ("sess_3", Claim.NEW),
    }
    assert [(one.session_id, one.is_stale) for one in await store.sessions()] == [
        ("sess_0", True),
        ("sess_1", False),
        ("sess_2", False),
        ("sess_3", False),
    ]


async def test_a_look_from_before_the_restart_claims_nothing(store: SqliteStore) -> None:
    await ids(store, 1, run=RUN)
    await ids(store, 1, run=NEXT_RUN)

    late = await store.claim(SERVER, RUN, [seen_session(1), seen_session(9)])

    assert late == {}
    assert [(one.incarnation, one.is_stale) for one in await store.sessions()] == [(NEXT_RUN, False)]


async def test_of_two_stale_rows_of_a_name_neither_is_guessed(store: SqliteStore) -> None:
    await store.stale([session(1, "twin"), session(2, "twin")])

    answer = await store.claim(SERVER, RUN, [seen_session(8, "twin")])

    assert list(answer.values()) == [Identity(SessionId("sess_3"), Claim.NEW)]


async def test_a_revived_session_keeps_what_was_known_and_is_live_again(store: SqliteStore) -> None:
    await ids(store, 1)
    known = replace(session(1, session_id="sess_0"), thought="mending the roof", token_count=7, tool="Codex")
    await store.stale([replace(known, state=SessionState.EXITED, transport_health=TransportHealth.DISCONNECTED)])

    await ids(store, 1)

    (back,) = await store.sessions()
    assert (back.thought, back.token_count, back.tool) == ("mending the roof", 7, "Codex")
    assert (back.is_stale, back.state, back.transport_health) == (False, SessionState.IDLE, TransportHealth.HEALTHY)
    assert back.last_activity_at == NOON


async def test_a_stale_session_that_was_renamed_is_found_by_its_tmux_id(store: SqliteStore) -> None:
    await store.claim(SERVER, RUN, [seen_session(1, "old")])
    await store.stale([session(1, "old", session_id="sess_0")])

    answer = await store.claim(SERVER, RUN, [seen_session(2, "old"), seen_session(1, "new")])

    assert answer[seen_session(1).tmux_id] == Identity(SessionId("sess_0"), Claim.REVIVED)
    assert answer[seen_session(2).tmux_id] == Identity(SessionId("sess_1"), Claim.NEW)


async def test_an_ended_session_never_comes_back(store: SqliteStore, clock: HandClock) -> None:
    await ids(store, 1)
    await store.end([session(1, session_id="sess_0")], ExitReason.PROCESS_EXIT)

    same_name = await store.claim(SERVER, RUN, [seen_session(2, "name-1")])
    clock.advance(ENDED_ECHO + 1)
    same_session = await store.claim(SERVER, RUN, [seen_session(1)])

    assert [found.session_id for found in (*same_name.values(), *same_session.values())] == ["sess_1", "sess_2"]


async def test_what_stands_next_in_a_session_that_goes_on_is_another_at_once(store: SqliteStore) -> None:
    await ids(store, 1)
    await store.end([session(1, session_id="sess_0")], ExitReason.PROCESS_EXIT, goes_on=True)

    assert await ids(store, 1) == ["sess_1"]


async def test_a_look_that_began_before_the_end_makes_no_ghost(store: SqliteStore) -> None:
    await ids(store, 1)
    await store.end([session(1, session_id="sess_0")], ExitReason.API_DELETE)

    assert await store.claim(SERVER, RUN, [seen_session(1)]) == {}


async def test_a_forgotten_session_is_left_alone_until_it_is_adopted(store: SqliteStore, clock: HandClock) -> None:
    await ids(store, 1)
    await store.forget(SessionId("sess_0"))
    clock.advance(3600)

    assert await store.claim(SERVER, RUN, [seen_session(1)]) == {}
    assert await store.sessions() == []

    assert await store.adopt(SERVER, RUN, seen_session(1), None) == Identity(SessionId("sess_0"), Claim.REVIVED)
    assert [one.session_id for one in await store.sessions()] == ["sess_0"]
    assert await ids(store, 1) == ["sess_0"]


async def test_forgetting_who_is_not_there_says_so(store: SqliteStore) -> None:
    with pytest.raises(NotFound, match="no session sess_7"):
        await store.forget(SessionId("sess_7"))


async def test_a_forgotten_session_adopted_as_another_leaves_discovery_in_peace(store: SqliteStore) -> None:
    await store.stale([session(5, "name-1")])
    await store.claim(SERVER, RUN, [seen_session(1, "first")])
    await store.forget(SessionId("sess_6"))

    adopted = await store.adopt(SERVER, RUN, seen_session(1), SessionId("sess_5"))

    assert adopted == Identity(SessionId("sess_5"), Claim.REVIVED)
    assert await ids(store, 1) == ["sess_5"]


@pytest.mark.parametrize(
    ("wanted", "error", "words"),
    [
        (None, Refused, "2 sessions wait for the name twin: sess_1, sess_2"),
        ("sess_3", Refused, "sess_3 belongs to another tmux server"),
        ("sess_4", Refused, "sess_4 is live"),
        ("sess_9", NotFound, "no session sess_9"),
    ],
)
async def test_an_adoption_that_cannot_be_says_why(
    store: SqliteStore, wanted: str | None, error: type[Exception], words: str
) -> None:
    await store.stale([session(1, "twin"), session(2, "twin"), replace(session(3, "twin"), tmux_server="/elsewhere")])
    await store.checkpoint([session(4)])

    with pytest.raises(error, match=words):
        await store.adopt(SERVER, RUN, seen_session(9, "twin"), SessionId(wanted) if wanted else None)


async def test_what_is_watched_already_cannot_be_adopted(store: SqliteStore) -> None:
    await ids(store, 1)

    with pytest.raises(Refused, match="name-1 is watched already, as sess_0"):
        await store.adopt(SERVER, RUN, seen_session(1), None)


async def test_what_a_look_found_gives_way_to_the_identity_that_is_named(store: SqliteStore) -> None:
    await store.stale([session(1, "before")])
    assert await ids(store, 7) == ["sess_2"]

    adopted = await store.adopt(SERVER, RUN, seen_session(7), SessionId("sess_1"))

    assert adopted == Identity(SessionId("sess_1"), Claim.REVIVED)
    assert [one.session_id for one in await store.sessions()] == ["sess_1"]
    assert await ids(store, 7) == ["sess_1"]
    assert await ids(store, 8) == ["sess_3"], "the id that gave way is used up"


async def test_what_was_detached_elsewhere_is_not_taken_from_there(store: SqliteStore) -> None:
    assert await ids(store, 1, 2) == ["sess_0", "sess_1"]
    await store.forget(SessionId("sess_0"))

    with pytest.raises(Refused, match="sess_0 was detached from another session"):
        await store.adopt(SERVER, RUN, seen_session(2), SessionId("sess_0"))


async def test_a_reserved_identity_goes_to_the_session_of_that_name(store: SqliteStore) -> None:
    reserved = await store.reserve(SERVER, "build")

    answer = await store.claim(SERVER, RUN, [seen_session(1, "other"), seen_session(2, "build")])

    assert reserved == "sess_0"
    (made,) = [row for row in await store.sessions(SERVER) if row.session_id == "sess_0"]
    assert made.last_activity_at > EPOCH, "its life begins with its making"
    assert answer[seen_session(2, "build").tmux_id] == Identity(SessionId("sess_0"), Claim.NEW)
    assert answer[seen_session(1, "other").tmux_id].session_id == "sess_1"


async def test_a_reservation_comes_before_a_stale_session_of_the_name(store: SqliteStore) -> None:
    await store.stale([session(1, "build")])
    await store.reserve(SERVER, "build", SessionId("app-3"))

    answer = await store.claim(SERVER, RUN, [seen_session(8, "build")])

    assert [found.session_id for found in answer.values()] == ["app-3"]


async def test_a_reserved_name_is_that_of_the_stale_session_which_waits_for_it(
    store: SqliteStore, clock: HandClock
) -> None:
    await store.stale([session(1, "build")])

    assert await store.reserve(SERVER, "build") == "sess_1"
    (waiting,) = await store.sessions()
    assert waiting.is_stale, "what nothing has come of yet is shown as it was"
    clock.advance(RESERVATION_LASTS + 1)
    assert await store.reserve(SERVER, "build") == "sess_1", "a process that died has not taken it along"
    await store.release(SessionId("sess_1"))
    answer = await store.claim(SERVER, RUN, [seen_session(8, "build")])
    assert list(answer.values()) == [Identity(SessionId("sess_1"), Claim.REVIVED)]


async def test_a_name_is_reserved_once(store: SqliteStore) -> None:
    await store.reserve(SERVER, "build")

    with pytest.raises(Refused, match="being made already, as sess_0"):
        await store.reserve(SERVER, "build")


async def test_a_released_identity_is_not_shown_and_never_given_again(store: SqliteStore) -> None:
    reserved = await store.reserve(SERVER, "build")
    await store.release(reserved)

    assert await store.sessions() == []
    assert await ids(store, 1) == ["sess_1"]


async def test_a_kept_identity_can_be_reserved_and_given_up(store: SqliteStore) -> None:
    await store.checkpoint([session(1, session_id="app-3")])
    await store.end([session(1, session_id="app-3")], ExitReason.PROCESS_EXIT)

    await store.reserve(SERVER, "app-3", SessionId("app-3"))
    await store.release(SessionId("app-3"))

    (kept,) = await store.sessions()
    assert (kept.session_id, kept.state, kept.tmux_name) == ("app-3", SessionState.EXITED, "name-1")


async def test_a_restored_session_gets_its_own_identity_back(store: SqliteStore) -> None:
    await store.checkpoint([session(1, session_id="app-3")])
    await store.end([session(1, session_id="app-3")], ExitReason.PROCESS_EXIT)
    await store.reserve(SERVER, "app-3", SessionId("app-3"))

    answer = await store.claim(SERVER, RUN, [seen_session(2, "app-3")])

    assert list(answer.values()) == [Identity(SessionId("app-3"), Claim.REVIVED)]


async def test_a_live_identity_cannot_be_reserved(store: SqliteStore) -> None:
    await ids(store, 1)

    with pytest.raises(Refused, match="sess_0 is live"):
        await store.reserve(SERVER, "name-1", SessionId("sess_0"))


async def test_the_reservation_of_a_dead_process_lapses(store: SqliteStore, clock: HandClock) -> None:
    await store.reserve(SERVER, "build")
    clock.advance(RESERVATION_LASTS + 1)

    answer = await store.claim(SERVER, RUN, [seen_session(1, "build")])

    assert [found.session_id for found in answer.values()] == ["sess_1"]


async def test_ids_stay_above_those_that_thoughts_and_rows_speak_of(store: SqliteStore) -> None:
    await store.save_thought(thought("sess_42", "an old one"))
    assert await ids(store, 1) == ["sess_43"]

    await store.checkpoint([session(2, session_id="sess_99")])
    assert await ids(store, 3) == ["sess_100"]


async def test_an_id_is_not_used_again_after_its_row_was_removed(store: SqliteStore, clock: HandClock) -> None:
    await store.checkpoint([session(1, session_id="sess_30")])
    await store.end([session(1, session_id="sess_30")], ExitReason.PROCESS_EXIT)
    clock.advance(ENDED_KEPT + 7200)
    await store.checkpoint([])

    assert await store.sessions() == []
    assert await ids(store, 2) == ["sess_31"]


@pytest.mark.parametrize(
    "name", ["", "   ", "0", "-x", "a:b.c", "tab\there", "日本語", "'; DROP TABLE sessions; --", "\udcff"]
)
async def test_any_name_is_only_a_name(store: SqliteStore, name: str) -> None:
    await store.claim(SERVER, RUN, [seen_session(1, name)])

    answer = await store.claim(SERVER, NEXT_RUN, [seen_session(1, "decoy"), seen_session(5, name)])

    assert answer[seen_session(5).tmux_id] == Identity(SessionId("sess_0"), Claim.REVIVED)
