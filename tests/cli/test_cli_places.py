"""Several agents in one tmux session on the command line: each is named, shown, written to and ended by itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support.several_agents import SeveralAgents
from support.tmux_server import until
from support.tmux_terminal import Terminals

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.cli import Done

pytestmark = pytest.mark.process


@pytest.fixture
def agents(short_folder: Path) -> Iterator[SeveralAgents]:
    with SeveralAgents(short_folder) as several:
        yield several


@pytest.fixture
def web(agents: SeveralAgents) -> list[str]:
    """The panes of one session: a window, a named window, and two that share a window."""
    first = agents.session("web")
    second, third = agents.window("web", "tests"), agents.window("web")
    panes = [first, second, third, agents.split(third)]
    agents.has_rows(4)
    return panes


def test_rows_of_one_session_are_listed_by_their_places(agents: SeveralAgents, web: list[str]) -> None:
    agents.server.session("alone")

    names = {line.split("\t")[0]: line.split("\t")[1] for line in agents.qd("ls").out.splitlines()}

    ids = agents.ids()
    assert [names[ids[pane]] for pane in web] == ["web:0", "web:tests", "web:2.0", "web:2.1"]
    assert "alone" in names.values()


def test_each_form_of_a_name_shows_its_row(agents: SeveralAgents, web: list[str]) -> None:
    ids = agents.ids()
    forms = {
        web[0]: ("web:0", "web:0.0", web[0], ids[web[0]]),
        web[1]: ("web:1", "web:tests", "web:tests.0", web[1]),
        web[2]: ("web:2.0", web[2]),
        web[3]: ("web:2.1", web[3]),
    }

    found = {word: agents.qd("show", word, "--json").json() for words in forms.values() for word in words}

    assert {word: each["pane_id"] for word, each in found.items()} == {
        word: pane for pane, words in forms.items() for word in words
    }
    assert {each["tail"].split()[0] for each in found.values()} == {"ready"}
    assert len({each["tail"] for each in found.values()}) == 4, "each shows its own pane"


def choices(done: Done) -> list[dict[str, str]]:
    """The rows that an error offers."""
    found: list[dict[str, str]] = json.loads(done.err)["error"]["choices"]
    return found


@pytest.mark.parametrize("verb", ["show", "send", "answer", "kill"])
def test_a_name_of_several_rows_lists_them_and_does_nothing(verb: str, agents: SeveralAgents, web: list[str]) -> None:
    text = {"send": ["--", "hello"], "answer": ["--", "1"]}.get(verb, [])
    plain = agents.qd(verb, "web", *text)
    told = agents.qd(verb, "web", "--json", *text)
    beside = agents.qd(verb, "web:2", "--json", *text)

    assert (plain.code, told.code, beside.code) == (3, 3, 3)
    assert all(name in plain.err for name in ("web:0", "web:tests", "web:2.0", "web:2.1"))
    assert {each["pane_id"] for each in choices(told)} == set(web)
    assert [each["name"] for each in choices(beside)] == ["web:2.0", "web:2.1"]
    assert agents.panes() == web


def test_a_message_goes_to_the_pane_of_its_row(agents: SeveralAgents, web: list[str]) -> None:
    done = agents.qd("send", "web:tests", "web:2.1", "--no-wait", "--now", "--", "hello")

    assert done.code == 0, done
    assert "web:tests" in done.out
    assert "web:2.1" in done.out
    until(
        lambda: all("heard hello" in agents.server.run("capture-pane", "-p", "-t", pane) for pane in web[1::2]),
        "it came",
    )
    assert not any("heard" in agents.server.run("capture-pane", "-p", "-t", pane) for pane in web[::2])


def test_ending_a_row_ends_its_pane_and_its_window_alone(agents: SeveralAgents, web: list[str]) -> None:
    pane, window = agents.qd("kill", "web:2.1"), agents.qd("kill", "web:tests", "--json")

    assert "web:2.1  its pane" in pane.out
    assert [(each["outcome"], each["name"], each["note"]) for each in window.json()] == [
        ("ended", "web:tests", "its window")
    ]
    assert agents.panes() == [web[0], web[2]]
    assert set(agents.has_rows(2)) == {web[0], web[2]}


def test_rows_that_are_ended_together_leave_what_else_is_in_their_session(agents: SeveralAgents) -> None:
    panes = [agents.session("web"), agents.window("web")]
    editor = agents.server.run("split-window", "-d", "-P", "-F", "#{pane_id}", "-t", panes[0], "--", "sleep", "3600")
    agents.has_rows(2)

    assert agents.qd("kill", "web:0", "web:1").code == 0

    assert agents.panes() == [editor]


@pytest.mark.parametrize("words", [("web",), ("web:0", "web:tests")], ids=["by its name", "by two of its rows"])
def test_the_whole_session_ends_with_all_that_runs_in_it(
    words: tuple[str, ...], agents: SeveralAgents, web: list[str]
) -> None:
    agents.server.session("other")

    done = agents.qd("kill", "--session", *words)

    assert done.code == 0
    assert sorted(line.split("  ")[2:] for line in done.out.splitlines()) == [
        [name, "with the session web"] for name in ("web:0", "web:2.0", "web:2.1", "web:tests")
    ]
    assert agents.server.sessions() == ["other"]
    assert not set(web) & set(agents.ids())


def test_the_only_row_of_a_session_takes_it_along_as_ever(agents: SeveralAgents) -> None:
    pane = agents.session("web")
    agents.server.session("other")
    agents.server.run("new-window", "-d", "-t", "=web:", "--", "sleep", "3600")
    ids = agents.has_rows(2)

    done = agents.qd("kill", "web")

    assert done.out == f"ended  {ids[pane]}  web\n"
    assert agents.server.sessions() == ["other"]


def test_the_pane_and_the_session_that_the_command_runs_in_stay(agents: SeveralAgents, web: list[str]) -> None:
    inside = {"TMUX": f"{agents.server.socket},1,0", "TMUX_PANE": web[1]}

    itself = agents.qd("kill", "web:tests", env=inside)
    around = agents.qd("kill", "--session", "web", env=inside)
    beside = agents.qd("kill", "web:0", env=inside)

    assert (itself.code, around.code, beside.code) == (5, 5, 0), (itself, around, beside)
    assert agents.panes() == web[1:]


def test_a_row_whose_agent_has_left_is_put_away_and_comes_back_as_a_new_one(agents: SeveralAgents) -> None:
    first = agents.session("web")
    second = agents.server.run("new-window", "-d", "-P", "-F", "#{pane_id}", "-t", "=web:", "--", "sh")
    agents.server.run("send-keys", "-t", second, str(agents.program), "Enter")
    before = agents.has_rows(2)
    agents.server.run("send-keys", "-t", second, "go", "Enter")
    until(lambda: agents.server.ask(second, "#{pane_current_command}") == "sh", "the agent has left")

    assert agents.qd("kill", "--detach", "web:1").code == 0
    assert set(agents.ids()) == {first}
    agents.server.run("send-keys", "-t", second, str(agents.program), "Enter")
    after = agents.has_rows(2)

    assert after[first] == before[first]
    assert after[second] not in before.values()


def test_a_row_with_an_agent_that_is_detached_is_watched_no_more(agents: SeveralAgents, web: list[str]) -> None:
    assert agents.qd("kill", "--detach", "web:tests").code == 0

    assert web[1] not in agents.ids()
    assert agents.panes() == web


@pytest.mark.parametrize("form", ["web:1", "web:1.0", "web:build", "%"])
def test_a_pane_that_is_no_row_becomes_one_that_stays_with_it(form: str, agents: SeveralAgents) -> None:
    first = agents.session("web")
    shell = agents.server.run("new-window", "-d", "-P", "-F", "#{pane_id}", "-n", "build", "-t", "=web:", "--", "sh")
    assert set(agents.ids()) == {first}

    done = agents.qd("adopt", shell if form == "%" else form, "--json")

    assert (done.json()["pane_id"], done.json()["rows_in_session"]) == (shell, 2)
    assert set(agents.ids()) == {first, shell}
    assert agents.qd("adopt", "web:build").code == 5, "it is watched already"


def test_a_pane_that_was_detached_is_taken_in_again(agents: SeveralAgents, web: list[str]) -> None:
    before = agents.ids()[web[1]]
    agents.qd("kill", "--detach", "web:tests")

    assert agents.qd("adopt", web[1], "--json").json()["session_id"] == before
    assert agents.ids()[web[1]] == before


def test_a_pane_is_given_to_a_row_that_went_stale(agents: SeveralAgents, web: list[str]) -> None:
    lost = agents.ids()[web[1]]
    agents.server.run("kill-server")
    until(lambda: not agents.server.alive(), "the server has ended")
    agents.server.session("other")
    pane = agents.server.run("new-window", "-d", "-P", "-F", "#{pane_id}", "-t", "=other:", "--", "sleep", "3600")
    agents.rows()

    done = agents.qd("adopt", "other:1", "--as", lost, "--json")

    assert done.code == 0, done
    assert (done.json()["session_id"], done.json()["pane_id"], done.json()["place"]) == (lost, pane, "other:1.0")
    assert len(agents.rows()) == 2


def test_what_is_to_be_taken_in_must_be_one(agents: SeveralAgents, web: list[str]) -> None:
    done = [agents.qd("adopt", word) for word in ("web", "web:2", "web:9", "%99", "nowhere")]

    assert [each.code for each in done] == [3, 3, 3, 3, 3]
    assert "4 rows" in done[0].err
    assert web[2] in done[1].err


def test_going_to_a_row_shows_its_pane_and_to_a_bare_name_what_tmux_would(
    agents: SeveralAgents, web: list[str], short_folder: Path
) -> None:
    agents.server.session("other")

    def shown() -> str:
        return agents.server.run("list-clients", "-F", "#{pane_id}")

    with Terminals(short_folder / "o", agents.server) as terminals:
        terminals.attach("=other")

        def goes(word: str) -> str:
            inside = {"TMUX": f"{agents.server.socket},1,0", "TMUX_PANE": shown()}
            done = agents.qd("attach", word, env=inside)
            assert done.code == 0, done
            return shown()

        went = [goes(word) for word in ("web:tests", "web:2.0", web[3], "web:0")]
        agents.server.run("select-window", "-t", "=web:1")
        goes("other")
        whole = goes("web")
        inside = {"TMUX": f"{agents.server.socket},1,0", "TMUX_PANE": whole}
        beside = agents.qd("attach", "web:2", env=inside)

    assert went == [web[1], web[2], web[3], web[0]]
    assert whole == web[1], "the window that the session shows"
    assert beside.code == 3
