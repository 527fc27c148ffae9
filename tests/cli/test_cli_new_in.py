"""Windows and splits that are made in a session, and rows that come back in theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.several_agents import SeveralAgents
from support.tmux_server import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.process


@pytest.fixture
def agents(short_folder: Path) -> Iterator[SeveralAgents]:
    with SeveralAgents(short_folder) as several:
        yield several


def windows(agents: SeveralAgents, session: str = "web") -> list[str]:
    """The windows of a session, each with its index, its name where it was given one, and its panes."""
    form = "#{window_index} #{?automatic-rename,,#{window_name}} #{window_panes}"
    return agents.server.run("list-windows", "-t", f"={session}:", "-F", form).splitlines()


def test_an_agent_in_a_window_of_a_session_is_a_row_of_its_own(agents: SeveralAgents) -> None:
    first = agents.session("web")

    made = agents.qd("new", "--in", "web", "--tool", "claude", "--name", "tests", "--cwd", "/tmp", "--json")

    told = made.json()
    assert (told["tmux_name"], told["place"], told["window_name"], told["cwd"]) == ("web", "web:1.0", "tests", "/tmp")
    assert told["rows_in_session"] == 2
    assert windows(agents) == ["0  1", "1 tests 1"]
    assert agents.server.ask("=web:", "#{window_index}") == "0", "what is shown stays"
    ids = agents.ids()
    assert (set(ids), ids[told["pane_id"]]) == ({first, told["pane_id"]}, told["session_id"])
    assert agents.qd("new", "--in", "web:tests", "--tool", "claude").out.endswith("  web:2\n")


def test_a_split_stands_beside_its_row(agents: SeveralAgents) -> None:
    agents.session("web")
    agents.window("web", "tests")
    agents.has_rows(2)

    made = agents.qd("new", "--in", "web:tests", "--split", "--tool", "claude")

    assert made.out.endswith("  web:tests.1\n"), made
    assert windows(agents) == ["0  1", "1 tests 2"]


def test_a_plain_shell_that_was_asked_for_is_a_row_and_stays_one(agents: SeveralAgents) -> None:
    agents.server.session("web")
    (before,) = agents.rows()

    made = agents.qd("new", "--in", "web", "--json").json()

    after = agents.rows()
    assert {row["session_id"] for row in after} == {before["session_id"], made["session_id"]}
    assert [row["place"] for row in after] == ["web:0.0", "web:1.0"]
    agents.server.run("select-window", "-t", made["pane_id"])
    assert agents.rows()[0]["place"] == "web:0.0"


def test_the_row_of_a_mere_shell_takes_the_first_agent_of_its_session(agents: SeveralAgents) -> None:
    agents.server.session("web")
    (before,) = agents.rows()

    made = agents.qd("new", "--in", "web", "--tool", "claude", "--json").json()

    assert made["session_id"] == before["session_id"]
    assert [row["pane_id"] for row in agents.rows()] == [made["pane_id"]]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--in", "nowhere"], 3, "no session"),
        (["--split"], 2, "--in"),
        (["x", "--in", "web", "--split"], 2, "named"),
        (["--name", "x"], 2, "--in"),
        (["x", "--in", "web", "--name", "y"], 2, "two names"),
        (["--in", "web", "--split"], 3, "2 rows"),
        (["--in", "web:1", "--split"], 1, "no room"),
        (["--in", "web", "--cwd", "/nowhere"], 2, "no folder"),
    ],
)
def test_what_cannot_be_made_is_said(words: list[str], code: int, said: str, agents: SeveralAgents) -> None:
    panes = [agents.session("web"), agents.window("web")]
    agents.has_rows(2)
    agents.server.run("resize-window", "-t", panes[1], "-x", "20", "-y", "2")

    done = agents.qd("new", *words)

    assert (done.code, said in done.err) == (code, True), done
    assert agents.panes() == panes


def test_a_row_whose_pane_was_ended_comes_back_as_a_window_of_its_session(agents: SeveralAgents) -> None:
    panes = [agents.session("web"), agents.window("web", "tests"), agents.window("web")]
    before = agents.has_rows(3)
    assert agents.qd("kill", "web:tests").code == 0

    back = agents.qd("restore", before[panes[1]], "--json")

    told = back.json()
    assert (told["session_id"], told["place"], told["window_name"]) == (before[panes[1]], "web:1.0", "tests")
    assert windows(agents) == ["0  1", "1 tests 1", "2  1"]
    after = agents.has_rows(3)
    assert {after[panes[0]], after[panes[2]]} == {before[panes[0]], before[panes[2]]}


@pytest.mark.parametrize("ends", ["session", "server"])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_rows_of_a_session_that_is_gone_come_back_in_one_in_their_order(
    order: tuple[int, ...], ends: str, agents: SeveralAgents
) -> None:
    panes = [agents.session("web"), agents.window("web", "tests"), agents.window("web")]
    before = agents.has_rows(3)
    if ends == "session":
        agents.server.session("other")
        assert agents.qd("kill", "--session", "web").code == 0
    else:
        agents.server.run("kill-server")
        until(lambda: not agents.server.alive(), "the server has ended")
    assert agents.qd("restore", "web").code == 3, "it stands for three"

    words = ("web:0", "web:tests", "web:2")
    done = [agents.qd("restore", words[each]) for each in order]

    assert [each.code for each in done] == [0, 0, 0], done
    assert windows(agents) == ["0  1", "1 tests 1", "2  1"]
    rows = {row["place"]: row["session_id"] for row in agents.rows() if row["tmux_name"] == "web"}
    assert rows == {f"web:{index}.0": before[pane] for index, pane in enumerate(panes)}


def test_a_stale_row_comes_back_in_the_session_that_is_there_again(agents: SeveralAgents) -> None:
    panes = [agents.session("web"), agents.window("web", "tests")]
    before = agents.has_rows(2)
    agents.server.run("kill-server")
    until(lambda: not agents.server.alive(), "the server has ended")
    agents.server.session("web", cwd="/")
    agents.rows()

    back = agents.qd("restore", before[panes[1]], "--json")

    assert back.code == 0, back
    assert back.json()["session_id"] == before[panes[1]]
    assert windows(agents) == ["0  1", "1 tests 1"]
