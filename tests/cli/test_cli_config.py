"""`config`."""

from __future__ import annotations

import json
import os
import sqlite3
from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.pane import ServerAddress
from quarterdeck.tui.preferences import key_of
from support.cli import run_cli, run_cli_in_terminal

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process


@pytest.fixture
def file(private_home: Path) -> Path:
    private_home.mkdir(mode=0o700)
    return private_home / "config.toml"


def test_path_says_where_the_file_is_and_with_json_everything_else(private_home: Path) -> None:
    assert run_cli("config", "path").out == f"{private_home}/config.toml\n"
    assert run_cli("config", "path", "--json").json()["state_file"] == f"{private_home}/state.db"


def test_the_home_flag_wins(tmp_path: Path) -> None:
    assert run_cli("--home", str(tmp_path), "config", "path").out == f"{tmp_path}/config.toml\n"


def test_show_tells_value_and_origin_of_each_setting(file: Path) -> None:
    file.write_text('[console]\ngroup = "repo"\n')

    done = run_cli("config", "show", "console", env={"QUARTERDECK_CONSOLE_ASCII": "1"})

    assert done.code == 0
    assert "console.group\trepo\tfile:2\n" in done.out
    assert "console.ascii\ttrue\tenv:QUARTERDECK_CONSOLE_ASCII\n" in done.out
    assert "console.mouse\ttrue\tdefault\n" in done.out
    assert "tmux." not in done.out


def test_show_as_json_has_the_same(file: Path) -> None:
    file.write_text('[thoughts]\ncommand = ["llm", "-m", "x"]\n')

    rows = {row["key"]: row for row in run_cli("config", "show", "--json").json()}

    assert rows["thoughts.command"] == {"key": "thoughts.command", "value": ["llm", "-m", "x"], "origin": "file:2"}
    assert rows["thoughts.key_file"]["value"] is None


def test_show_tells_what_was_chosen_in_the_console_of_that_server_and_over_what(file: Path, tmp_path: Path) -> None:
    file.write_text('[console]\ntheme = "high-contrast"\n')
    ours, other = (ServerAddress(str(tmp_path / name)) for name in ("ours", "other"))
    chosen = json.dumps({"theme": "light", "grouping": "repo", "selected": "sess_1"})
    connection = sqlite3.connect(file.with_name("state.db"))
    with connection:
        connection.execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT)")
        connection.execute("INSERT INTO meta VALUES (?, ?)", (key_of(str(ours)), chosen))
    connection.close()

    here = run_cli("-S", ours.socket, "config", "show", "console")
    there = run_cli("-S", other.socket, "config", "show", "console")

    assert "console.theme\tlight\tconsole, over file:2\n" in here.out
    assert "console.group\trepo\tconsole\n" in here.out
    assert "console.preview\tauto\tdefault\n" in here.out
    assert "console.theme\thigh-contrast\tfile:2\n" in there.out


def test_show_tells_the_settings_also_where_the_state_cannot_be_read(file: Path) -> None:
    file.with_name("state.db").write_text("no database")

    done = run_cli("config", "show", "console.theme")

    assert (done.code, done.out) == (0, "console.theme\tdark\tdefault\n")
    assert done.err.startswith("quarterdeck: what was chosen in the console is not known: ")


def test_secrets_are_never_shown(file: Path) -> None:
    file.write_text('[thoughts]\nkey = "hunter2"\n[projects.p]\npath = "/p"\nenv = { X_TOKEN = "hunter3", A = "b" }\n')

    for done in (run_cli("config", "show"), run_cli("config", "show", "--json")):
        assert done.code == 0
        assert "hunter" not in done.out
        assert "********" in done.out


def test_show_of_something_that_is_no_setting_exits_3() -> None:
    done = run_cli("config", "show", "colour", "--json")

    assert done.code == 3
    assert done.error()["code"] == "not_found"


def test_check_of_a_good_file_exits_0_and_of_a_bad_one_78(file: Path) -> None:
    file.write_text('[console]\ngroup = "repo"\n')
    good = run_cli("config", "check")
    file.write_text('[console]\ngroup = "x"\ncolour = 1\n')
    bad, asked = run_cli("config", "check"), run_cli("config", "check", "--json")

    assert (good.code, bad.code, asked.code) == (0, 78, 78)
    assert good.out.strip() == f"{file} is valid; it and the environment set 1 value."
    assert f"{file}:2: console.group: expected one of" in bad.err
    assert f"{file}:3: console.colour: unknown key" in bad.err
    assert asked.error()["code"] == "settings"


def test_check_knows_the_actions_of_the_console(file: Path) -> None:
    file.write_text('[keys]\nsession.dance = "d"\n')

    done = run_cli("config", "check")

    assert done.code == 78
    assert f"{file}:2: keys.session.dance: unknown action" in done.err


def test_check_knows_which_agents_another_one_can_be_like(file: Path) -> None:
    file.write_text('[agents.mine]\nbase = "nobody"\n')

    done = run_cli("config", "check")

    assert (done.code, "agents.mine.base: there is no agent 'nobody'" in done.err) == (78, True)


def test_check_knows_which_agents_can_be_started(file: Path) -> None:
    file.write_text('[agents.mine]\n[defaults]\nagent = "codxe"\n[projects.app]\npath = "/a"\nagent = "mine"\n')

    done = run_cli("config", "check")

    assert done.code == 78
    assert f"{file}:3: defaults.agent: expected one of mine, claude, codex," in done.err
    assert "not 'codxe'" in done.err
    assert "projects" not in done.err


def test_check_names_the_projects_whose_repository_is_not_there(file: Path, tmp_path: Path) -> None:
    (tmp_path / "app" / ".git").mkdir(parents=True)
    file.write_text(f'[projects.app]\npath = "{tmp_path}/app"\n[projects.web]\npath = "{tmp_path}"\n')

    done = run_cli("config", "check")

    assert done.code == 78
    assert f"{file}:4: projects.web.path: expected a git repository, but {tmp_path} is not one." in done.err
    assert "projects.app" not in done.err
    assert run_cli("config", "show").code == 0, "what does not need the project goes on"


def test_settings_that_are_a_pipe_are_not_waited_for(file: Path) -> None:
    os.mkfifo(file)

    assert run_cli("config", "check").code == 78


def test_schema_is_a_json_schema() -> None:
    schema = run_cli("config", "schema").json()

    assert schema["$schema"].startswith("https://json-schema.org/")
    assert schema["properties"]["keys"]["description"]


def test_on_a_terminal_the_columns_line_up_under_a_header() -> None:
    shown = run_cli_in_terminal("config", "show", "console").splitlines()

    assert shown[0].split() == ["KEY", "VALUE", "ORIGIN"]
    assert {line.index("default") for line in shown[1:]} == {shown[0].index("ORIGIN")}
