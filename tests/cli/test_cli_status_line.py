"""`status-line`."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import platformdirs
import pytest

from quarterdeck.cli.status_line import COUNTED, line
from quarterdeck.core.session import Need, SessionState
from quarterdeck.paths import find_places
from quarterdeck.ports.clock import wall_clock
from quarterdeck.store.glances import own_session_key
from quarterdeck.store.lease import Lease, writer_duty
from quarterdeck.tui.preferences import ConsoleMemory
from quarterdeck.values import replace
from support.cli import Done, cli_env, run_cli
from support.patience import PATIENCE
from support.store import open_store, session

if TYPE_CHECKING:
    from pathlib import Path

SERVER = "/tmp/qd-none/s"
WANTED = (
    [(SessionState.ATTENTION, Need.PERMISSION)] * 2
    + [(SessionState.BUSY, None)] * 3
    + [(SessionState.IDLE, None)]
    + [(SessionState.IDLE, Need.FINISHED), (SessionState.ERROR, Need.ERROR), (SessionState.ATTENTION, None)]
)


@pytest.fixture
async def kept(private_home: Path) -> None:
    """Sessions of every kind, as a console keeps them."""
    private_home.mkdir(mode=0o700)
    async with open_store(find_places(private_home).state_file) as store:
        await store.checkpoint(
            replace(session(number), tmux_server=SERVER, state=state, needs=need)
            for number, (state, need) in enumerate(WANTED)
        )


def status_line(*args: str, **env: str) -> Done:
    return run_cli("-S", SERVER, "status-line", *args, env=env)


@pytest.mark.process
def test_with_nothing_there_is_nothing_to_say(private_home: Path) -> None:
    done = status_line()

    assert (done.code, done.out, done.err) == (0, "", "")
    assert not private_home.exists()


@pytest.mark.usefixtures("kept")
@pytest.mark.process
def test_it_counts_what_waits_what_works_and_what_rests() -> None:
    assert status_line().out == "▲2 ✖1 ◆2 ●3 ○1?\n"
    assert status_line("--ascii").out == "!2 x1 +2 *3 -1?\n"
    assert status_line(LC_ALL="C", LANG="").out == "!2 x1 +2 *3 -1?\n"
    assert run_cli("-S", "/tmp/qd-none/other", "status-line").out == ""
    assert run_cli("status-line", env={"TMUX": f"{SERVER},1,0"}).out == status_line().out
    assert status_line("--json").json() == {
        "asks": 2,
        "limited": 0,
        "failed": 1,
        "done": 2,
        "works": 3,
        "rests": 1,
        "fresh": False,
        "trouble": {},
    }


@pytest.mark.usefixtures("kept")
@pytest.mark.process
async def test_a_limit_counts_until_it_is_over(private_home: Path) -> None:
    now = wall_clock()
    async with open_store(find_places(private_home).state_file) as store:
        rests = replace(session(5), tmux_server=SERVER, state=SessionState.IDLE)
        await store.checkpoint([replace(rests, limited_until=now + timedelta(hours=1))])
        assert status_line().out == "▲2 ◔1 ✖1 ◆2 ●3?\n"

        await store.checkpoint([replace(rests, limited_until=now - timedelta(hours=1))])
        assert status_line().out == "▲2 ✖1 ◆2 ●3 ○1?\n"


@pytest.mark.usefixtures("kept")
@pytest.mark.process
async def test_a_session_that_holds_only_the_console_is_not_counted(private_home: Path) -> None:
    async with open_store(find_places(private_home).state_file) as store:
        memory = ConsoleMemory(SERVER, own_session_key(SERVER))
        await memory.use(store)
        memory.stands_in(session(2).session_id)
        await memory.flush()
        assert status_line().out == "▲2 ✖1 ◆2 ●2 ○1?\n"

        memory.stands_in(None)
        await memory.flush()
        assert status_line().out == "▲2 ✖1 ◆2 ●3 ○1?\n"


@pytest.mark.usefixtures("kept")
@pytest.mark.process
def test_it_asks_no_question_about_itself_while_somebody_watches(private_home: Path) -> None:
    lease = Lease(find_places(private_home).state_file, writer_duty(SERVER))
    assert lease.try_take()

    assert status_line("--colour").out.startswith("#[fg=yellow,bold]▲2#[default] #[fg=red,bold]✖1#[default] ")
    assert "?" not in status_line().out
    lease.release()


@pytest.mark.usefixtures("kept")
@pytest.mark.process
async def test_it_says_what_is_not_well_with_whoever_watches(private_home: Path) -> None:
    async with open_store(find_places(private_home).state_file) as store:
        await store.keep_troubles(SERVER, {"tmux": "tmux did not answer within 2 s.", "thoughts": "HTTP 500"})
    assert status_line().out == "▲2 ✖1 ◆2 ●3 ○1?\n", "who found that is gone"
    lease = Lease(find_places(private_home).state_file, writer_duty(SERVER))
    assert lease.try_take()

    assert status_line().out == "▲2 ✖1 ◆2 ●3 ○1? tmux hangs thoughts fail\n"
    assert status_line("--json").json()["trouble"]["thoughts"] == "HTTP 500"
    (told,) = [each for each in run_cli("-S", SERVER, "doctor", "--json").json() if "thoughts:" in each["cause"]]
    assert (told["status"], "HTTP 500" in told["cause"]) == ("warn", True)
    lease.release()


@pytest.mark.process
def test_what_cannot_be_read_is_one_word(private_home: Path) -> None:
    private_home.mkdir(mode=0o700)
    (private_home / "state.db").write_text("this is no database" * 100)

    done = status_line()

    assert (done.code, done.out, done.err) == (1, "unreadable\n", "")


@pytest.mark.process
def test_wrong_words_are_said_as_everywhere() -> None:
    assert run_cli("status-line", "--nonsense").code == 2
    assert run_cli("status-line", "-S").code == 2
    assert run_cli("status-line", "-S", "").out == "unreadable\n"
    assert "--colour" in run_cli("status-line", "-h").out


@pytest.mark.process
def test_it_is_empty_where_there_are_no_sessions() -> None:
    assert line(dict.fromkeys(COUNTED, 0), {}, fresh=False, colour=True, ascii_only=False) == ""


SLOW = {"asyncio", "dataclasses", "argparse", "platformdirs", "pydantic", "textual", "subprocess", "logging"}
SLOW |= {"typing", "pathlib", "re", "enum", "contextlib", "urllib", "json", "inspect"}
OURS = {"cli", "cli.status_line", "cli.address", "core", "core.state_signs", "errors", "foreign_files", "roots"} | {
    f"store{name}" for name in ("", ".lease", ".glances", ".migrations")
}


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("home", [None, ""], ids=["one home", "the system's places"])
@pytest.mark.process
def test_it_imports_next_to_nothing(home: str | None) -> None:
    # What Python imports to start itself, in this environment, is not ours to judge.
    code = (
        "import sys; before = set(sys.modules); from quarterdeck.cli import main; main();"
        "print(*(set(sys.modules) - before), file=sys.stderr)"
    )
    env = cli_env({} if home is None else {"QUARTERDECK_HOME": home})

    done = subprocess.run(
        [sys.executable, "-c", code, "status-line"],
        env=env,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )

    imported = set(done.stderr.split())
    assert SLOW & imported == set()
    assert {name.partition(".")[2] for name in imported if name.startswith("quarterdeck.")} == OURS


@pytest.mark.parametrize(
    "env",
    [{}, {"XDG_CONFIG_HOME": "/a b", "XDG_STATE_HOME": "/s", "XDG_DATA_HOME": "/d"}, {"XDG_STATE_HOME": " "}],
    ids=["none", "all", "blank"],
)
def test_the_systems_places_are_those_of_platformdirs(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)

    found = find_places(environ={})

    assert found.config_file.parent == platformdirs.user_config_path("quarterdeck", appauthor=False)
    assert found.state_file.parent == platformdirs.user_state_path("quarterdeck", appauthor=False)
    assert found.projects.parent == platformdirs.user_data_path("quarterdeck", appauthor=False)
    assert found.log_file.parent == platformdirs.user_log_path("quarterdeck", appauthor=False)
