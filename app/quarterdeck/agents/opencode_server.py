"""OpenCode's own server: found by the socket on which its process listens, and asked what its conversations do."""

from __future__ import annotations

import base64
import itertools
import json
import logging
import os
import re
import sys
from contextlib import suppress
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from quarterdeck.agents.agent_files import executable, open_files, process_of
from quarterdeck.agents.gist import asked, tool_request
from quarterdeck.agents.limits import stands_still_until
from quarterdeck.core.foreign_json import is_object, object_at, objects_at, text_at
from quarterdeck.core.reading import UNBEGUN, Reading
from quarterdeck.core.session import Confidence, Need, SessionState, Source
from quarterdeck.sockets import listening_sockets
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from quarterdeck.agents.opencode_family import OpenCodeFamily
    from quarterdeck.core.foreign_json import Json
    from quarterdeck.ports.agent_process import Program

logger = logging.getLogger(__name__)

HTTP_OK = 200
ANSWER_TIMEOUT_SECONDS = 0.3
CHANGE_TIMEOUT_SECONDS = 6.0
"""For what the operator wants done: a server may have to open the folder first."""
LONGEST_ANSWER_BYTES = 4 * 1024 * 1024
PROCESS_BYTES = 262_144
"""Of a process's environment or command line."""
LASTS = 30.0
"""Seconds; it is asked again whenever the pane moves."""
CHOICES = ("Allow once", "Allow always", "Reject")
"""Of a permission."""
HEADLESS = frozenset({"serve", "web", "acp"})
"""Commands of the program that draw nothing in their terminal."""

_SOCKET = re.compile(r"^socket:\[(\d+)\]$")
_OURS_TO_REACH = frozenset({"0100007F", "00000000"})
"""Addresses on which 127.0.0.1 is heard, as the system writes them."""


class Server(NamedTuple):
    """One process that listens."""

    pid: int
    port: int
    password: str = ""
    user: str = ""
    is_headless: bool = False


class Answers(NamedTuple):
    """What the server told."""

    status: Json
    permissions: Sequence[Json]
    questions: Sequence[Json]


class Unreachable(Exception):
    """Nothing listens there, so that nothing has been asked."""


class Unanswered(Exception):
    """It was asked, and there is no answer that we understand."""


def server_of(family: OpenCodeFamily, program: Program) -> Server | None:
    """The server that a process of a pane is, or is attached to; None where there is none that is surely ours."""
    if sys.platform != "linux":
        port = port_in(program.argv)
        return Server(program.pid, port) if port else None
    pid = process_of(program.pid, family.programs)
    if found := _server_at(family, pid):
        return found
    if "attach" not in program.argv[1:4]:
        return None
    wanted = next((int(each[1]) for word in program.argv if (each := _HERE.match(word))), 0)
    return next((each for each in servers(family) if each.port == wanted), None) if wanted else None


_HERE = re.compile(r"^https?://(?:127\.0\.0\.1|localhost):(\d{1,5})/?$")


def servers(family: OpenCodeFamily, database: Path | None = None) -> Iterator[Server]:
    """Every process of ours that listens; with a `database` those that have that one open."""
    try:
        with os.scandir("/proc") as entries:
            pids = [int(entry.name) for entry in entries if entry.name.isdigit()]
    except OSError:
        return
    wanted = str(database.resolve()) if database else ""
    for pid in pids:
        if executable(pid) not in family.programs or (wanted and wanted not in {path for _, path in open_files(pid)}):
            continue
        if (found := _server_at(family, pid)) is not None:
            yield found


def _server_at(family: OpenCodeFamily, pid: int) -> Server | None:
    port = _port_of(pid)
    if not port or not _is_ours(pid):
        return None
    entries = (entry.decode(errors="replace").partition("=") for entry in _read_process(pid, "environ").split(b"\0"))
    told = {name: value for name, _, value in entries if name.startswith(family.variables)}
    words = _read_process(pid, "cmdline").split(b"\0")[1:3]
    return Server(
        pid=pid,
        port=port,
        password=told.get(f"{family.variables}PASSWORD", ""),
        user=told.get(f"{family.variables}USERNAME", "") or family.folder,
        is_headless=any(word.decode(errors="replace") in HEADLESS for word in words),
    )


def _is_ours(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}").stat().st_uid == os.geteuid()
    except OSError:
        return False


def _port_of(pid: int) -> int:
    """The port on which a process itself listens, by the system's own table; 0 = none."""
    own = {found[1] for _, path in open_files(pid) if (found := _SOCKET.match(path))}
    heard = listening_sockets(pid, ("tcp",)) if own else ()
    return next((each.port for each in heard if each.inode in own and each.address in _OURS_TO_REACH), 0)


def _read_process(pid: int, name: str, limit: int = PROCESS_BYTES) -> bytes:
    try:
        with Path(f"/proc/{pid}/{name}").open("rb") as file:
            return file.read(limit)
    except OSError:
        return b""


def port_in(argv: Sequence[str]) -> int:
    """The port a command line names, or 0."""
    for word, value in itertools.pairwise((*argv, "")):
        told = value if word == "--port" else word.removeprefix("--port=") if word.startswith("--port=") else ""
        if told.isascii() and told.isdigit() and 0 < int(told) < 65_536:
            return int(told)
    return 0


def call(
    server: Server, method: str, path: str, body: Json | None = None, *, timeout: float = CHANGE_TIMEOUT_SECONDS
) -> tuple[int, Any]:
    """Ask the server one thing; answers the status and what it said. Raises Unreachable and Unanswered."""
    headers = {"Accept": "application/json"}
    if server.password:
        told = base64.b64encode(f"{server.user}:{server.password}".encode()).decode()
        headers["Authorization"] = f"Basic {told}"
    data = None
    if body is not None:
        headers["Content-Type"] = "application/json"
        data = json.dumps(body)
    connection = HTTPConnection("127.0.0.1", server.port, timeout=timeout)
    try:
        try:
            connection.connect()
        except OSError as error:
            raise Unreachable(str(error)) from error
        connection.request(method, path, body=data, headers=headers)
        response = connection.getresponse()
        said = response.read(LONGEST_ANSWER_BYTES)
        return response.status, json.loads(said) if said.strip() else None
    except (OSError, HTTPException, ValueError) as error:
        raise Unanswered(str(error)) from error
    finally:
        connection.close()


def ask(server: Server, folder: str = "", *, timeout: float = ANSWER_TIMEOUT_SECONDS) -> Answers | None:
    """What the conversations of a folder do; None when there is no answer that we understand."""
    where = f"?directory={quote(folder, safe='')}" if folder else ""
    try:
        status, permissions, questions = (
            _told(server, path + where, timeout) for path in ("/session/status", "/permission", "/question")
        )
    except (Unreachable, Unanswered):
        logger.info("OpenCode's server on port %s does not answer", server.port, exc_info=True)
        return None
    return Answers(status, objects_at(permissions), objects_at(questions)) if is_object(status) else None


def _told(server: Server, path: str, timeout: float) -> Any:
    status, said = call(server, "GET", path, timeout=timeout)
    if status != HTTP_OK:
        raise Unanswered(f"{path}: status {status}")
    return said


def reading_of(
    answers: Answers, at: datetime, conversation: str = "", belongs: Callable[[str], bool] = bool
) -> Reading:
    """What the answers mean. Sub-agents' sessions belong to it: it is the same who works, and the same who is asked."""
    about = "" if conversation == UNBEGUN else conversation
    permissions = [each for each in answers.permissions if belongs(text_at(each, "sessionID"))]
    questions = [each for each in answers.questions if belongs(text_at(each, "sessionID"))]
    if permissions:
        question = permission_text(permissions[0])
        return _reading(SessionState.ATTENTION, "permission", at, about, Need.PERMISSION, question, CHOICES)
    if questions:
        question, choices = asked(questions[0])
        several = bool(choices) and objects_at(questions[0], "questions")[0].get("multiple") is True
        ticks = (False,) * len(choices) if several else ()
        return _reading(SessionState.ATTENTION, "question", at, about, Need.QUESTION, question, choices, ticks)
    kinds = {text_at(answers.status, key, "type") for key in answers.status if belongs(key)}
    if kinds & {"busy", "retry"}:
        works = _reading(SessionState.BUSY, "retry" if "retry" in kinds else "busy", at, about)
        times = [retry_at(object_at(answers.status, key), at) for key in answers.status if belongs(key)]
        until = max(filter(None, times), default=None) if kinds == {"retry"} else None
        return replace(works, until=until, detail="retry" if until else "")
    return _reading(SessionState.IDLE, "idle", at, about)


def retry_at(status: Json, now: datetime) -> datetime | None:
    """When it tries again, if it stands still until then."""
    told = status.get("next")
    if text_at(status, "type") != "retry" or isinstance(told, bool) or not isinstance(told, (int, float)):
        return None
    with suppress(OverflowError, OSError, ValueError):
        return stands_still_until(datetime.fromtimestamp(told / 1000, UTC), now)
    return None


def permission_text(request: Json) -> str:
    """What a permission is asked for."""
    return tool_request(text_at(request, "permission"), object_at(request, "metadata"))


def _reading(
    state: SessionState,
    cause: str,
    at: datetime,
    conversation: str,
    needs: Need | None = None,
    question: str = "",
    choices: tuple[str, ...] = (),
    ticks: tuple[bool | None, ...] = (),
) -> Reading:
    return Reading(
        source=Source.REGISTRY,
        state=state,
        cause=f"registry_{cause}",
        confidence=Confidence.HIGH,
        at=at,
        needs=needs,
        question=question,
        choices=choices,
        ticks=ticks,
        conversation=conversation,
        lasts=None if state is SessionState.IDLE else LASTS,
    )
