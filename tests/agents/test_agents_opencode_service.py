"""OpenCode's server as a channel, against a process that listens, logs and keeps a database as OpenCode does."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from quarterdeck.agents.opencode_family import OPENCODE
from quarterdeck.agents.opencode_server import server_of, servers
from quarterdeck.agents.opencode_service import OpenCodeService, read_registry
from quarterdeck.core.reading import UNBEGUN
from quarterdeck.core.session import Need, SessionState
from quarterdeck.ports.agent_process import AgentHome, Program
from quarterdeck.ports.agent_service import ConversationTarget, ServiceOutcome
from quarterdeck.values import replace
from support.recordings import NOW, opencode_database
from support.tmux_server import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.process

# Any program would be taken for one by its name alone, so this one goes by Python's.
FAMILY = replace(OPENCODE, programs=(Path("/proc/self/exe").readlink().name,))
ONE, TWO, CHILD = "ses_one000000000000000000", "ses_two000000000000000000", "ses_child0000000000000000"
HOST = """
import json, os, sqlite3, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
folder, log, database = sys.argv[2:5]
held = [os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT), open(database)]
for key in sys.argv[5:]:
    os.write(held[0], f"timestamp=1 level=INFO run=aaaa1111 message=loop session.id={key} step=0\\n".encode())
class Handler(BaseHTTPRequestHandler):
    def answer(self):
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size).decode()
        with open(f"{folder}/asked", "a") as asked:
            asked.write(json.dumps([self.command, self.path, body, self.headers.get("Authorization")]) + "\\n")
        told = json.load(open(f"{folder}/told.json"))
        status, said = told.get(self.path.partition("?")[0], [404, None])
        if status == 0:
            return
        data = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
    do_GET = do_POST = answer
    def log_message(self, *_): pass
server = HTTPServer(("127.0.0.1", 0), Handler)
open(f"{folder}/port", "w").write(str(server.server_port))
server.serve_forever()
"""


class Host:
    """One process that listens, and what it is told to say."""

    def __init__(self, root: Path, command: str, keys: tuple[str, ...], password: str = "") -> None:
        self.root = root
        data = root / ".local" / "share" / "opencode"
        (data / "log").mkdir(parents=True)
        self.told: dict[str, object] = {
            "/session/status": [200, {}],
            "/permission": [200, []],
            "/question": [200, []],
            **{f"/session/{key}": [200, {"id": key, "agent": "plan", "model": MODEL}] for key in (ONE, TWO)},
        }
        self.say()
        rows = [row(ONE, "Fix the login"), row(TWO, "Write the tests"), row(CHILD, "Look around", ONE)]
        self.database = opencode_database(data / "opencode.db", rows)
        env = {**os.environ, "OPENCODE_SERVER_PASSWORD": password} if password else dict(os.environ)
        program = root / "host.py"
        program.write_text(HOST)
        log = data / "log" / "opencode.log"
        argv = [sys.executable, str(program), command, str(root), str(log), str(self.database), *keys]
        self.process = subprocess.Popen(argv, env=env)
        until(lambda: (root / "port").exists() and bool((root / "port").read_text()), "it listens")
        self.port = int((root / "port").read_text())

    def say(self, **more: object) -> None:
        """What it answers from now on."""
        self.told |= more
        (self.root / "told.json").write_text(json.dumps(self.told))

    def asked(self, method: str = "POST") -> list[list[str]]:
        """What it was asked so far."""
        lines = (self.root / "asked").read_text().splitlines() if (self.root / "asked").exists() else []
        return [each for line in lines if (each := cast("list[str]", json.loads(line)))[0] == method]

    @property
    def home(self) -> AgentHome:
        """Where it keeps its files."""
        return AgentHome(self.root)

    @property
    def program(self) -> Program:
        """It, as a process of a pane."""
        return Program(pid=self.process.pid, command="opencode", argv=("opencode",))

    def target(self, key: str = ONE) -> ConversationTarget:
        """A conversation of it that no terminal shows."""
        return ConversationTarget(conversation=key, home=self.home)


MODEL = {"id": "mock-model", "providerID": "mock", "variant": "high"}
PERMISSION = {"id": "per_1", "sessionID": CHILD, "permission": "bash", "metadata": {"command": "rm -rf build"}}
QUESTION = {
    "id": "que_1",
    "sessionID": ONE,
    "questions": [{"question": "Which colour?", "options": [{"label": "Red"}, {"label": "Blue"}]}],
}


def row(key: str, title: str, parent: str | None = None) -> dict[str, object]:
    """One conversation's row in the database."""
    told: dict[str, object] = {"table": "session", "id": key, "title": title, "parent_id": parent, "time_updated": 1}
    return told | {"directory": "/work/of mine"}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Host]]:
    hosts: list[Host] = []

    def begin(*keys: str, command: str = "serve", password: str = "") -> Host:
        root = tmp_path / str(len(hosts))
        root.mkdir()
        hosts.append(Host(root, command, keys, password))
        return hosts[-1]

    yield begin
    for host in hosts:
        host.process.kill()
        host.process.wait()


def test_a_server_is_found_by_the_socket_and_the_database_that_it_has_open(start: Callable[..., Host]) -> None:
    one, other = start(ONE, password="hush"), start(TWO, command="")

    (found,) = servers(FAMILY, one.database)

    assert (found.pid, found.port, found.password, found.is_headless) == (one.process.pid, one.port, "hush", True)
    assert [each.port for each in servers(FAMILY, other.database)] == [other.port]
    assert server_of(FAMILY, other.program) == next(servers(FAMILY, other.database))


def test_a_port_that_another_process_listens_on_is_not_asked() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        process = subprocess.Popen(["/bin/sleep", "60"])
        try:
            named = Program(pid=process.pid, command="opencode", argv=("opencode", "--port", str(port)))
            assert server_of(OPENCODE, named) is None
        finally:
            process.kill()
            process.wait()


def test_what_runs_without_a_terminal_is_told_with_what_it_asks(start: Callable[..., Host]) -> None:
    host = start(TWO, ONE)
    host.say(
        **{
            "/session/status": [200, {ONE: {"type": "busy"}, CHILD: {"type": "busy"}}],
            "/permission": [200, [PERMISSION]],
        }
    )

    found = {each.conversation: each for each in OpenCodeService(FAMILY).conversations(host.home, at=NOW)}

    assert found.keys() == {ONE, TWO}
    asks, rests = found[ONE], found[TWO]
    assert (asks.reading.state, asks.reading.needs) == (SessionState.ATTENTION, Need.PERMISSION)
    assert "rm -rf build" in asks.reading.question
    assert (asks.name, asks.cwd, asks.reading.conversation) == ("Fix the login", "/work/of mine", ONE)
    assert rests.reading.state is SessionState.IDLE
    assert all("directory=%2Fwork%2Fof%20mine" in path for _, path, _, _ in host.asked("GET"))


def test_of_a_process_with_a_terminal_only_what_works_behind_it_is_told(start: Callable[..., Host]) -> None:
    host = start(ONE, TWO, command="")
    service = OpenCodeService(FAMILY)
    assert service.conversations(host.home, at=NOW) == []

    host.say(**{"/session/status": [200, {ONE: {"type": "busy"}, TWO: {"type": "busy"}}]})

    assert [each.conversation for each in service.conversations(host.home, at=NOW)] == [ONE]


@pytest.mark.parametrize(
    ("key", "state"),
    [(ONE, SessionState.BUSY), (TWO, SessionState.IDLE), (UNBEGUN, SessionState.IDLE), ("", SessionState.BUSY)],
)
def test_the_registry_tells_of_the_conversation_that_is_shown(
    key: str, state: SessionState, start: Callable[..., Host]
) -> None:
    host = start(ONE)
    host.say(**{"/session/status": [200, {CHILD: {"type": "busy"}}]})

    reading = read_registry(FAMILY, host.program, NOW, host.home, key)

    assert reading is not None
    assert reading.state is state


@pytest.mark.parametrize(
    ("status", "outcome"), [({}, ServiceOutcome.DONE), ({ONE: {"type": "busy"}}, ServiceOutcome.QUEUED)]
)
def test_a_message_goes_to_the_persona_and_model_of_the_conversation(
    status: dict[str, object], outcome: ServiceOutcome, start: Callable[..., Host]
) -> None:
    host = start(ONE, password="hush")
    host.say(**{"/session/status": [200, status], f"/session/{ONE}/prompt_async": [204, None]})

    receipt = OpenCodeService(FAMILY).send(host.target(), "! /new @README.md")

    assert receipt.outcome is outcome
    ((_, path, body, key),) = host.asked()
    assert path.startswith(f"/session/{ONE}/prompt_async?directory=")
    assert json.loads(body) == {
        "parts": [{"type": "text", "text": "! /new @README.md"}],
        "agent": "plan",
        "model": {"providerID": "mock", "modelID": "mock-model"},
        "variant": "high",
    }
    assert key == "Basic b3BlbmNvZGU6aHVzaA=="


@pytest.mark.parametrize(
    ("said", "outcome"),
    [([400, {}], ServiceOutcome.REFUSED), ([0, None], ServiceOutcome.UNKNOWN), ([200, {}], ServiceOutcome.DONE)],
)
def test_a_message_that_is_not_confirmed_is_not_called_delivered(
    said: object, outcome: ServiceOutcome, start: Callable[..., Host]
) -> None:
    host = start(ONE)
    host.say(**{f"/session/{ONE}/prompt_async": said})

    assert OpenCodeService(FAMILY).send(host.target(), "hello").outcome is outcome


@pytest.mark.parametrize(
    ("question", "positions", "words", "reply"),
    [
        ("△ Permission required\n# Shell\n$ rm -rf\nbuild", [1], "", ("/permission/per_1", {"reply": "always"})),
        (
            "bash: rm -rf build",
            [],
            "use git clean",
            ("/permission/per_1", {"reply": "reject", "message": "use git clean"}),
        ),
        ("Which colour?", [1], "", ("/question/que_1", {"answers": [["Blue"]]})),
        ("Which colour?", [], "a warm grey", ("/question/que_1", {"answers": [["a warm grey"]]})),
    ],
)
def test_what_is_asked_is_answered_by_its_server(
    question: str, positions: list[int], words: str, reply: tuple[str, object], start: Callable[..., Host]
) -> None:
    host = start(ONE)
    path, body = reply
    host.say(**{"/permission": [200, [PERMISSION]], "/question": [200, [QUESTION]], f"{path}/reply": [200, True]})

    receipt = OpenCodeService(FAMILY).answer(host.target(), question, positions, words)

    assert receipt.outcome is ServiceOutcome.DONE
    ((_, asked, said, _),) = host.asked()
    assert asked.startswith(f"{path}/reply")
    assert json.loads(said) == body


@pytest.mark.parametrize(
    ("key", "question", "positions"),
    [
        pytest.param(ONE, "△ Permission required\n$ rm -rf other", [0], id="another one is asked by now"),
        pytest.param(TWO, "△ Permission required\n$ rm -rf build", [0], id="another conversation asks"),
        pytest.param(ONE, "Which colour?", [0, 1], id="several where one is the answer"),
        pytest.param(ONE, "Which colour?", [7], id="no such choice"),
    ],
)
def test_no_other_question_is_answered(
    key: str, question: str, positions: list[int], start: Callable[..., Host]
) -> None:
    host = start(ONE)
    host.say(**{"/permission": [200, [PERMISSION]], "/question": [200, [QUESTION]]})

    receipt = OpenCodeService(FAMILY).answer(host.target(key), question, positions, "")

    assert receipt.outcome in {ServiceOutcome.REFUSED, ServiceOutcome.UNAVAILABLE}
    assert host.asked() == []


def test_a_conversation_is_stopped_and_shown(start: Callable[..., Host]) -> None:
    host, service = start(ONE), OpenCodeService(replace(FAMILY, programs=(FAMILY.programs[0],)))
    host.say(**{f"/session/{ONE}/abort": [200, True]})

    assert service.stop(host.target()).outcome is ServiceOutcome.DONE
    assert service.attach(host.target())[1:] == ("attach", f"http://127.0.0.1:{host.port}", "--session", ONE)
    host.process.kill()
    host.process.wait()
    assert service.stop(host.target()).outcome is ServiceOutcome.UNAVAILABLE
    assert service.attach(host.target())[1:] == ("--session", ONE)
    assert service.attach(host.target("; rm -rf /")) == ()


def test_a_password_stands_on_no_command_line(start: Callable[..., Host], tmp_path: Path) -> None:
    host = start(ONE, password="hu sh $x")
    program = tmp_path / FAMILY.programs[0]
    program.write_text('#!/bin/sh\necho "$OPENCODE_SERVER_PASSWORD" "$@"\n')
    program.chmod(0o755)

    argv = OpenCodeService(FAMILY).attach(host.target())
    said = subprocess.run(argv, capture_output=True, text=True, check=True, env={"PATH": f"{tmp_path}:/usr/bin:/bin"})

    assert "hu sh" not in " ".join(argv)
    assert said.stdout == f"hu sh $x attach http://127.0.0.1:{host.port} --session {ONE}\n"
