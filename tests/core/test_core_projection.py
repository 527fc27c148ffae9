"""The table of a session's fields says what is true: who sets each, and what follows another process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.pane import Pane, PaneId, TmuxSessionId, WindowId
from quarterdeck.core.projection import Conclusion, KnownFacts, Recorded, Seen, project
from quarterdeck.core.reading import UNBEGUN, Reading
from quarterdeck.core.report import ReportState
from quarterdeck.core.session import (
    Ask,
    Confidence,
    ExitReason,
    Need,
    RestState,
    Session,
    SessionState,
    ShownAgent,
    Source,
    ThoughtSource,
    ThoughtState,
    TransportHealth,
)
from quarterdeck.core.session_ends import gone, put_away
from quarterdeck.core.session_fields import FIELDS, FieldOwner
from quarterdeck.core.thought import ThoughtSnapshot
from quarterdeck.core.transcript import TranscriptView
from quarterdeck.values import replace
from support.whole_session import FULL, LATER, LIVE, differing

if TYPE_CHECKING:
    from collections.abc import Callable

OTHER_PANE = Pane(
    pane_id=PaneId("%2"), window_id=WindowId("@2"), window_index=2,
    window_name="logs", tmux_id=TmuxSessionId("$2"), session_name="other",
    pane_index=1, pid=8, session_created=1_700_000_000, command="vi", path="/elsewhere", title="another title",
)  # fmt: skip
ASK = Ask(kind=Need.QUESTION, text="Which one?", since=LATER)
NO_WORK, ASKED = Recorded(work=None, ask=None), Recorded(work=None, ask=ASK)
CALM = replace(LIVE, needs=None)
SEEN = Seen(pane=OTHER_PANE, clients=1, incarnation="next", is_bound=True, rows=3, rows_in_window=3, windows_alike=2)
AMP = ShownAgent(key="amp", name="Amp", context_limit=200)
READ = Conclusion(
    reading=Reading(source=Source.HOOK, state=SessionState.IDLE, cause="stop", confidence=Confidence.LOW, at=LATER),
    needs=None, asks=None, agent=AMP, skill="commit", active_at=LATER, report=ReportState(),
    view=TranscriptView(context_limit=200, token_count=100, cost_usd=0.7, model="two", session_id="next"),
)  # fmt: skip
SAID = ThoughtSnapshot(
    thought="writes", thought_state=ThoughtState.ACTIVE, thought_source=ThoughtSource.CARRY_FORWARD,
    rest_state=RestState.DROWSY, updated_at=LATER, objective_fingerprint="other", token_count=9, context_limit=10,
)  # fmt: skip
NOTED = KnownFacts(theme_id="", held_messages=0, started_with=AMP)
SETS: dict[FieldOwner, list[Callable[[], tuple[Session, Session]]]] = {
    FieldOwner.IDENTITY: [],
    FieldOwner.LOOK: [lambda: (FULL, project(FULL, KnownFacts(seen=SEEN), LATER))],
    FieldOwner.READING: [lambda: (FULL, project(FULL, KnownFacts(conclusion=READ), LATER))],
    FieldOwner.THOUGHT: [lambda: (FULL, project(FULL, KnownFacts(thought=SAID), LATER))],
    FieldOwner.WORK: [
        lambda: (LIVE, project(LIVE, KnownFacts(recorded=NO_WORK), LATER)),
        lambda: (CALM, project(CALM, KnownFacts(recorded=ASKED), LATER)),
    ],
    FieldOwner.NOTE: [lambda: (FULL, project(FULL, NOTED, LATER))],
    FieldOwner.END: [
        lambda: (LIVE, gone(LIVE, ExitReason.PROCESS_EXIT, LATER, 1)),
        lambda: (LIVE, put_away(LIVE, ExitReason.PROCESS_EXIT, LATER)),
    ],
}


def test_the_table_has_a_row_for_each_field_in_the_order_of_the_class() -> None:
    assert [each.name for each in FIELDS] == list(Session.__struct_fields__)


@pytest.mark.parametrize("owner", SETS)
def test_an_owner_sets_the_fields_that_the_table_gives_it_and_no_others(owner: FieldOwner) -> None:
    found = set[str]().union(*(differing(*made()) for made in SETS[owner]))

    given = {each.name for each in FIELDS if owner in each.owners}
    assert found == (given if owner is not FieldOwner.IDENTITY else set()), "what no part changes is the identity's"


def test_owners_are_asked_in_one_order() -> None:
    order = list(FieldOwner)

    for each in FIELDS:
        assert list(each.owners) == sorted(each.owners, key=order.index), each.name


def test_a_row_that_follows_another_process_keeps_what_the_table_says_is_its_own() -> None:
    ours = project(FULL, KnownFacts(seen=SEEN, conclusion=READ, thought=SAID), LATER)
    ours = replace(ours, transport_health=TransportHealth.HEALTHY, work=None, repo_theme_id=None)

    after = project(ours, KnownFacts(followed=FULL), LATER)

    assert differing(FULL, after) == {each.name for each in FIELDS if not each.follows}
    assert not differing(ours, after) & {each.name for each in FIELDS if not each.follows}


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(KnownFacts(), id="nothing"),
        pytest.param(KnownFacts(seen=SEEN, conclusion=READ, recorded=ASKED), id="facts and reading"),
        pytest.param(KnownFacts(followed=FULL, thought=SAID, theme_id="/repo", held_messages=2), id="what is followed"),
    ],
)
def test_what_is_known_already_gives_the_very_same_row(known: KnownFacts) -> None:
    once = project(FULL, known, LATER)

    assert project(once, known, LATER) is once


def test_what_is_said_last_wins() -> None:
    known = KnownFacts(seen=SEEN, conclusion=READ, thought=SAID, recorded=ASKED)
    row = project(FULL, known, LATER)

    assert (row.tmux_name, row.model, row.thought) == ("other", "two", "writes")
    assert (row.state, row.needs, row.asks) == (SessionState.ATTENTION, Need.QUESTION, ASK)
    assert (row.token_count, row.rest_state) == (9, RestState.DROWSY), "the engine speaks after the transcript"


@pytest.mark.parametrize(
    ("conversation", "tokens", "named"),
    [
        pytest.param("one", 40, "one", id="the same one"),
        pytest.param("", 40, "one", id="not known"),
        pytest.param("next", 0, "next", id="another one"),
        pytest.param(UNBEGUN, 0, None, id="one that has not begun"),
    ],
)
def test_another_conversation_counts_its_tokens_anew(conversation: str, tokens: int, named: str | None) -> None:
    before = replace(LIVE, conversation="one", token_count=40, cost_usd=0.5)
    read = replace(READ, conversation=conversation, view=TranscriptView())

    row = project(before, KnownFacts(conclusion=read), LATER)

    assert (row.token_count, row.conversation) == (tokens, named)
    assert row.cost_usd == (0.5 if tokens else None)
