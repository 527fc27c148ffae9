"""OpenCode's own server: what its sessions do, asked of the process that listens."""

from __future__ import annotations

import base64
import itertools
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from quarterdeck.agents.gist import asked, tool_request
from quarterdeck.core.foreign_json import is_object, object_at, objects_at, text_at
from quarterdeck.core.reading import Reading
from quarterdeck.core.session import Confidence, Need, SessionState, Source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from http.client import HTTPConnection

    from quarterdeck.core.foreign_json import Json
    from quarterdeck.ports.agent_process import AgentHome, Program

logger = logging.getLogger(__name__)

HTTP_OK = 200
ANSWER_TIMEOUT_SECONDS = 0.3
LONGEST_ANSWER_BYTES = 4 * 1024 * 1024
PASSWORD = "OPENCODE_SERVER_PASSWORD"  # noqa: S105 - the variable's name
_USER = "OPENCODE_SERVER_USERNAME"
_ENVIRON_BYTES = 262_144
LASTS = 30.0
"""Seconds; it is asked again whenever the pane moves."""
CHOICES = ("Allow once", "Allow always", "Reject")
"""Of a permission."""


class Answers(NamedTuple):
    """What the server told."""

    status: Json
    permissions: Sequence[Json]
    questions: Sequence[Json]


def read_registry(program: Program, at: datetime, _home: AgentHome | None, _conversation: str = "") -> Reading | None:
    """What a process that was started with a port of its own says; None when it has none or does not answer."""
    port = port_in(program.argv)
    answers = ask(port, _credentials(program.pid)) if port else None
    return reading_of(answers, at) if answers else None


def port_in(argv: Sequence[str]) -> int:
    """The port a command line names, or 0."""
    for word, value in itertools.pairwise((*argv, "")):
        told = value if word == "--port" else word.removeprefix("--port=") if word.startswith("--port=") else ""
        if told.isascii() and told.isdigit() and 0 < int(told) < 65_536:
            return int(told)
    return 0


def ask(port: int, credentials: str = "") -> Answers | None:
    """Ask the server on this machine; None when there is no answer we understand."""
    headers = {"Accept": "application/json"}
    if credentials:
        headers["Authorization"] = "Basic " + base64.b64encode(credentials.encode()).decode()
    # Here, since most sessions have no such server and every start would pay.
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_TIMEOUT_SECONDS)
    try:
        status, permissions, questions = (
            _get(connection, path, headers) for path in ("/session/status", "/permission", "/question")
        )
    except (OSError, http.client.HTTPException, ValueError):
        logger.info("OpenCode's server on port %s does not answer", port, exc_info=True)
        return None
    finally:
        connection.close()
    if not is_object(status):
        return None
    return Answers(status, objects_at(permissions), objects_at(questions))


def reading_of(answers: Answers, at: datetime) -> Reading:
    """What the answers mean. Sub-agents' sessions count: it is the same agent that works, and the same who is asked."""
    if answers.permissions:
        first = answers.permissions[0]
        question = tool_request(text_at(first, "permission"), object_at(first, "metadata"))
        return _reading(SessionState.ATTENTION, "permission", at, Need.PERMISSION, question, *CHOICES)
    if answers.questions:
        question, choices = asked(answers.questions[0])
        return _reading(SessionState.ATTENTION, "question", at, Need.QUESTION, question, *choices)
    kinds = {text_at(answers.status, session, "type") for session in answers.status}
    if kinds & {"busy", "retry"}:
        return _reading(SessionState.BUSY, "retry" if "retry" in kinds else "busy", at)
    return _reading(SessionState.IDLE, "idle", at)


def _reading(
    state: SessionState, cause: str, at: datetime, needs: Need | None = None, question: str = "", *choices: str
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
        lasts=None if state is SessionState.IDLE else LASTS,
    )


def _credentials(pid: int) -> str:
    """What the server wants to be asked with: its own process knows (Linux, and a process of ours)."""
    try:
        with Path(f"/proc/{pid}/environ").open("rb") as file:
            entries = file.read(_ENVIRON_BYTES).split(b"\0")
    except OSError:
        return ""
    found = dict(entry.decode(errors="replace").partition("=")[::2] for entry in entries)
    return f"{found.get(_USER) or 'opencode'}:{found[PASSWORD]}" if found.get(PASSWORD) else ""


def _get(connection: HTTPConnection, path: str, headers: Mapping[str, str]) -> Any:
    connection.request("GET", path, headers=dict(headers))
    response = connection.getresponse()
    body = response.read(LONGEST_ANSWER_BYTES)
    if response.status != HTTP_OK:
        raise ValueError(f"{path}: status {response.status}")
    return json.loads(body)
