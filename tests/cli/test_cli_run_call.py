"""What a user sees of the program: exit codes, one sentence, never a traceback."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from quarterdeck import __version__
from quarterdeck.cli import run_call
from quarterdeck.errors import NotFound, QuarterdeckError
from support.cli import cli_env, run_cli
from support.patience import PATIENCE
from support.tmux_server import TmuxServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from quarterdeck.cli.call import Call


@pytest.mark.process
def test_version_is_one_line() -> None:
    done = run_cli("--version")

    assert (done.code, done.out, done.err) == (0, f"quarterdeck {__version__}\n", "")
    assert run_cli("config", "--home", "/x", "path", "--version") == done
    assert run_cli("show", "--version") == done


@pytest.mark.process
def test_without_a_terminal_the_console_is_refused_politely() -> None:
    done = run_cli()

    assert done.code == 2
    assert "terminal" in done.err
    assert "Traceback" not in done.err


@pytest.mark.process
def test_wrong_usage_is_said_on_stderr_and_as_json_when_asked() -> None:
    plain, asked = run_cli("nonsense"), run_cli("nonsense", "--json")

    assert (plain.code, asked.code) == (2, 2)
    assert plain.err.startswith("quarterdeck: There is no verb 'nonsense'.")
    assert plain.out == asked.out == ""
    assert asked.error()["code"] == "usage"
    assert set(asked.error()) == {"code", "message", "hint"}


@pytest.mark.process
def test_json_after_a_double_dash_is_text_and_asks_for_nothing() -> None:
    assert not run_cli("nonsense", "--", "--json").err.startswith("{")


def in_place_of_config_path(monkeypatch: pytest.MonkeyPatch, function: Callable[[Call], int]) -> None:
    monkeypatch.setattr(run_call, "function_named", lambda _: function)


@pytest.fixture
def root_logger_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_call, "_start_log", lambda _: None)


@pytest.mark.usefixtures("root_logger_as_it_was")
@pytest.mark.process
def test_an_error_of_ours_gives_its_exit_code_and_its_words_cleaned(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: Call) -> int:
        raise NotFound("There is no session \x1b[31mx\x07.", hint="Try `ls`.")

    in_place_of_config_path(monkeypatch, fail)

    assert run_call.run_words(["doctor"]) == 3
    assert capsys.readouterr().err == "quarterdeck: There is no session x.\nTry `ls`.\n"


@pytest.mark.usefixtures("root_logger_as_it_was")
def test_ctrl_c_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(_: Call) -> int:
        raise KeyboardInterrupt

    in_place_of_config_path(monkeypatch, interrupt)

    assert run_call.run_words(["doctor"]) == 130
    assert capsys.readouterr() == ("", "")


CRASH = """
import sys
from quarterdeck.cli import run_call
def crash(call):
    local_secret = "hunter2"
    raise ZeroDivisionError("by \\x1b[2Jnothing")
run_call.function_named = lambda _: crash
{more}
sys.exit(run_call.run_words(sys.argv[1:]))
"""
PARSER_CRASHES = "run_call.parse = lambda w, real=run_call.parse: crash(w) if w else real(w)"
IS_BARE = "run_call.parse = lambda w, real=run_call.parse: setattr(o := real(w), 'bare', True) or o"


@pytest.mark.parametrize("more", ["", PARSER_CRASHES, IS_BARE], ids=["verb", "parser", "bare verb"])
@pytest.mark.process
def test_what_should_not_happen_is_one_sentence_and_its_trace_is_in_the_log(private_home: Path, more: str) -> None:
    code = CRASH.replace("{more}", more)

    done = subprocess.run(
        [sys.executable, "-c", code, "doctor", "--json"],
        env=cli_env(),
        capture_output=True,
        check=False,
        timeout=PATIENCE,
    )

    error = json.loads(done.stderr)["error"]
    assert done.returncode == 1
    assert error["code"] == "failed"
    assert "ZeroDivisionError: by nothing" in error["message"]
    assert str(private_home / "quarterdeck.log") in error["hint"]
    record = json.loads((private_home / "quarterdeck.log").read_text())
    assert stat.S_IMODE(private_home.stat().st_mode) == 0o700
    assert stat.S_IMODE((private_home / "quarterdeck.log").stat().st_mode) == 0o600
    assert "Traceback" in record["trace"]
    assert "hunter2" not in record["trace"].replace('local_secret = "hunter2"', "")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("config schema", 128 + signal.SIGPIPE),
        ("config path", 128 + signal.SIGPIPE),
        ("-h", 128 + signal.SIGPIPE),
        ("nonsense", 2),
    ],
)
@pytest.mark.process
def test_a_reader_that_goes_away_is_no_error(words: str, code: int) -> None:
    read, write = os.pipe()
    os.close(read)
    # Where Python writes each word as it comes, it is argparse that finds nobody there, and says nothing.
    env = {name: text for name, text in cli_env().items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(
        [sys.executable, "-m", "quarterdeck", *words.split()],
        env=env,
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
        timeout=PATIENCE,
    )
    os.close(write)

    assert b"Traceback" not in done.stderr
    assert b"BrokenPipe" not in done.stderr
    assert done.returncode == code


@pytest.mark.parametrize(("redirection", "code"), [(">/dev/full", 1), (">&-", 0), (">&- 2>&-", 0)])
@pytest.mark.process
def test_output_that_cannot_be_written_is_no_traceback(redirection: str, code: int) -> None:
    command = f"exec {sys.executable} -m quarterdeck config path {redirection}"

    done = subprocess.run(
        ["sh", "-c", command], env=cli_env(), capture_output=True, text=True, check=False, timeout=PATIENCE
    )

    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.process
def test_a_stream_that_cannot_show_a_letter_does_not_fail(private_home: Path) -> None:
    name = private_home / "名前"

    done = run_cli("config", "path", "--home", str(name), env={"PYTHONIOENCODING": "ascii"})

    assert done.code == 0
    assert "\\u540d" in done.out


@pytest.mark.process
def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")

    assert run_cli("config", "path", "--home", str(blocked / "below")).code == 0


@pytest.mark.process
def test_asking_for_the_path_leaves_nothing_behind(private_home: Path) -> None:
    assert run_cli("config", "path").code == 0

    assert not private_home.exists()


def test_every_error_has_a_name_and_an_exit_code_of_the_contract() -> None:
    kinds = [QuarterdeckError]
    for kind in kinds:
        kinds.extend(kind.__subclasses__())

    assert {kind.exit_code for kind in kinds} <= {1, 2, 3, 4, 5, 78}
    assert all(kind.code for kind in kinds)


HEAVY = {"textual", "rich", "shtab", "pydantic", "asyncio", "httpx", "psutil", "sqlite3"}


@pytest.mark.parametrize("words", [["--version"], ["-h"], ["config", "-h"]], ids=" ".join)
@pytest.mark.process
def test_nothing_heavy_is_imported_to_say_little(words: list[str]) -> None:
    code = "import sys; from quarterdeck.cli import main; main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"

    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        env=cli_env(),
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )

    assert HEAVY & set(done.stderr.split()) == set()


UNASKED = {"textual", "rich", "shtab", "pydantic", "httpx", "psutil", "tomlkit", "platformdirs"}


@pytest.mark.parametrize("words", [["ls"], ["send", "--held"], ["names", "kept", ""]], ids=" ".join)
@pytest.mark.process
def test_a_look_imports_only_what_it_looks_with(short_folder: Path, words: list[str]) -> None:
    code = "import sys; from quarterdeck.cli import main; main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    socket = short_folder / "s"

    with TmuxServer(socket) as server:
        server.run("new-session", "-d", "-s", "here")
        command = [sys.executable, "-c", code, "-S", str(socket), *words]
        done = subprocess.run(command, env=cli_env(), capture_output=True, text=True, check=True, timeout=60)

    assert UNASKED & set(done.stderr.split()) == set()


AGENTS_READERS = (
    "agent_readers",
    "screen",
    "_screen",
    "_transcript",
    "claude_files",
    "_reports",
    "_plugin",
    "core.skills",
    "agent_line",
)


@pytest.mark.parametrize(
    ("program", "loaded"),
    [
        ("cat", set()),
        ("codex", {"agent_readers", "screen", "codex_screen", "codex_transcript", "claude_reports", "agent_line"}),
    ],
)
@pytest.mark.parametrize("words", [["ls"], ["show", "here"], ["send", "--held"]], ids=" ".join)
@pytest.mark.process
def test_only_what_reads_the_agents_that_are_there_is_loaded(
    short_folder: Path, words: list[str], program: str, loaded: set[str]
) -> None:
    code = "import sys; from quarterdeck.cli import main; main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)"
    socket, named = short_folder / "s", short_folder / program
    named.symlink_to("/bin/cat")

    with TmuxServer(socket) as server:
        server.session("here", str(named))
        command = [sys.executable, "-c", code, "-S", str(socket), *words]
        done = subprocess.run(command, env=cli_env(), capture_output=True, text=True, check=True, timeout=60)

    found = {name for name in done.stderr.split() if name.startswith("quarterdeck.") and name.endswith(AGENTS_READERS)}
    assert {name.rpartition(".")[2] for name in found} == loaded
