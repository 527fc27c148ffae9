"""Settings from defaults, file and environment."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.config.describe import env_variables
from quarterdeck.config.loader import load
from quarterdeck.config.settings import Settings
from quarterdeck.errors import SettingsError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def error_of(file: Path, text: str, environ: dict[str, str] | None = None) -> SettingsError:
    file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(file, environ or {})
    assert caught.value.exit_code == 78
    return caught.value


def test_without_a_file_the_defaults_hold(file: Path) -> None:
    loaded = load(file, {})

    assert loaded.settings == Settings()
    assert {value.origin for value in loaded.values()} == {"default"}


def test_each_layer_lies_over_the_one_before_and_each_value_knows_its_layer(file: Path) -> None:
    file.write_text('[tmux]\npoll_seconds = 2\nresync_seconds = 20\nwatch = "poll"\n')
    environ = {"QUARTERDECK_TMUX_RESYNC_SECONDS": "30", "QUARTERDECK_TMUX_WATCH": "auto"}

    loaded = load(file, environ)

    tmux = loaded.settings.tmux
    assert (tmux.poll_seconds, tmux.resync_seconds, tmux.watch, tmux.look_timeout_seconds) == (2, 30, "auto", 2)
    assert {value.key: value.origin for value in loaded.values() if value.key.startswith("tmux.")} == {
        "tmux.watch": "env:QUARTERDECK_TMUX_WATCH",
        "tmux.poll_seconds": "file:2",
        "tmux.resync_seconds": "env:QUARTERDECK_TMUX_RESYNC_SECONDS",
        "tmux.look_timeout_seconds": "default",
        "tmux.command_timeout_seconds": "default",
    }


@pytest.mark.parametrize(
    ("variable", "text", "key", "value"),
    [
        ("QUARTERDECK_CONSOLE_ASCII", "yes", "console.ascii", True),
        ("QUARTERDECK_CONSOLE_MOUSE", "0", "console.mouse", False),
        ("QUARTERDECK_CONSOLE_THEME", "1984", "console.theme", "1984"),
        ("QUARTERDECK_THOUGHTS_CONCURRENCY", " 4 ", "thoughts.concurrency", 4),
        ("QUARTERDECK_TMUX_POLL_SECONDS", "0.5", "tmux.poll_seconds", 0.5),
        ("QUARTERDECK_THOUGHTS_COMMAND", "llm -m 'a b'", "thoughts.command", ("llm", "-m", "a b")),
        ("QUARTERDECK_NOTIFY_FINISHED", "bell, desktop", "notify.finished", ("bell", "desktop")),
        ("QUARTERDECK_DEFAULTS_WORKER_AGENT", "codex", "defaults.worker.agent", "codex"),
        ("QUARTERDECK_DEFAULTS_WORKER_PERMISSIONS", "suggest", "defaults.worker.permissions", "suggest"),
    ],
)
def test_a_variable_is_read_as_the_kind_its_setting_is(
    file: Path, variable: str, text: str, key: str, value: object
) -> None:
    values = {found.key: found for found in load(file, {variable: text}).values()}

    assert values[key].value == value
    assert values[key].origin == f"env:{variable}"


def test_variables_that_are_no_settings_are_none_of_our_business(file: Path) -> None:
    environ = {"QUARTERDECK_HOME": "/x", "QUARTERDECK_SESSION": "qd-1", "QUARTERDECK_PROJECT": "p", "HOME": "/h"}

    assert load(file, environ).settings == Settings()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[tmux]\npol_seconds = 1\n", "config.toml:2: tmux.pol_seconds: unknown key"),
        ("\n[tmuxx]\n", "config.toml:2: tmuxx: unknown key"),
        ('[tmux]\npoll_seconds = "1"\n', "config.toml:2: tmux.poll_seconds: expected a number from 0.1 to 60, not '1'"),
        ("[tmux]\npoll_seconds = 61\n", "config.toml:2: tmux.poll_seconds: expected a number from 0.1 to 60, not 61"),
        ("[tmux]\npoll_seconds = nan\n", "config.toml:2: tmux.poll_seconds: expected a number from 0.1 to 60, not nan"),
        ("[tmux]\npoll_seconds = true\n", "tmux.poll_seconds: expected a number from 0.1 to 60, not true"),
        ("[console]\nascii = 1\n", "config.toml:2: console.ascii: expected true or false, not 1"),
        (
            '[console]\ngroup = "x"\n',
            'console.group: expected one of "none", "session", "repo", "project", "state", not \'x\'',
        ),
        ("tmux = 3\n", "config.toml:1: tmux: expected a table, not 3"),
        ("[thoughts]\nconcurrency = 1.5\n", "thoughts.concurrency: expected a whole number from 1 to 16, not 1.5"),
        ("[thoughts]\ncalls_per_hour = -1\n", "thoughts.calls_per_hour: expected a whole number of at least 0, not -1"),
        ("[notify]\nerror = ['smoke']\n", 'notify.error.0: expected one of "toast", "bell", "desktop", "command"'),
        ('[notify]\nquiet_hours = "9-17"\n', "notify.quiet_hours: expected hours such as"),
        ("[projects.p]\n", "config.toml:1: projects.p.path: missing: expected text"),
        ('[projects.p]\npath = "here"\n', "config.toml:2: projects.p.path: expected an absolute path"),
        ('[projects.p]\npath = "/p"\nsymlinks = ["../x"]\n', "projects.p.symlinks: expected paths inside the repo"),
        ('[projects.p]\npath = "/p"\nsession_prefix = "a b"\n', "projects.p.session_prefix: expected letters, digits"),
        ('[projects."a b"]\npath = "/p"\n', "config.toml:1: projects.a b: expected a project name of letters"),
        ("[thoughts]\ncadence_warm_seconds = 10\n", "expected at least cadence_hot_seconds (15), not 10"),
        ("[thoughts]\ncadence_cold_seconds = 40\n", "expected at least cadence_warm_seconds (45), not 40"),
        ('[thoughts]\nbackend = "command"\n', "thoughts.command: expected a program, since the backend is"),
        ('[thoughts]\nbackend = "openai"\nurl = "x"\n', "config.toml:3: thoughts.url: expected an address with http"),
        ('[thoughts]\ncommand = "a \'b"\n', "thoughts.command: expected a command whose quotes are closed"),
        ('[console]\nview = "v"\n', "config.toml:2: console.view: expected the name of a view in [views]"),
        (
            '[[agents.a.screen]]\nid = "n"\nmeans = "idle"\npattern = "("\n',
            "config.toml:4: agents.a.screen.0.pattern: expected a regular expression",
        ),
        ("a = = 1\n", "config.toml:1: expected TOML: invalid value"),
        ("a = 1\na = 2\n", "config.toml:2: expected TOML: cannot overwrite a value"),
        ('[tmux]\nwatch = "po', "config.toml:2: expected TOML: "),
    ],
)
def test_what_is_wrong_is_named_with_file_line_key_and_expectation(file: Path, text: str, words: str) -> None:
    error = error_of(file, text)

    assert words in error.message
    assert str(file) in error.message
    assert "\n" not in error.message


def test_a_variable_that_is_wrong_is_named_itself(file: Path) -> None:
    error = error_of(file, "", {"QUARTERDECK_CONSOLE_GROUP": "colour"})

    assert error.message.startswith("QUARTERDECK_CONSOLE_GROUP: console.group: expected one of")


def test_a_misspelt_variable_of_a_known_section_is_not_passed_over(file: Path) -> None:
    error = error_of(file, "", {"QUARTERDECK_CONSOLE_GRUOP": "repo"})

    assert "unknown setting QUARTERDECK_CONSOLE_GRUOP" in error.message
    assert error.hint == "Did you mean QUARTERDECK_CONSOLE_GROUP?"


def test_a_misspelt_key_brings_the_right_one(file: Path) -> None:
    assert error_of(file, "[tmux]\npol_seconds = 1\n").hint == "Did you mean poll_seconds?"


def test_all_that_is_wrong_is_listed_at_once(file: Path) -> None:
    error = error_of(file, "x = 1\n[tmux]\npoll_seconds = 0\n", {"QUARTERDECK_CONSOLE_ASCII": "maybe"})

    assert "3 settings are wrong:" in error.message
    assert "config.toml:1: x: unknown key" in error.message
    assert "config.toml:3: tmux.poll_seconds:" in error.message
    assert "QUARTERDECK_CONSOLE_ASCII: console.ascii: expected true or false, not 'maybe'" in error.message


def test_a_wrong_secret_is_not_shown(file: Path) -> None:
    error = error_of(file, '[projects.p]\npath = "/p"\nenv = { API_TOKEN = 12345 }\n[thoughts]\nkey = 67890\n')

    assert "projects.p.env.API_TOKEN: expected text" in error.message
    assert "thoughts.key: expected text" in error.message
    assert "12345" not in error.message
    assert "67890" not in error.message


def test_two_projects_with_one_prefix_are_told_apart_with_a_proposal(file: Path) -> None:
    error = error_of(file, '[projects.one]\npath = "/a/Frontend"\n[projects.two]\npath = "/b/fro"\n')

    assert "two.session_prefix: expected another prefix than 'fro', which project 'one' has" in error.message
    assert "'fro2'" in error.message


def test_action_names_may_be_quoted_or_dotted(file: Path) -> None:
    file.write_text('[keys]\n"session.send" = "M"\nsession.end = "X"\n')

    loaded = load(file, {})

    assert loaded.settings.keys == {"session.send": ("M",), "session.end": ("X",)}
    assert loaded.origin("keys.session.send") == "file:2"
    assert loaded.origin("keys.session.end") == "file:3"


def test_a_file_that_is_not_text_or_cannot_be_read_is_named(file: Path, tmp_path: Path) -> None:
    file.write_bytes(b"a = 1\nb = '\xff'\n")

    with pytest.raises(SettingsError, match="line 2 is not UTF-8"):
        load(file, {})
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path, {})


def test_settings_do_not_change_once_read(file: Path) -> None:
    settings = load(file, {}).settings

    with pytest.raises(ValueError, match="frozen"):
        settings.tmux.poll_seconds = 3


# Escapes of JSON and TOML differ beyond the basic plane.
TEXT = st.text(st.characters(max_codepoint=0xD7FF), max_size=5)
SCALARS = st.booleans() | st.integers() | st.floats() | TEXT | st.lists(TEXT, max_size=2)
NAMES = st.sampled_from(sorted({part for path, _ in env_variables().values() for part in path} | {"keys", "views"}))
OWN_NAMES = TEXT
TREES = st.recursive(SCALARS, lambda below: st.dictionaries(NAMES | OWN_NAMES, below, max_size=4), max_leaves=12)


@given(st.dictionaries(NAMES | st.sampled_from(["projects", "agents"]), TREES, max_size=4))
def test_whatever_stands_in_the_file_it_is_taken_or_named(tree: dict[str, object]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "config.toml"
        file.write_text("".join(f"{json.dumps(key)} = {inline(value)}\n" for key, value in tree.items()))
        try:
            said = [value.origin for value in load(file, {}).values()]
        except SettingsError as error:
            said = [part for part in error.message.split("\n") if str(file) in part]
        assert all(said)
        assert said


def inline(value: object) -> str:
    """A value as TOML writes it on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {inline(item)}" for key, item in value.items()) + "}"
    if isinstance(value, float):
        return repr(value).replace("e+", "e")
    return json.dumps(value, ensure_ascii=True).replace("\x7f", "\\u007f")
