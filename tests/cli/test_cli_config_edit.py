"""`config edit`, and the unit of `watch`."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from quarterdeck.cli.invocation import unit, word
from support.cli import ROOT, Done, run_cli
from support.patience import PATIENCE
from support.tmux_server import TmuxServer, until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process

MINE = '# mine\n[console]\ngroup = "repo" # why\n'


@pytest.fixture
def file(private_home: Path) -> Path:
    private_home.mkdir(mode=0o700)
    file = private_home / "config.toml"
    file.write_text(MINE)
    return file


def edit(tmp_path: Path, script: str, **env: str) -> Done:
    """Edit with a shell script as the editor; `$1` is the file."""
    editor = tmp_path / "an editor"
    editor.write_text(f"#!/bin/sh\n{script}\n")
    editor.chmod(0o755)
    return run_cli("config", "edit", env={"EDITOR": f"'{editor}'", "VISUAL": "", **env})


def test_what_is_right_is_kept_with_its_comments(file: Path, tmp_path: Path) -> None:
    done = edit(tmp_path, """sed -i 's/repo/project/' "$1" """)

    assert (done.code, done.err) == (0, "")
    assert file.read_text() == MINE.replace("repo", "project")
    assert file.stat().st_mode & 0o777 == 0o600
    assert {each.name for each in file.parent.iterdir()} <= {"config.toml", "quarterdeck.log"}


def test_what_is_wrong_is_not_kept(file: Path, tmp_path: Path) -> None:
    done = edit(tmp_path, """echo 'group = 5' > "$1" """)

    assert done.code == 78
    assert f"{file}:1: group: unknown key" in done.err
    assert file.read_text() == MINE
    assert not list(file.parent.glob(".config*"))


def test_where_no_editor_is_named_it_takes_a_terminal(file: Path, tmp_path: Path) -> None:
    # It must not come to this one.
    (tmp_path / "vi").write_text("#!/bin/sh\nexit 0\n")
    (tmp_path / "vi").chmod(0o755)

    done = run_cli("config", "edit", env={"EDITOR": "", "VISUAL": "", "PATH": f"{tmp_path}:{os.environ['PATH']}"})

    assert (done.code, done.out) == (1, "")
    assert "There is no terminal to edit in." in done.err
    assert "EDITOR" in done.err
    assert {each.name for each in file.parent.iterdir()} <= {"config.toml", "quarterdeck.log"}


@pytest.mark.parametrize("script", ["exit 3", "true"], ids=["the editor fails", "nothing is changed"])
def test_otherwise_nothing_changes(file: Path, tmp_path: Path, script: str) -> None:
    done = edit(tmp_path, script)

    assert done.code == (1 if script == "exit 3" else 0)
    assert file.read_text() == MINE


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(file: Path, tmp_path: Path) -> None:
    done = edit(tmp_path, f"""echo '# more' >> "$1"; echo '# theirs' >> {shlex.quote(str(file))}""")

    assert done.code == 5
    assert file.read_text() == MINE + "# theirs\n"


def test_a_first_file_begins_with_a_word_of_help(private_home: Path, tmp_path: Path) -> None:
    assert edit(tmp_path, "true").code == 0
    assert not (private_home / "config.toml").exists()
    assert edit(tmp_path, """echo '[console]' >> "$1" """).code == 0
    assert (private_home / "config.toml").read_text().startswith("# Settings of Quarterdeck.")
    assert run_cli("config", "edit", env={"EDITOR": "/no/such", "VISUAL": ""}).code == 1


def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfile"
    file.rename(real)
    file.symlink_to(real)

    edit(tmp_path, """sed -i 's/repo/project/' "$1" """)

    assert file.is_symlink()
    assert real.read_text() == MINE.replace("repo", "project")


def test_on_a_terminal_one_may_go_on_editing(file: Path, short_folder: Path, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text("""#!/bin/sh\nif grep -q nonsense "$1"; then sed -i 's/nonsense/none/' "$1"
else sed -i 's/repo/nonsense/' "$1"; fi\n""")
    editor.chmod(0o755)
    with TmuxServer(short_folder / "s") as server:
        env = [f"PYTHONPATH={ROOT / 'app'}", f"QUARTERDECK_HOME={file.parent}", f"VISUAL={editor}"]
        pane = server.session("edits", "env", *env, "sh", size="160x30")
        command = shlex.join([sys.executable, "-m", "quarterdeck", "config", "edit"])
        server.run("send-keys", "-t", pane, f"clear; {command}; echo done=$?", "Enter")
        until(lambda: "Edit again?" in server.run("capture-pane", "-p", "-t", pane), "it asked")
        server.run("send-keys", "-t", pane, "y", "Enter")
        until(lambda: bool(re.search(r"done=\d", server.run("capture-pane", "-p", "-t", pane))), "it ended")

        assert "done=0" in server.run("capture-pane", "-p", "-t", pane)
    assert file.read_text() == MINE.replace("repo", "none")


def test_the_unit_names_program_server_and_home() -> None:
    done = run_cli("-S", "/tmp/a b/s", "watch", "--print-unit", env={"TMUX_BIN": "", "PATH": '/a b:/c%d:/e"f'})

    assert done.code == 0
    assert '-m quarterdeck -S "/tmp/a b/s" --home ' in done.out
    assert done.out.count("ExecStart=") == 1
    assert 'Environment="PATH=/a b:/c%%d:/e\\"f"' in done.out
    assert done.out.count("Environment=") == 1
    chosen = run_cli("watch", "--print-unit", env={"TMUX_BIN": "/opt/a b/tmux"}).out
    assert '\nEnvironment="TMUX_BIN=/opt/a b/tmux"\n' in chosen
    assert "-S /tmp/tmux-" in run_cli("watch", "--print-unit", env={"TMUX": "", "TMUX_TMPDIR": "/tmp"}).out


def test_words_of_the_unit_are_expanded_by_nobody(tmp_path: Path) -> None:
    assert word("plain") == "plain"
    assert word("a$b") == '"a$$b"'
    assert word('50% "x" \\') == '"50%% \\"x\\" \\\\"'
    text = unit(["/bin/quarterdeck", "watch"], {"PATH": "/bin", "TMUX_BIN": "/opt/a b/tmux"})
    assert [line for line in text.splitlines() if line.startswith("[")] == ["[Unit]", "[Service]", "[Install]"]
    analyze = "/usr/bin/systemd-analyze"
    if os.access(analyze, os.X_OK):
        file = tmp_path / "quarterdeck.service"
        file.write_text(text)
        assert (
            "Unknown"
            not in subprocess.run(
                [analyze, "verify", "--user", str(file)], capture_output=True, text=True, check=False, timeout=PATIENCE
            ).stderr
        )
