"""Which conversation an OpenCode process shows: its title, its lines in a log that others share, its database."""

from __future__ import annotations

import os
import subprocess
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from quarterdeck.agents.opencode_family import OPENCODE
from quarterdeck.agents.opencode_shown import StoredConversation, choose, prompted, shown_name
from quarterdeck.core.reading import UNBEGUN
from quarterdeck.ports.agent_process import AgentHome, Program
from support.recordings import SIZES, agent, opencode_database, recordings
from support.strange_files import put_pipe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NEW = "New session - 2026-11-30T21:05:25.970Z"
FIRST, SECOND, CHILD = "ses_first0000000000000000", "ses_second000000000000000", "ses_child00000000000000000"
KEPT = {
    SECOND: StoredConversation(SECOND, "", NEW, "/work"),
    CHILD: StoredConversation(CHILD, FIRST, "Look around (@explore subagent)", "/work"),
    FIRST: StoredConversation(FIRST, "", "Fix the login", "/work"),
}


def row(key: str, title: str, parent: str | None = None) -> dict[str, object]:
    """One conversation's row in the database."""
    return {"table": "session", "id": key, "title": title, "parent_id": parent, "directory": "/work", "time_updated": 1}


def line(run: str, said: str) -> str:
    """One line of the log."""
    return f"timestamp=2026-11-30T21:05:13.420Z level=INFO run={run} message={said}\n"


def made(run: str, key: str) -> str:
    """The lines of a conversation that begins with a prompt."""
    return line(run, f"created id={key} slug=happy-panda version=1.18.33") + line(run, f"loop session.id={key} step=0")


@contextmanager
def processes(log: Path, *writes: tuple[int, str]) -> Iterator[list[int]]:
    """Two processes that append to one log, each what is said of it, in this order; answers their numbers."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as open_:
        handles = [os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT) for _ in range(2)]
        for handle in handles:
            open_.callback(os.close, handle)
        for which, text in writes:
            os.write(handles[which], text.encode())
        started = [subprocess.Popen(["/bin/sleep", "60"], pass_fds=(handle,)) for handle in handles]
        try:
            yield [process.pid for process in started]
        finally:
            for process in started:
                process.kill()
                process.wait()


@pytest.mark.parametrize(
    ("name", "told", "begun_with", "shown"),
    [
        pytest.param("Fix the login", [FIRST], "", FIRST, id="named"),
        pytest.param("", [FIRST], "", UNBEGUN, id="after /new"),
        pytest.param("", [SECOND, FIRST], "", SECOND, id="prompted in the new one"),
        pytest.param("Fix the login", [SECOND, FIRST], "", FIRST, id="back in the first by the list"),
        pytest.param("", [FIRST, SECOND], "", SECOND, id="the first one works on behind it"),
        pytest.param("", [], "", UNBEGUN, id="just started"),
        pytest.param("", [], SECOND, SECOND, id="resumed one without a name"),
        pytest.param("Fix the login", [], "", FIRST, id="chosen from the list"),
        pytest.param("Look around (@explore subagent)", [], "", FIRST, id="a subagent's"),
        pytest.param("Unheard of", [FIRST], "", "", id="renamed a moment ago"),
        pytest.param(None, [FIRST], SECOND, FIRST, id="no title"),
        pytest.param(None, [], SECOND, SECOND, id="no title, resumed"),
        pytest.param("", ["ses_not_written_yet0000"], "", "ses_not_written_yet0000", id="the database lags"),
    ],
)
def test_the_title_decides_among_those_it_prompted(
    name: str | None, told: list[str], begun_with: str, shown: str
) -> None:
    assert choose(name, told, begun_with, KEPT) == shown


def test_a_long_name_is_cut_as_the_title_cuts_it() -> None:
    whole = "Explain at length why the login redirects for ever"
    cut = f"{whole[:37]}…"

    assert shown_name(OPENCODE, f"OC | {cut}") == StoredConversation(FIRST, "", whole, "").shown == cut
    assert shown_name(OPENCODE, "OpenCode") == ""
    assert shown_name(OPENCODE, "box.local") is None


@pytest.mark.process
def test_each_process_finds_its_own_lines_in_a_log_that_another_shares(tmp_path: Path) -> None:
    log = tmp_path / "log" / "opencode.log"
    other = line("bbbb2222", "booting") * 40
    writes = [(0, made("aaaa1111", FIRST)), (1, other + made("bbbb2222", SECOND)), (1, line("bbbb2222", "tracking"))]

    with processes(log, *writes) as (mine, theirs):
        assert prompted(mine) == [FIRST]
        assert prompted(theirs) == [SECOND]


@pytest.mark.process
def test_the_newest_prompt_comes_first_however_far_back_the_log_goes(tmp_path: Path) -> None:
    log = tmp_path / "log" / "opencode.log"
    noise = line("aaaa1111", "tracking hash=3d2f3fd26ca4443cb7b079d6b930729b69d74124") * 12_000
    writes = [
        (0, made("aaaa1111", FIRST) + made("aaaa1111", SECOND)),
        (0, line("aaaa1111", f"loop session.id={FIRST} step=0")),
        (0, noise),
    ]

    with processes(log, *writes) as (mine, theirs):
        assert prompted(mine) == [FIRST, SECOND]
        assert prompted(theirs) == []


@pytest.mark.process
def test_a_process_is_found_in_its_new_conversation_and_in_none_before_it_begins(tmp_path: Path) -> None:
    home = AgentHome(tmp_path)
    data = tmp_path / ".local" / "share" / "opencode"
    data.mkdir(parents=True)
    opencode_database(data / "opencode.db", [row(FIRST, "Fix the login"), row(CHILD, NEW, FIRST), row(SECOND, NEW)])
    writes = [(0, made("aaaa1111", FIRST)), (0, made("aaaa1111", CHILD)), (1, made("bbbb2222", SECOND))]

    with processes(data / "log" / "opencode.log", *writes) as (mine, theirs):
        found = {
            title: [
                agent("opencode").conversation(Program(pid=pid, command="opencode"), home=home, title=title)
                for pid in (mine, theirs)
            ]
            for title in ("OC | Fix the login", "OpenCode", "box")
        }

    assert found == {
        "OC | Fix the login": [FIRST, FIRST],
        "OpenCode": [UNBEGUN, SECOND],
        "box": [FIRST, SECOND],
    }


@pytest.mark.parametrize("size", SIZES)
def test_the_start_page_shows_no_conversation(size: str, tmp_path: Path) -> None:
    program = Program(pid=0, command="opencode")
    told = {
        each.name: agent("opencode").conversation(program, home=AgentHome(tmp_path), title="box", screen=each.screen)
        for each in recordings(size)
        if each.agent_key == "opencode"
    }

    assert {name for name, conversation in told.items() if conversation == UNBEGUN} <= {"idle", "new"}


def test_a_pipe_in_place_of_log_or_database_holds_nothing_up(tmp_path: Path) -> None:
    data = tmp_path / ".local" / "share" / "opencode"
    data.mkdir(parents=True)
    put_pipe(data / "opencode.db")

    assert agent("opencode").conversation(Program(pid=0, command="opencode"), home=AgentHome(tmp_path)) == ""
