from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.session import (
    ActionCue,
    ActionCueKind,
    ExitReason,
    Need,
    Session,
    SessionId,
    SessionState,
    Source,
)
from quarterdeck.core.text import cell_width, clean
from quarterdeck.core.times import EPOCH, exact
from quarterdeck.core.urgency import tier
from quarterdeck.errors import QuarterdeckError, SettingsError, StoreError
from quarterdeck.ports.store import StoreHealth
from quarterdeck.tui.actions import ACTIONS, resolve, spoken
from quarterdeck.tui.fleet_view import Round, waiting
from quarterdeck.tui.rows import column as col
from quarterdeck.tui.rows.around_table import count, foot_cells, head_cells, notice_for
from quarterdeck.tui.rows.cell import LEAST_CONTINUED_CELLS, Cell, amount, folded, plot, quiet, share
from quarterdeck.tui.rows.detail import session_lines
from quarterdeck.tui.rows.grouping import arrange
from quarterdeck.tui.rows.session_row import (
    ASCII_SHAPES,
    KIND_ROLES,
    SHAPES,
    Kind,
    RowView,
    agent_of,
    branch_of,
    kind_of,
    name_of,
    saying,
    title_of,
)
from quarterdeck.tui.screens.dialog import fitting
from quarterdeck.values import replace
from support.fleet import NOW, ago, canned_exited, canned_sessions, fleet_of

if TYPE_CHECKING:
    from quarterdeck.core.fleet import Fleet

VIEW = RowView(
    now=NOW,
    ascii_only=False,
    repo_role=lambda session: "muted",
    activity_of=lambda session: (3, 0, 9),
    is_marked=lambda session: False,
)
SESSIONS = [*canned_sessions(), *canned_exited()]
ORDER = [each.name for each in col.TABLE_COLUMNS]


@given(width=st.integers(1, 400), longest=st.integers(1, 80), empty=st.sets(st.sampled_from(ORDER[5:])))
def test_columns_never_take_more_than_there_is(width: int, longest: int, empty: set[str]) -> None:
    found = col.layout(width, longest, empty)
    names = [column.name for column in found.columns]
    taken = sum(column.width + column.gap for column in found.columns)

    assert taken <= max(width, 4)
    assert names[:3] == [col.MARK, col.SHAPE, col.NAME]
    assert names == [name for name in ORDER if name in names]


def test_more_room_never_takes_a_column_away() -> None:
    seen: set[str] = set()
    for width in range(20, 240):
        names = {column.name for column in col.layout(width, 14).columns}
        assert seen <= names, width
        seen = names
    assert seen == set(ORDER)


@given(
    name=st.text(max_size=40),
    thought=st.text(max_size=200),
    width=st.integers(10, 220),
    base=st.sampled_from(SESSIONS),
)
def test_no_text_shifts_a_column(name: str, thought: str, width: int, base: Session) -> None:
    session = replace(base, tmux_name=name, thought=thought, work=None)
    layout = col.layout(width, 14)

    cells = col.session_cells(session, layout, VIEW)

    for cell, column in zip(cells, layout.columns, strict=True):
        assert cell_width(cell.text) == column.width + column.gap
        assert clean(cell.text) == cell.text


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (1, Kind.ASKS), (2, Kind.ASKS), (3, Kind.FAILED), (4, Kind.DONE), (7, Kind.WORKS), (10, Kind.RESTS),
        (12, Kind.UNKNOWN), (13, Kind.LOST), (14, Kind.STALE), (15, Kind.ENDED),
    ],
)  # fmt: skip
def test_each_state_has_its_own_shape_word_and_role(number: int, kind: Kind) -> None:
    assert kind_of(SESSIONS[number - 1]) is kind


def test_a_limited_row_counts_down_to_its_end() -> None:
    layout = col.layout(120, 14)
    limited = replace(
        SESSIONS[9], limited_until=VIEW.now + timedelta(minutes=42), thought="limited: you have met your limit"
    )
    said = {
        minutes: "".join(
            cell.text
            for cell in col.session_cells(limited, layout, VIEW._replace(now=VIEW.now + timedelta(minutes=minutes)))
        )
        for minutes in (0, 40)
    }

    assert kind_of(limited) is Kind.LIMITED
    assert "◔" in said[0]
    assert " limited " in said[0]
    assert ", in 42 min: you" in said[0]
    assert ", in 2 min: you" in said[40]


def test_shapes_are_one_cell_and_unlike_each_other() -> None:
    for shapes in (SHAPES, ASCII_SHAPES):
        assert set(shapes) == set(Kind) == set(KIND_ROLES)
        assert len(set(shapes.values())) == len(shapes)
        assert {cell_width(sign) for sign in shapes.values()} == {1}
    assert all(sign.isascii() for sign in ASCII_SHAPES.values())


def test_a_row_in_ascii_is_ascii() -> None:
    layout = col.layout(120, 14)
    view = VIEW._replace(ascii_only=True, is_marked=lambda session: True)
    for session in SESSIONS[:8]:
        text = "".join(cell.text for cell in col.session_cells(session, layout, view))
        assert text.replace("…", "").isascii()


def test_what_we_are_not_sure_of_has_a_question_mark() -> None:
    gemini = SESSIONS[7]
    cells = {
        column.name: cell
        for column, cell in zip(
            col.layout(120, 14).columns, col.session_cells(gemini, col.layout(120, 14), VIEW), strict=True
        )
    }
    assert cells[col.STATE].text.rstrip() == "works?"
    assert "dim" in cells[col.STATE].role


def test_an_ended_row_says_how_and_its_last_words() -> None:
    hotfix = SESSIONS[14]
    assert saying(hotfix, kind_of(hotfix)) == "ended with status 130: Patched the rounding in refunds"
    gone = replace(hotfix, exit_reason=ExitReason.TMUX_RECONCILE_MISSING, exit_status=None, thought=None)
    assert saying(gone, kind_of(gone)) == "ended"


@pytest.mark.parametrize("width", [6, 10, 18, 40])
def test_the_pull_request_stays_when_the_branch_is_cut(width: int) -> None:
    assert branch_of(SESSIONS[4], width).endswith("#131")
    assert cell_width(branch_of(SESSIONS[4], width)) <= width


@pytest.mark.parametrize(("width", "said"), [(10, "#131 ci f…"), (14, "#131 ci failed"), (18, "fe… #131 ci failed")])
def test_where_the_work_stands_is_said_before_its_branch(width: int, said: str) -> None:
    assert SESSIONS[4].work is not None
    failed = replace(SESSIONS[4], work=replace(SESSIONS[4].work, status="ci_failed"))
    assert branch_of(failed, width) == said


@pytest.mark.parametrize(
    ("passed", "shown"),
    [
        (timedelta(seconds=59), "now"), (timedelta(seconds=60), "1m"), (timedelta(minutes=9), "9m"),
        (timedelta(minutes=14, seconds=59), "10m"), (timedelta(minutes=59), "55m"), (timedelta(minutes=60), "1h"),
        (timedelta(hours=47), "47h"), (timedelta(hours=48), "2d"), (timedelta(days=4000), "999d"),
        (-timedelta(minutes=5), "now"),
    ],
)  # fmt: skip
def test_quiet_time_grows_in_steps(passed: timedelta, shown: str) -> None:
    assert quiet(NOW - passed, NOW) == shown


def test_moments_that_never_were_say_so() -> None:
    assert quiet(None, NOW) == quiet(EPOCH, NOW) == ""
    assert exact(None, NOW) == "never"
    assert exact(ago(hours=2, minutes=5), NOW) == "2 h 5 min ago"
    assert exact(ago(days=6), NOW) == "6 days ago"


@pytest.mark.parametrize(
    ("number", "shown"), [(0, "0"), (999, "999"), (12_400, "12k"), (999_499, "999k"), (1_250_000, "1.2M")]
)
def test_amounts_are_short(number: int, shown: str) -> None:
    assert amount(number) == shown


def test_a_share_of_nothing_is_not_said() -> None:
    assert (share(0, 100), share(5, 0), share(50, 200)) == ("", "", "25%")


@given(st.lists(st.integers(0, 10_000), max_size=40), st.integers(0, 20))
def test_a_plot_is_as_wide_as_its_column(minutes: list[int], width: int) -> None:
    drawn = plot(minutes, width)
    assert len(drawn) == width
    for value, bar in zip(reversed(minutes), reversed(drawn), strict=False):
        assert (bar == " ") is (value == 0)


def test_names_are_sorted_as_people_count() -> None:
    quiet_ones = [
        replace(SESSIONS[9], session_id=SessionId(f"sess_{number}"), tmux_name=f"agent-{number}")
        for number in (10, 9, 100)
    ]
    assert arrange(quiet_ones).items == ["sess_9", "sess_10", "sess_100"]


needs = st.sampled_from([Need.PERMISSION, Need.QUESTION, Need.ERROR, Need.FINISHED, None])


@given(st.lists(needs, min_size=1, max_size=9), st.integers(0, 8), st.sampled_from([1, -1]))
def test_who_asks_comes_first_from_anywhere_and_everybody_who_waits_comes_once(
    wanted: list[Need | None], start: int, step: int
) -> None:
    state = SessionState.IDLE
    rows = [replace(SESSIONS[9], session_id=SessionId(f"sess_{n}"), state=state, needs=need, asks=None)
            for n, need in enumerate(wanted)]  # fmt: skip
    sessions: dict[str, Session] = {each.session_id: each for each in rows}
    items = list(sessions)
    here: str | None = items[start % len(items)]
    others = [each for each in waiting(items, sessions) if each != here]
    going = Round()
    met = []
    for _ in others:
        here = going.next(items, sessions, here, step)
        met.append(here)

    assert sorted(map(str, met)) == sorted(others)
    assert [tier(sessions[str(each)]) for each in met] == sorted(tier(sessions[each]) for each in others)


def test_nobody_waits_and_nobody_is_found() -> None:
    calm = replace(SESSIONS[9], state=SessionState.IDLE, needs=None)
    assert Round().next([calm.session_id], {calm.session_id: calm}, calm.session_id, 1) is None


@pytest.mark.parametrize("width", [10, 30, 60, 80, 120, 200])
def test_the_head_line_fits_and_keeps_what_is_wrong(width: int) -> None:
    fleet = fleet_of(*canned_sessions(), look_failures=3, look_error="no answer", last_good_look=ago(minutes=2))
    store = StoreHealth(ok=False, pending=4, error="disk full")
    cells = head_cells("default", count(fleet.sessions.values()), fleet, store, NOW, width, ascii_only=False)
    text = "".join(cell.text for cell in cells)
    if width >= 80:
        assert "tmux does not answer" in text
        assert cell_width(text) <= width
    if width >= 120:
        assert "state not saved, 4 changes wait" in text


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_the_foot_line_fits_and_keeps_help_and_quit(width: int) -> None:
    cells = foot_cells(resolve({}), lambda action: True, width, marked=2)
    text = "".join(cell.text for cell in cells)
    assert "? help" in text
    assert "q quit" in text
    if width >= 40:
        assert cell_width(text.rstrip()) <= width


def test_default_keys_do_not_clash_and_every_action_has_one() -> None:
    keys = resolve({})
    assert all(keys[action.name] for action in ACTIONS)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"session.fly": "f"}, "session.fly: unknown action"),
        ({"session.end": "j"}, "session.end: the key j is already that of row.down"),
        ({"session.end": "3"}, "session.end: the key 3 has another purpose"),
    ],
)
def test_wrong_keys_are_named(keys: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        resolve({name: (key,) for name, key in keys.items()})


def test_keys_can_be_swapped() -> None:
    keys = resolve({"session.end": ("m",), "session.send": ("x",)})
    assert (keys["session.end"], keys["session.send"]) == (("m",), ("x",))


@pytest.mark.parametrize(
    ("key", "said"), [("enter", "Enter"), ("ctrl+p", "Ctrl+P"), ("G", "G"), ("+", "+"), ("shift+up", "Shift+↑")]
)
def test_keys_are_said_as_they_are_printed(key: str, said: str) -> None:
    assert spoken(key) == said


def test_each_empty_state_says_its_own_thing() -> None:
    unreadable = StoreError("The state cannot be read.", hint="Move it away.")
    states: list[tuple[Fleet, QuarterdeckError | None]] = [
        (fleet_of(), None),
        (fleet_of(incarnation=""), None),
        (fleet_of(last_good_look=None), None),
        (fleet_of(look_failures=2), None),
        (fleet_of(), unreadable),
    ]

    notices = [
        notice_for(fleet, "default", trouble, width=80, height=24, filtered="", shown=0) for fleet, trouble in states
    ]

    assert all(notice and notice.why and notice.next for notice in notices)
    assert len({notice.what for notice in notices if notice}) == len(states)


@pytest.mark.parametrize(("state", "kind"), [(SessionState.IDLE, Kind.RESTS), (SessionState.ATTENTION, Kind.DONE)])
def test_only_a_question_makes_a_row_say_that_it_asks(state: SessionState, kind: Kind) -> None:
    cue = ActionCue(kind=ActionCueKind.AWAITING_USER, evidence=("awaiting_user_input",))
    session = replace(SESSIONS[9], needs=None, state=state, action_cues=(cue,))
    assert kind_of(session) is kind


def test_a_worker_goes_by_the_name_that_commands_take_and_its_title_stands_beside_it() -> None:
    worker = next(session for session in SESSIONS if session.work is not None)
    assert worker.work is not None
    titled = replace(worker, thought=None, work=replace(worker.work, display_name="Fix the [red]login"))

    assert (name_of(titled), title_of(titled)) == (titled.tmux_name, "Fix the [red]login")
    assert saying(titled, Kind.WORKS) == "Fix the [red]login"
    untitled = replace(titled, work=replace(worker.work, display_name=titled.session_id))
    assert title_of(untitled) == ""


def test_a_need_outranks_an_idle_state() -> None:
    session = replace(SESSIONS[9], needs=Need.FINISHED, state=SessionState.IDLE)
    assert kind_of(session) is Kind.DONE


@given(st.text(max_size=60), st.integers(0, 20), st.integers(1, 50))
def test_a_folded_line_says_all_of_it_and_stays_on_the_page(text: str, lead: int, width: int) -> None:
    said = clean(text)
    line = (Cell(" " * lead, "muted"), Cell(said))

    lines = folded(line, width)

    assert "".join(part[-1].text for part in lines).replace(" ", "") == said.replace(" ", "")
    if width - lead >= LEAST_CONTINUED_CELLS:
        assert all(cell_width("".join(cell.text for cell in part)) <= width for part in lines)


@pytest.mark.parametrize(("status", "said"), [(130, ", status 130"), (0, ", status 0"), (-1, ""), (None, "")])
def test_details_tell_an_exit_status_only_when_it_was_learned(status: int | None, said: str) -> None:
    ended = replace(canned_exited()[0], exit_status=status)

    (line,) = [line for line in session_lines(ended, NOW) if line and line[0].text.split() == ["ended"]]

    assert line[1].text == f"21 min ago, process exit{said}"


def test_a_dialog_names_the_keys_there_is_room_for_and_always_the_one_that_leads_out() -> None:
    keys = (("y", "end it"), ("Enter Esc", "no"), ("d", "forget it, leave tmux alone"))

    assert fitting(keys, 60) == list(keys)
    assert fitting(keys, 53) == list(keys)
    assert fitting(keys, 52) == [keys[0], keys[1]]
    assert fitting(keys, 13) == [keys[1]]


def test_an_agent_that_left_its_shell_behind_stands_in_brackets() -> None:
    evidence = replace(canned_sessions()[0].state_evidence, source=Source.SCREEN, cause="fallback_prompt_detected")
    here = replace(
        canned_sessions()[0], tool="Claude Code", state=SessionState.IDLE, needs=None, asks=None, thought=None,
        current_command="zsh", state_evidence=evidence,
    )  # fmt: skip

    assert agent_of(here) == "(claude)"
    assert saying(here, Kind.RESTS) == "Claude Code has ended here"
    assert saying(replace(here, thought="writes"), Kind.RESTS) == "Claude Code has ended here: writes"
    for other in (
        replace(here, current_command="claude"),
        replace(here, current_command="sh"),
        replace(here, state=SessionState.BUSY),
        replace(here, state_evidence=replace(evidence, source=Source.REGISTRY, cause="registry_idle")),
    ):
        assert agent_of(other) == "claude"
