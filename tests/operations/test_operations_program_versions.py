from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from quarterdeck.operations.program_versions import installed_version, version_of
from quarterdeck.ports.agent_process import Program
from quarterdeck.ports.agent_spec import AgentSpec
from support.recordings import agent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.process


@pytest.fixture
def pid(tmp_path: Path) -> Iterator[int]:
    """A process that works in the folder, run by an interpreter."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, cwd=tmp_path) as running:
        yield running.pid
        running.kill()


def version(pid: int, *argv: str, key: str = "claude") -> str:
    return version_of(Program(pid=pid, command="node", argv=argv), agent(key).spec)


def script(file: Path, text: str = "") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_the_package_of_a_script_says_it(tmp_path: Path, pid: int) -> None:
    package = tmp_path / "node_modules" / "@anthropic-ai" / "claude-code"
    file = script(package / "bin" / "cli.js")
    (package / "package.json").write_text('{"name": "@anthropic-ai/claude-code", "version": "2.1.332"}')
    link = tmp_path / "node_modules" / ".bin" / "claude"
    link.parent.mkdir()
    link.symlink_to(file)

    assert version(pid, "node", str(link)) == "2.1.332"
    assert version(pid, "node", "node_modules/.bin/claude") == "2.1.332"
    assert version(pid, "node", "--flag", "claude") == ""


def test_a_package_of_one_platform_says_it_too(tmp_path: Path, pid: int) -> None:
    file = script(tmp_path / "codex-linux-x64" / "vendor" / "x86_64-unknown-linux-musl" / "codex" / "codex")
    (tmp_path / "codex-linux-x64" / "package.json").write_text(
        '{"name": "@openai/codex-linux-x64", "version": "0.171.0-linux-x64"}'
    )

    assert version(pid, str(file), key="codex") == "0.171.0"


@pytest.mark.parametrize(
    ("path", "key", "told"),
    [
        ("share/claude/versions/2.1.300", "claude", "2.1.300"),
        ("Cellar/codex/0.171.0/bin/codex", "codex", "0.171.0"),
        (".codex/releases/0.171.0-x86_64-unknown-linux-musl/bin/codex", "codex", "0.171.0"),
        (".pyenv/versions/3.11.7/bin/tool", "claude", ""),
        ("src/9.9.9/claude", "claude", ""),
    ],
)
def test_a_path_may_say_it(path: str, key: str, told: str, tmp_path: Path, pid: int) -> None:
    assert version(pid, str(script(tmp_path / path)), key=key) == told


def test_the_python_package_of_a_script_says_it(tmp_path: Path, pid: int) -> None:
    file = script(tmp_path / "venv" / "bin" / "aider", f"#!{tmp_path}/venv/bin/python3\n")
    packages = tmp_path / "venv" / "lib" / "python3.12" / "site-packages"
    for name in ("requests-2.31.0.dist-info", "aider_chat-0.86.1.dist-info", "aider"):
        (packages / name).mkdir(parents=True)

    assert version(pid, "python3", str(file), key="aider") == "0.86.1"


def test_one_that_calls_itself_by_its_name_alone_is_looked_for_where_it_would_find_itself(tmp_path: Path) -> None:
    package = tmp_path / "pi-coding-agent"
    file = script(package / "pi")
    file.chmod(0o755)
    (package / "package.json").write_text('{"name": "@earendil-works/pi-coding-agent", "version": "0.74.2"}')
    env = {"PATH": f"{package}{os.pathsep}{os.environ['PATH']}"}
    argv = [sys.executable, "-c", "input(1)"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env) as running:
        # Before it has said something, the kernel may not have its environment yet.
        assert running.stdout
        running.stdout.read(1)
        found = version(running.pid, "pi", key="pi")
        running.kill()

    assert found == "0.74.2"
    assert installed_version(file, agent("pi").spec) == "0.74.2"


@pytest.mark.parametrize("text", ["", "no JSON", "[1]", '{"version": "1.2"}', '{"name": "x", "version": "newest"}'])
def test_what_says_nothing_says_nothing(text: str, tmp_path: Path, pid: int) -> None:
    file = script(tmp_path / "lone" / "claude")
    (tmp_path / "lone" / "package.json").write_text(text)

    assert version(pid, str(file)) == ""


def test_a_pipe_in_the_place_of_a_package_is_not_waited_for(tmp_path: Path, pid: int) -> None:
    file = script(tmp_path / "lone" / "claude")
    os.mkfifo(tmp_path / "lone" / "package.json")

    assert version(pid, str(file)) == ""


def test_of_a_process_that_has_gone_nothing_is_known() -> None:
    spec = AgentSpec(key="claude", name="Claude Code", commands=("claude",))

    assert version_of(Program(pid=2**22 + 1, command="claude", argv=("/nowhere/claude",)), spec) == ""
