"""`ls` on a terminal."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.cli.ls_show import DROPPED, NARROWEST_NAME, fitted, subagents_in_words, table
from quarterdeck.core.session import Confidence, Evidence, Need, SessionState
from quarterdeck.core.subagent import Subagent, SubagentState
from quarterdeck.core.text import cell_width
from quarterdeck.values import replace
from support.cli import run_cli, run_cli_in_terminal
from support.store import NOON, session
from support.tmux_server import TmuxServer

if TYPE_CHECKING:
    from pathlib import Path

SURE = Evidence(cause="recorded", confidence=Confidence.HIGH, observed_at=NOON)
ASKING = replace(
    session(1, "api"),
    state=SessionState.ATTENTION,
    needs=Need.PERMISSION,
    state_evidence=SURE,
    tool="Claude Code",
    thought="wants to delete the whole of the build folder, and asks",
    cwd="/src/a/very/long/path/that/does/not/end/soon/api",
)
RESTING = replace(session(2, "名前\x1b[2J"), state_evidence=SURE)
WORKING = replace(session(3, "web"), state=SessionState.BUSY, thought="runs the tests")
NOW = NOON + timedelta(minutes=3)


@pytest.fixture(autouse=True)
def unicode_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quarterdeck.cli.ls_show.has_unicode", lambda: True)


def test_each_session_has_a_line_and_doubt_is_shown() -> None:
    head, *rows = table([ASKING, WORKING, RESTING], NOW, 200).splitlines()

    assert head.split() == ["NAME", "STATE", "AGENT", "WANTS", "QUIET", "THOUGHT", "FOLDER", "ID"]
    assert [row.split()[:3] for row in rows] == [
        ["▲", "api", "attention"],
        ["●", "web", "busy?"],
        ["○", "名前", "idle"],
    ]
    assert "…path/that/does/not/end/soon/api" in rows[0]
    assert "\x1b" not in "".join(rows)


def test_a_limited_session_says_so() -> None:
    limited = replace(RESTING, limited_until=NOW + timedelta(minutes=42))
    rows = table([limited], NOW, 200).splitlines()

    assert rows[1].split()[:3] == ["◔", "名前", "limited"]


def test_no_sessions_are_no_lines() -> None:
    assert table([], NOW, 80) == ""


def test_as_it_gets_narrower_the_thought_is_cut_and_then_columns_go() -> None:
    wide, middle, narrow, tiny = (table([ASKING, WORKING], NOW, width) for width in (190, 100, 60, 20))

    assert "and asks" in wide
    assert "…" in middle
    assert "sess_1" not in middle
    assert "permission" in narrow
    assert "FOLDER" not in narrow
    assert tiny.splitlines()[1].startswith("▲  api")


@pytest.mark.parametrize("width", [34, 50, 79, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(map(cell_width, table([RESTING, WORKING, ASKING], NOW, width).splitlines())) <= width


@given(
    st.dictionaries(st.sampled_from(["sign", "state", "wants", *DROPPED]), st.integers(1, 60)),
    st.integers(1, 60),
    st.integers(1, 200),
)
def test_what_fits_is_left_alone_and_what_does_not_is_made_to(others: dict[str, int], name: int, width: int) -> None:
    widths = {"name": name, **others}

    made = fitted(widths, width)

    needed = sum(widths.values()) + 2 * (len(widths) - 1)
    if needed <= width:
        assert made == widths
    assert "name" in made
    assert all(room <= widths[column] for column, room in made.items())
    if sum(made.values()) + 2 * (len(made) - 1) > width:
        assert not set(made) & set(DROPPED)
        assert made["name"] == min(name, NARROWEST_NAME)


def test_sessions_stand_in_one_order_wherever_they_are_listed(tmux_socket: Path) -> None:
    with TmuxServer(tmux_socket) as server:
        for name in ("web-10", "notes", "web-9"):
            server.session(name)

        shown = run_cli_in_terminal("-S", server.socket, "ls", env={"NO_COLOR": "1", "TERM": "xterm"})
        piped = run_cli("-S", server.socket, "ls").out
        asked = run_cli("-S", server.socket, "ls", "--json").json()

    names = ["notes", "web-9", "web-10"]
    assert [line.split()[1] for line in shown.splitlines()[1:]] == names
    assert [line.split("\t")[1] for line in piped.splitlines()] == names
    assert [row["tmux_name"] for row in asked] == names


def test_a_terminal_gets_the_table_and_a_pipe_the_plain_columns(tmux_socket: Path) -> None:
    with TmuxServer(tmux_socket) as server:
        server.session("with space")

        shown = run_cli_in_terminal("-S", server.socket, "ls", env={"COLUMNS": "60", "TERM": "xterm"})
        piped = run_cli("-S", server.socket, "ls").out
        colourless = run_cli_in_terminal(
            "-S", server.socket, "ls", env={"NO_COLOR": "1", "LC_ALL": "C", "PYTHONUTF8": "0"}
        )

    assert "\x1b[2m" in shown
    assert "with space" in shown
    assert piped.split("\t")[1] == "with space"
    assert piped.count("\t") == 7
    assert "\x1b" not in colourless


def test_show_tells_what_an_agent_runs_besides_itself() -> None:
    reads = Subagent(name="Explore", thought="Read: \x1b[2Jnotes.md")
    plans = Subagent(name="Plan", state=SubagentState.ATTENTION, depth=1)

    assert subagents_in_words(replace(WORKING, subagents=(reads, plans))) == [
        "\nRuns besides itself",
        "  Explore               busy       Read: notes.md",
        "    Plan                attention",
    ]
    assert subagents_in_words(WORKING) == []
