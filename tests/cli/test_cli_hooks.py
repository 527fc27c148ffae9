"""`hooks`: the user's files are changed with the user's say, and come back to the letter."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from quarterdeck.agents.hooks import hook_command
from quarterdeck.ports.clock import wall_clock
from support.cli import ROOT, Done, run_cli, run_cli_in_terminal
from support.patience import PATIENCE
from support.tmux_server import TmuxServer, until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process

SETTINGS = '{\n  // not JSON\n  "a": 1\n}\n'
MINE = '{\n  "model": "opus",\n  "hooks": {\n    "Stop": [{"hooks": [{"type": "command", "command": "say"}]}]\n  }\n}\n'
AGENTS = ("claude", "codex", "gemini", "kilo", "opencode", "qwen")


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with Claude Code on the PATH, and settings of the user's own."""
    home = tmp_path / "user"
    (home / ".claude").mkdir(parents=True)
    (home / "bin").mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_CONFIG_HOME", "GEMINI_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", f"{home / 'bin'}:/usr/bin:/bin")
    install_program(home, "claude")
    settings(home).write_text(MINE)
    return home


def install_program(home: Path, name: str) -> None:
    program = home / "bin" / name
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)


def settings(home: Path) -> Path:
    return home / ".claude" / "settings.json"


def hooks(*args: str) -> Done:
    return run_cli("hooks", *args)


def statuses() -> dict[str, str]:
    return {each["agent"]: each["status"] for each in hooks("status", "--json").json()}


def test_they_are_installed_once_and_undone_to_the_letter(user: Path, private_home: Path) -> None:
    settings(user).chmod(0o644)
    assert statuses() == dict.fromkeys(AGENTS, "absent")

    done = hooks("install", "--yes")

    assert done.code == 0, done.err
    assert '+    "SessionStart": [' in done.out
    assert str(settings(user)) in done.out
    assert settings(user).stat().st_mode & 0o777 == 0o644
    backup = settings(user).with_name("settings.json.before-quarterdeck")
    assert backup.read_text() == MINE
    assert (private_home / "spool" / "claude.sh").exists()
    assert statuses() == {**dict.fromkeys(AGENTS, "absent"), "claude": "installed"}
    changed = settings(user).read_text()
    again = hooks("install")
    assert (again.code, again.out) == (0, "Claude Code: reports already.\n")
    assert settings(user).read_text() == changed

    assert hooks("uninstall", "--yes").code == 0

    assert settings(user).read_text() == MINE
    assert not backup.exists()
    assert hooks("uninstall").code == 0


def test_without_a_terminal_and_a_yes_nothing_is_changed(user: Path) -> None:
    done = hooks("install")

    assert done.code == 5
    assert '+    "SessionStart": [' in done.out
    assert "--yes" in done.err
    assert settings(user).read_text() == MINE
    assert hooks("install", "--json").error()["code"] == "refused"
    assert "absent" in run_cli("hooks", "status").out


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("", 1), ("n", 1)])
def test_on_a_terminal_it_asks(user: Path, short_folder: Path, private_home: Path, answer: str, code: int) -> None:
    with TmuxServer(short_folder / "s") as server:
        env = [f"PYTHONPATH={ROOT / 'app'}", f"HOME={user}", f"QUARTERDECK_HOME={private_home}"]
        pane = server.session("asked", "env", *env, "sh", size="150x90")
        command = shlex.join([sys.executable, "-m", "quarterdeck", "hooks", "install", "claude"])
        server.run("send-keys", "-t", pane, f"clear; {command}; echo done=$?", "Enter")
        until(lambda: "will report? [y/N" in server.run("capture-pane", "-p", "-t", pane), "it asked")
        short = server.run("capture-pane", "-p", "-t", pane)
        assert "+ each is:" in short
        assert "nothing else in it changes" in short
        assert '"SessionStart": [' not in short
        server.run("send-keys", "-t", pane, "d", "Enter")
        until(
            lambda: server.run("capture-pane", "-p", "-S", "-", "-t", pane).count("will report? [y/N") == 2,
            "it asked again",
        )
        assert '+    "SessionStart": [' in server.run("capture-pane", "-p", "-S", "-", "-t", pane)
        server.run("send-keys", "-t", pane, answer, "Enter")
        until(lambda: bool(re.search(r"done=\d", server.run("capture-pane", "-p", "-t", pane))), "it ended")

        assert f"done={code}" in server.run("capture-pane", "-p", "-t", pane)
    assert (settings(user).read_text() != MINE) == (code == 0)


def test_what_the_user_changed_in_between_stays_and_the_backup_with_it(user: Path) -> None:
    hooks("install", "--yes")
    settings(user).write_text(settings(user).read_text().replace("opus", "haiku"))

    done = hooks("uninstall", "--yes")

    assert settings(user).read_text() == MINE.replace("opus", "haiku")
    kept = settings(user).with_name("settings.json.before-quarterdeck")
    assert f"The file has other changes since, so it is kept as it was before too: {kept}" in done.out
    assert kept.read_text() == MINE
    hooks("install", "--yes")
    assert kept.read_text() == MINE.replace("opus", "haiku")


def test_a_link_to_the_settings_stays_a_link(user: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.json"
    settings(user).rename(real)
    settings(user).symlink_to(real)

    hooks("install", "--yes")
    assert settings(user).is_symlink()
    assert "SessionStart" in real.read_text()
    hooks("uninstall", "--yes")

    assert settings(user).is_symlink()
    assert real.read_text() == MINE


def test_one_agents_odd_file_does_not_stop_the_others(user: Path) -> None:
    settings(user).write_text(SETTINGS)
    install_program(user, "codex")

    done = hooks("install", "--yes", "--json")

    assert done.code == 5
    assert "settings.json is not plain JSON" in done.error()["message"]
    assert settings(user).read_text() == SETTINGS
    (codex,) = done.json()
    assert codex["agent"] == "codex"
    assert codex["changed"]
    assert "reviewed" in codex["note"]


def test_a_file_that_is_no_text_is_said_so_by_every_verb_of_hooks(user: Path) -> None:
    settings(user).write_bytes(MINE.encode("utf-16"))

    for verb in ("install", "uninstall"):
        done = hooks(verb, "--yes", "claude")
        assert done.code == 5
        assert f"{settings(user)} is not UTF-8 text, so it is left alone." in done.err
    shown = hooks("status", "claude")
    assert shown.code == 0
    assert str(settings(user)) in shown.out
    assert settings(user).read_bytes() == MINE.encode("utf-16")


def test_agents_can_be_named_and_are_then_made_to_report_before_they_are_there(user: Path) -> None:
    assert hooks("install", "--yes", "OpenCode", "gemini").code == 0

    assert statuses() == {**dict.fromkeys(AGENTS, "absent"), "gemini": "installed", "opencode": "installed"}
    assert settings(user).read_text() == MINE
    assert hooks("uninstall", "--yes").code == 0
    assert not (user / ".gemini" / "settings.json").exists()
    assert not list((user / ".config" / "opencode" / "plugin").iterdir())


def test_the_plugin_alone_has_a_folder_to_report_to(user: Path, private_home: Path) -> None:
    assert user
    assert hooks("install", "--yes", "opencode").code == 0

    assert (private_home / "spool").stat().st_mode & 0o777 == 0o700
    assert statuses()["opencode"] == "installed"
    (private_home / "spool").rmdir()
    assert statuses()["opencode"] == "outdated"
    (private_home / "spool").touch()
    assert statuses()["opencode"] == "outdated"
    assert "Cannot use the folder" in hooks("install", "opencode").err
    (private_home / "spool").unlink()
    assert hooks("install", "opencode").code == 0
    assert statuses()["opencode"] == "installed"


def test_it_is_said_what_was_heard_of_whom_and_when(
    user: Path, private_home: Path, short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    hooks("install", "--yes", "claude", "gemini")
    spool = private_home / "spool"

    def shown() -> list[str]:
        return [line.split("\t")[1] for line in hooks("status", "claude", "gemini", "codex").out.splitlines()]

    def heard() -> list[str | None]:
        return [each["heard_at"] for each in hooks("status", "claude", "gemini", "codex", "--json").json()]

    assert shown() == ["installed, nothing heard yet", "installed, nothing heard yet", "absent"]
    assert heard() == [None, None, None]

    with TmuxServer(short_folder / "s") as server:
        pane = server.session("agent")
        before = wall_clock()
        done = subprocess.run(
            ["sh", "-c", hook_command(spool, "claude")],
            input=b'{"hook_event_name":"SessionStart","session_id":"s-1","source":"startup"}',
            env={"PATH": os.environ["PATH"], "TMUX": f"{server.socket},1,0", "TMUX_PANE": pane},
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0
        until(lambda: bool(list(spool.glob("*.report"))), "the report was written")
        # Nobody has read it yet.
        assert re.fullmatch(r"installed, heard (just now|\d+ min ago)", shown()[0])

        assert run_cli("-S", server.socket, "ls").code == 0

    assert not list(spool.glob("*.report"))
    assert re.fullmatch(r"installed, heard (just now|\d+ min ago)", shown()[0])
    assert shown()[1:] == ["installed, nothing heard yet", "absent"]
    claude, gemini, codex = heard()
    assert claude is not None
    # A shell knows whole seconds only.
    assert before - timedelta(seconds=2) <= datetime.fromisoformat(claude) <= wall_clock()
    assert (gemini, codex) == (None, None)


def test_a_plugin_that_somebody_else_wrote_is_never_taken_away(user: Path) -> None:
    plugin = user / ".config" / "opencode" / "plugin" / "quarterdeck.js"
    plugin.parent.mkdir(parents=True)
    plugin.write_text("// mine\n")

    hooks("uninstall", "--yes")
    assert plugin.read_text() == "// mine\n"
    hooks("install", "--yes", "opencode")
    hooks("install", "--yes", "opencode")
    hooks("uninstall", "--yes")

    assert plugin.read_text() == "// mine\n"


def test_agents_that_are_none_or_have_no_hooks_are_said_so(user: Path) -> None:
    assert hooks("install", "nobody").code == 3
    assert hooks("install", "aider").code == 5
    (user / "bin" / "claude").unlink()
    assert "No agent that can report is on this machine" in hooks("install").out


def test_a_lost_script_is_noticed_and_written_again(user: Path, private_home: Path) -> None:
    assert user
    hooks("install", "--yes")
    (private_home / "spool" / "claude.sh").unlink()

    assert statuses()["claude"] == "outdated"
    assert hooks("install").code == 0
    assert statuses()["claude"] == "installed"


def test_the_status_is_a_table_on_a_terminal(user: Path) -> None:
    assert user
    shown = run_cli_in_terminal("hooks", "status")

    assert shown.splitlines()[0].split() == ["AGENT", "HOOKS", "PROGRAM", "FILE"]
    assert json.loads(hooks("status", "claude", "--json").out)[0]["installed"] is True
