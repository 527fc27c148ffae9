"""`completions`, in the shells themselves."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from argparse import SUPPRESS
from typing import TYPE_CHECKING

import pytest

from quarterdeck.cli.verbs import VERBS
from quarterdeck.core.pane import PaneId
from quarterdeck.paths import find_places
from quarterdeck.values import replace
from support.cli import ROOT, run_cli
from support.patience import PATIENCE
from support.store import open_store, session
from support.tmux_server import TmuxServer, until

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from quarterdeck.cli.table import Verb

SERVER = "/tmp/qd-none/s"
NAMES = ("api", "with space", "it's", "名前", "$(touch pwned)", "web")
CONFIG = '[projects.shop]\npath = "/tmp"\n\n[projects.site]\npath = "/tmp"\n\n[agents.mine]\ncommand = ["mine"]\n'


@pytest.fixture
async def shell_env(private_home: Path, tmp_path: Path) -> dict[str, str]:
    """An environment with the program on its PATH, and sessions and projects to complete."""
    private_home.mkdir(mode=0o700)
    (private_home / "config.toml").write_text(CONFIG)
    async with open_store(find_places(private_home).state_file) as store:
        await store.checkpoint(
            replace(session(number + 1, name), tmux_server=SERVER) for number, name in enumerate(NAMES)
        )
        team = replace(session(20, "team"), tmux_server=SERVER, rows_in_session=2)
        tests = replace(session(21, "team"), tmux_server=SERVER, rows_in_session=2, window_index=1, window_name="tests")
        await store.checkpoint([replace(team, bound_pane=PaneId("%1")), replace(tests, bound_pane=PaneId("%2"))])
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("quarterdeck", "qd"):
        (folder / name).write_text(f'#!/bin/sh\nPYTHONPATH={ROOT / "app"} exec {sys.executable} -m quarterdeck "$@"\n')
        (folder / name).chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "TMUX": f"{SERVER},1,0", "HOME": str(tmp_path)}


def script(shell: str) -> str:
    return run_cli("completions", shell).out


def ran(argv: list[str], env: dict[str, str], text: str) -> str:
    done = subprocess.run(argv, input=text, env=env, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.stderr == ""
    return done.stdout


BASH = r"""
source /dev/stdin <<'SCRIPT'
@SCRIPT@
SCRIPT
try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _shtab_quarterdeck; echo "$(IFS='|'; echo "${COMPREPLY[*]}")"; }
"""
CASES: list[tuple[list[str], str]] = [
    (["quarterdeck", "at"], "attach"),
    (["qd", "--home", "/x", "-L", "y", "at"], "attach"),
    (["quarterdeck", "config", ""], "|".join(v.name for c in VERBS if c.name == "config" for v in c.verbs)),
    (["quarterdeck", "config", "sch"], "schema"),
    (["quarterdeck", "attach", "a"], "api"),
    (["quarterdeck", "attach", "with"], r"with\ space"),
    (["quarterdeck", "attach", r"with\ s"], r"with\ space"),
    (["quarterdeck", "attach", '"with s'], "with space"),
    (["quarterdeck", "attach", "api", "w"], ""),
    (["quarterdeck", "kill", "api", "we"], "web"),
    (["quarterdeck", "kill", "sess_6"], "sess_6"),
    (["quarterdeck", "kill", "team"], "team:tests|team:0"),
    (["quarterdeck", "kill", "team:t"], "team:tests"),
    (["quarterdeck", "new", "--in", "a"], "api"),
    (["quarterdeck", "attach", "$"], r"\$\(touch\ pwned\)"),
    (["quarterdeck", "attach", "名"], "名前"),
    (["quarterdeck", "-S", "/tmp/other", "attach", ""], ""),
    (["quarterdeck", "spawn", "s"], "shop|site"),
    (["quarterdeck", "new", "x", "--tool", "m"], "mine"),
    (["quarterdeck", "new", "x", "--tool", "clau"], "claude"),
    (["quarterdeck", "events", "--level", "w"], "warn"),
    (["quarterdeck", "events", "--si"], "--since"),
    (["quarterdeck", "events", "--since", ""], ""),
    (["quarterdeck", "new", "--c"], "--cwd"),
    (["quarterdeck", "completions", "f"], "fish"),
    (["quarterdeck", "show", "--js"], "--json"),
    (["quarterdeck", "show", "--", ""], ""),
    (["quarterdeck", "back", "--c"], ""),
]


@pytest.mark.process
def test_bash_completes_verbs_options_and_names(shell_env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "a folder").mkdir()
    (tmp_path / "a file").touch()
    calls = [words for words, _ in CASES] + [["quarterdeck", "new", "--cwd", f"{tmp_path}/a"]]
    quoted = ["try " + " ".join("'" + word.replace("'", "'\\''") + "'" for word in words) for words in calls]

    out = ran(["bash", "--norc"], shell_env, BASH.replace("@SCRIPT@", script("bash")) + "\n".join(quoted)).splitlines()

    assert dict(zip([" ".join(words) for words, _ in CASES], out[:-1], strict=True)) == {
        " ".join(words): wanted for words, wanted in CASES
    }
    assert out[-1] == f"{tmp_path}/a folder"
    assert not (tmp_path / "pwned").exists()


@pytest.fixture
def typing(shell_env: dict[str, str], short_folder: Path, tmp_path: Path) -> Iterator[Typing]:
    with TmuxServer(short_folder / "s") as server:
        yield Typing(server, shell_env, tmp_path)


class Typing:
    """A shell on a terminal, in which something is typed and completed."""

    def __init__(self, server: TmuxServer, env: dict[str, str], folder: Path) -> None:
        self.server = server
        self.env = env
        self.folder = folder
        self.pane = ""

    def start(self, *argv: str, load: str, text: str) -> None:
        (self.folder / "script").write_text(text)
        env = [f"{name}={self.env[name]}" for name in ("PATH", "TMUX", "HOME", "QUARTERDECK_HOME")]
        self.pane = self.server.session("typed", "env", *env, "PS1=> ", "PROMPT=> ", *argv)
        until(lambda: ">" in self.screen(), "the prompt is there")
        self.type(f"{load} {self.folder / 'script'}; clear; echo loaded", "Enter")
        until(lambda: "loaded\n" in self.screen() and "echo" not in self.screen(), "the script was loaded")

    def type(self, *keys: str) -> None:
        self.server.run("send-keys", "-t", self.pane, *keys)

    def screen(self) -> str:
        # tmux 3.2a gives joined lines with blanks at their ends.
        return re.sub(" +$", "", self.server.run("capture-pane", "-p", "-J", "-t", self.pane), flags=re.MULTILINE)

    def completes(self, typed: str, to: str) -> None:
        """Type something, press Tab, and see it completed."""
        self.type(typed)
        until(lambda: f"> {typed}" in self.screen(), f"{typed!r} is typed")
        self.type("Tab")
        until(lambda: f"> {to}" in self.screen(), f"{to!r} stands there, and not: {self.screen()}")
        self.type("C-u")
        until(lambda: f"> {typed}" not in self.screen(), "the line is empty again")


@pytest.mark.process
def test_a_bash_on_a_terminal_completes_what_is_typed(typing: Typing) -> None:
    typing.start("bash", "--norc", load="source", text=script("bash"))

    typing.completes("quarterdeck stat", to="quarterdeck status-line")
    typing.completes("qd attach with", to=r"qd attach with\ space")
    typing.completes("qd kill team:te", to="qd kill team:tests")


@pytest.mark.process
@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_a_zsh_on_a_terminal_completes_what_is_typed(typing: Typing) -> None:
    text = f"eval {shlex.quote(script('zsh'))}"
    typing.start("zsh", "-f", load="autoload -U compinit; compinit -D -u; source", text=text)

    typing.completes("quarterdeck stat", to="quarterdeck status-line")
    typing.completes("qd attach with", to=r"qd attach with\ space")
    typing.completes("qd kill team:te", to="qd kill team:tests")
    typing.completes("qd config sch", to="qd config schema")
    typing.completes("qd new --tool min", to="qd new --tool mine")
    typing.completes("qd events --level wa", to="qd events --level warn")
    typing.completes("qd kill api we", to="qd kill api web")
    typing.completes("qd kill api --det", to="qd kill api --detach")
    typing.completes("qd --home /tmp/x -L y att", to="qd --home /tmp/x -L y attach")


@pytest.mark.process
@pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")
@pytest.mark.process
def test_fish_completes_verbs_options_and_names(shell_env: dict[str, str]) -> None:
    cases = {
        "quarterdeck stat": {"status-line"},
        "qd config sch": {"schema"},
        "quarterdeck attach w": {"with space", "web"},
        "quarterdeck attach api w": set(),
        "quarterdeck kill api we": {"web"},
        "quarterdeck kill team:": {"team:tests", "team:0"},
        "quarterdeck -S /tmp/other attach ": set(),
        "quarterdeck spawn s": {"shop", "site"},
        "quarterdeck new --tool min": {"mine"},
        "quarterdeck events --level w": {"warn"},
        "quarterdeck events --si": {"--since"},
        "quarterdeck completions f": {"fish"},
    }
    lines = "\n".join(f"complete -C '{typed}'; echo ==" for typed in cases)

    out = ran(["fish", "--no-config"], shell_env, f"{script('fish')}\n{lines}\n")

    found = [{line.split("\t")[0] for line in part.splitlines()} for part in out.split("==\n")[:-1]]
    assert dict(zip(cases, found, strict=True)) == cases


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.process
def test_every_verb_and_option_is_in_every_script(shell: str) -> None:
    text = script(shell)

    for verb, option in options_of(VERBS):
        assert verb in text
        assert option.lstrip("-") in text
    assert "--client" not in text
    assert "from-key" not in text


def options_of(verbs: Iterable[Verb]) -> Iterator[tuple[str, str]]:
    """Every verb that is listed, with each of its options that is told of."""
    for verb in verbs:
        if not verb.hidden:
            told = [name for each in verb.arguments if each.options.get("help") is not SUPPRESS for name in each.names]
            yield from ((verb.name, name) for name in told if name.startswith("-"))
            yield from options_of(verb.verbs)


@pytest.mark.process
def test_sessions_that_nobody_has_watched_yet_are_named_too(short_folder: Path) -> None:
    with TmuxServer(short_folder / "s") as server:
        server.session("alpha")
        server.session("beta")

        assert run_cli("-S", server.socket, "names", "session", "a").out == "alpha\tnot watched yet\n"


@pytest.mark.process
def test_names_that_cannot_be_known_are_silence(private_home: Path) -> None:
    private_home.mkdir(mode=0o700)
    (private_home / "state.db").write_text("no database" * 100)
    (private_home / "config.toml").write_text("no = [toml")

    for kind in ("session", "kept", "project", "agent"):
        done = run_cli("names", kind)
        assert (done.out, done.err) == ("", "")
    assert run_cli("names", "nonsense").code == 2
