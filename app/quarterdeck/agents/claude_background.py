"""Claude Code's sessions in the background: what its files tell of them, and its own commands that show and stop one.

A session's process has a file as every other one has, and its job a folder with what it is about and what it needs.
Messages and answers are taken in a terminal alone: the socket of its service is for Claude Code itself.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

from quarterdeck.agents.claude_files import config_folder
from quarterdeck.agents.claude_registry import BACKGROUND, entries, reading_of
from quarterdeck.core.detached_row import AgentConversation
from quarterdeck.core.foreign_json import EMPTY, number_at, parse_object, text_at, time_at
from quarterdeck.core.session import ASKING, Need, SessionState
from quarterdeck.errors import ProgramError
from quarterdeck.foreign_files import read_bytes, read_head
from quarterdeck.ports.agent_service import ServiceOutcome, ServiceReceipt
from quarterdeck.process import run
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from quarterdeck.core.foreign_json import Json
    from quarterdeck.core.reading import Reading
    from quarterdeck.ports.agent_process import AgentHome
    from quarterdeck.ports.agent_service import ConversationTarget

JOB_BYTES = 256 * 1024
STOP_SECONDS = 10.0
_AT_TERMINAL = ServiceReceipt(ServiceOutcome.UNAVAILABLE, "Claude Code takes this in a terminal alone: open it.")
_STARTED_AT = 19
"""Among what the system says of a process, from its state on: when it began."""


class ClaudeService:
    """Claude Code's sessions that run without a terminal."""

    def conversations(self, home: AgentHome | None, *, at: datetime) -> Sequence[AgentConversation]:
        """Those whose process is alive; one that is kept ready and has no task yet is none."""
        return tuple(_conversations(home, at))

    def send(self, target: ConversationTarget, text: str) -> ServiceReceipt:
        """There is no such way."""
        return _AT_TERMINAL

    def answer(self, target: ConversationTarget, question: str, positions: Sequence[int], words: str) -> ServiceReceipt:
        """There is no such way."""
        return _AT_TERMINAL

    def stop(self, target: ConversationTarget) -> ServiceReceipt:
        """End it with `claude stop`; it can be gone on with."""
        job = _job_of(target)
        if not job:
            return ServiceReceipt(ServiceOutcome.REFUSED, "It does not run any more.")
        try:
            ended = asyncio.run(run(("claude", "stop", job), timeout=STOP_SECONDS, env=_environment(target.home)))
        except ProgramError as error:
            return ServiceReceipt(ServiceOutcome.UNKNOWN, str(error))
        said = (ended.out + ended.err).strip()
        return ServiceReceipt(ServiceOutcome.DONE if ended.ok else ServiceOutcome.REFUSED, said[-200:])

    def attach(self, target: ConversationTarget) -> tuple[str, ...]:
        """`claude attach`, with the job's id."""
        job = _job_of(target)
        return ("claude", "attach", job) if job else ()


def _conversations(home: AgentHome | None, at: datetime) -> Iterator[AgentConversation]:
    for found in _background(home):
        told, job = reading_of(found, at), _job(home, text_at(found, "jobId"))
        if told is None:
            continue
        yield AgentConversation(
            conversation=text_at(found, "sessionId"),
            reading=_with_job(told, job),
            cwd=text_at(found, "cwd"),
            name=text_at(found, "name"),
            thought=_thought(job),
            updated_at=time_at(job, "updatedAt") or time_at(found, "updatedAt"),
        )


def _background(home: AgentHome | None) -> Iterator[Json]:
    """The files of those that run in the background now."""
    for found in entries(home):
        is_session = found.get("kind") == BACKGROUND and found.get("spare") is not True
        if is_session and text_at(found, "sessionId") and _is_alive(found):
            yield found


def _is_alive(found: Json) -> bool:
    """Whether the process that wrote a file is still there."""
    pid, started = number_at(found, "pid"), text_at(found, "procStart")
    if sys.platform == "linux":
        try:
            facts = read_head(f"/proc/{pid}/stat", 4_096).rpartition(b")")[2].split()
        except OSError:
            return False
        return len(facts) > _STARTED_AT and started in {"", facts[_STARTED_AT].decode()}
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return pid > 0


def _job(home: AgentHome | None, job: str) -> Json:
    """What is written of a job; nothing where that cannot be read."""
    if not job.isalnum():
        return EMPTY
    try:
        return parse_object(read_bytes(config_folder(home) / "jobs" / job / "state.json", JOB_BYTES)) or EMPTY
    except OSError:
        return EMPTY


def _with_job(told: Reading, job: Json) -> Reading:
    """What the process says, with what its job needs, or how it ended."""
    if told.needs in ASKING:
        return replace(told, question=text_at(job, "needs"))
    if told.state is not SessionState.IDLE:
        return told
    if text_at(job, "state") == "failed":
        return replace(told, state=SessionState.ERROR, needs=Need.ERROR, detail=text_at(job, "detail"))
    return replace(told, needs=Need.FINISHED, detail=text_at(job, "state")) if number_at(job, "tokens") else told


def _thought(job: Json) -> str:
    """What it does, or was asked for where it has not said; what stands there before it begins is no such thing."""
    detail = text_at(job, "detail")
    return text_at(job, "intent") if not detail or detail.startswith(("(", "starting")) else detail


def _job_of(target: ConversationTarget) -> str:
    for found in _background(target.home):
        if text_at(found, "sessionId") == target.conversation:
            return text_at(found, "jobId")
    return ""


def _environment(home: AgentHome | None) -> dict[str, str]:
    """What leads `claude` to the files of that process."""
    return {} if home is None else {"HOME": str(home.path), **dict(home.variables)}
