"""What Codex's daemon tells of the conversations it holds, kept up to date over one connection that only listens.

The daemon tells everybody when a conversation's status or name changes. What is asked for and answered in one goes to
those alone who opened it, which we never do here: so no request meant for a terminal can come to us.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.agents.codex_socket import CodexRefused, CodexSocket
from quarterdeck.core.foreign_json import number_at, object_at, objects_at, text_at
from quarterdeck.core.reading import Reading
from quarterdeck.core.session import Confidence, Need, SessionState, Source
from quarterdeck.core.text import clean
from quarterdeck.foreign_files import file_stamp
from quarterdeck.ports.clock import wall_clock
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from quarterdeck.core.foreign_json import Json

logger = logging.getLogger(__name__)

FIRST_ANSWER_SECONDS = 0.4
"""For all there is to know at first; what comes later is there the next time."""
RETRY_SECONDS = 2.0
SIGN_OF_LIFE_SECONDS = 15.0
"""A daemon that told nothing for so long is asked whether it is there."""
UNWANTED_SECONDS = 120.0
"""When nobody has asked for so long we hang up."""
MOST_THREADS = 500
FRONT_EVERY_SECONDS = 1.0
FRONT_TRIES = 4
"""How often it is asked which terminal opened a conversation: a new one may not have told the daemon yet."""
STATUS_LASTS = 30.0
"""Seconds for which work and asking are believed; they are read again whenever the pane moves."""
THREAD_NAME_LENGTH = 200
FRONT = "codex_tui"
"""The name under which a terminal of Codex's offers itself to the conversations it opens, at a port of its own."""
_ORIGIN = re.compile(r"http://(?:127\.0\.0\.1|localhost):(\d{1,5})")
_THREAD = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_STATUSES = frozenset({"idle", "systemError", "active"})
_APPROVAL, _INPUT = "waitingOnApproval", "waitingOnUserInput"


class CodexThread(Struct, frozen=True, kw_only=True):
    """A conversation that the daemon has in memory."""

    key: str
    status: str
    flags: frozenset[str] = frozenset()
    changed_at: datetime
    """When it was last told anew."""
    name: str = ""
    preview: str = ""
    cwd: str = ""
    path: str = ""
    model: str = ""
    front: int = 0
    """The port of the terminal that opened it; 0 = none is known."""
    front_tries: int = 0
    is_unread: bool = False
    """Whether a turn ended that no terminal has shown."""


def thread_of(told: Json, at: datetime) -> CodexThread | None:
    """A conversation as the daemon describes it; None for those that are no operator's, and for what is none."""
    key, status = text_at(told, "id"), object_at(told, "status")
    # Those that find a title are not kept, and those of subagents belong to another.
    if not _THREAD.fullmatch(key) or told.get("ephemeral") is not False or told.get("parentThreadId"):
        return None
    if text_at(status, "type") not in _STATUSES:
        return None
    thread = CodexThread(
        key=key,
        status="idle",
        changed_at=at,
        name=clean(text_at(told, "name"), THREAD_NAME_LENGTH),
        preview=clean(text_at(told, "preview"), THREAD_NAME_LENGTH),
        cwd=text_at(told, "cwd"),
        path=text_at(told, "path"),
        model=text_at(told, "model"),
    )
    return with_status(thread, status, at)


def with_status(thread: CodexThread, told: Json, at: datetime) -> CodexThread | None:
    """The conversation with the status that is told; None when it is in memory no longer, or that says nothing."""
    kind, flags = text_at(told, "type"), told.get("activeFlags")
    if kind not in _STATUSES:
        return None
    known = frozenset(each for each in flags if isinstance(each, str)) if isinstance(flags, list) else frozenset()
    return replace(thread, status=kind, flags=known, changed_at=at)


def front_of(answer: Json) -> int:
    """The port of the terminal that a conversation was opened by; 0 = it has none."""
    found = (_ORIGIN.fullmatch(text_at(each, "httpOrigin")) for each in objects_at(answer, "data")
             if text_at(each, "name") == FRONT)  # fmt: skip
    return next((int(each[1]) for each in found if each), 0)


def reading_of(thread: CodexThread) -> Reading:
    """What the daemon's word on a conversation means.

    It knows of no question that a terminal of its own accord puts to the operator, so of rest it is not all sure.
    """
    state, needs, cause, confidence = SessionState.IDLE, None, "idle", Confidence.MEDIUM
    if thread.status == "systemError":
        state, needs, cause, confidence = SessionState.ERROR, Need.ERROR, "error", Confidence.HIGH
    elif thread.status == "active":
        state, cause, confidence = SessionState.BUSY, "busy", Confidence.HIGH
        if _APPROVAL in thread.flags:
            state, needs, cause = SessionState.ATTENTION, Need.PERMISSION, "permission"
        elif _INPUT in thread.flags:
            state, needs, cause = SessionState.ATTENTION, Need.QUESTION, "question"
    return Reading(
        source=Source.REGISTRY,
        state=state,
        cause=f"registry_{cause}",
        confidence=confidence,
        at=thread.changed_at,
        needs=needs,
        lasts=STATUS_LASTS if thread.status == "active" else None,
        conversation=thread.key,
    )


class CodexServer:
    """The daemon of one folder of Codex's. Never starts one. Safe for threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._threads: dict[str, CodexThread] = {}
        self._listener: threading.Thread | None = None
        self._known = threading.Event()
        self._asked_at = 0.0
        self._retry_at = 0.0

    def threads(self) -> Mapping[str, CodexThread]:
        """The conversations it has in memory, by id; none where it does not run. Waits a moment the first time."""
        with self._lock:
            self._asked_at = now = time.monotonic()
            is_new = self._listener is None and now >= self._retry_at
            if is_new:
                if file_stamp(self._folder / "app-server-control" / "app-server-control.sock") is None:
                    return {}
                self._retry_at = now + RETRY_SECONDS
                self._known.clear()
                self._listener = threading.Thread(target=self._listen, name="codex-daemon", daemon=True)
                self._listener.start()
        if is_new:
            self._known.wait(FIRST_ANSWER_SECONDS)
        with self._lock:
            return dict(self._threads)

    def _listen(self) -> None:
        try:
            with CodexSocket(self._folder) as line:
                self._follow(line)
        except Exception as fault:  # a boundary: what the daemon says is foreign, and its end is no fault of ours
            logger.info("Codex's daemon of %s is listened to no longer: %r", self._folder, fault)
        finally:
            with self._lock:
                self._threads.clear()
                self._listener = None
            self._known.set()

    def _follow(self, line: CodexSocket) -> None:
        for key in self._loaded(line):
            self._read(line, key)
        self._known.set()
        tried_at = time.monotonic()
        while time.monotonic() - self._asked_at < UNWANTED_SECONDS:
            due = [thread for thread in self.threads_now() if not thread.front and thread.front_tries < FRONT_TRIES]
            message = line.told(FRONT_EVERY_SECONDS if due else SIGN_OF_LIFE_SECONDS)
            if message is not None:
                self._take(line, message)
            if due and time.monotonic() - tried_at >= FRONT_EVERY_SECONDS:
                tried_at = time.monotonic()
                for thread in self.threads_now():
                    if not thread.front and thread.front_tries < FRONT_TRIES:
                        self._find_front(line, thread)
            elif message is None and not due:
                self._compare(line)

    def threads_now(self) -> list[CodexThread]:
        """Those it is known to have, without asking for them."""
        with self._lock:
            return list(self._threads.values())

    def _loaded(self, line: CodexSocket) -> list[str]:
        found = line.request("thread/loaded/list", {"limit": MOST_THREADS}).get("data")
        keys = [each for each in found if isinstance(each, str)] if isinstance(found, list) else []
        return [each for each in keys if _THREAD.fullmatch(each)][:MOST_THREADS]

    def _compare(self, line: CodexSocket) -> None:
        """See that the daemon is alive, and that nothing was missed."""
        loaded = set(self._loaded(line))
        with self._lock:
            known = set(self._threads)
            for key in known - loaded:
                del self._threads[key]

    def _take(self, line: CodexSocket, message: Json) -> None:
        told, method = object_at(message, "params"), text_at(message, "method")
        key, at = text_at(told, "threadId"), _moment(number_at(message, "emittedAtMs") / 1000)
        with self._lock:
            thread = self._threads.get(key)
        match method:
            case "thread/started":
                self._found(line, thread_of(object_at(told, "thread"), at))
            case "thread/closed" | "thread/archived" | "thread/deleted":
                self._keep(key, None)
            case "thread/status/changed" if thread is not None:
                self._keep(key, with_status(thread, object_at(told, "status"), at))
            case "thread/status/changed":
                self._read(line, key)
            case "thread/readState/changed" if thread is not None:
                self._keep(key, replace(thread, is_unread=_is_unread(told)))
            case "thread/name/updated" if thread is not None:
                self._keep(key, replace(thread, name=clean(text_at(told, "threadName"), THREAD_NAME_LENGTH)))

    def _read(self, line: CodexSocket, key: str) -> None:
        """Ask for one that was not known, or that was opened anew."""
        if not _THREAD.fullmatch(key):
            return
        try:
            answer = line.request("thread/read", {"threadId": key})
        except CodexRefused:
            return
        found = object_at(answer, "thread")
        thread = thread_of(found, _moment(number_at(found, "updatedAt")))
        self._found(line, replace(thread, is_unread=_is_unread(answer)) if thread else None)

    def _found(self, line: CodexSocket, thread: CodexThread | None) -> None:
        if thread is not None:
            self._find_front(line, thread)

    def _find_front(self, line: CodexSocket, thread: CodexThread) -> None:
        wanted = {"threadId": thread.key, "serverName": FRONT, "detail": "toolsAndAuthOnly"}
        try:
            front = front_of(line.request("mcpServerStatus/list", wanted))
        except CodexRefused:
            front = 0
        self._keep(thread.key, replace(thread, front=front, front_tries=thread.front_tries + 1))

    def _keep(self, key: str, thread: CodexThread | None) -> None:
        with self._lock:
            self._threads.pop(key, None)
            if thread is not None and len(self._threads) < MOST_THREADS:
                self._threads[key] = thread


def _is_unread(told: Json) -> bool:
    return bool(object_at(told, "readState", "firstUnread"))


def _moment(seconds: float) -> datetime:
    """A time that was told; now where it was not, or where it is still to come."""
    now = wall_clock()
    return min(datetime.fromtimestamp(seconds, UTC), now) if 0 < seconds < 1e11 else now


_servers: dict[Path, CodexServer] = {}
_servers_lock = threading.Lock()
MOST_SERVERS = 8


def server_at(folder: Path) -> CodexServer:
    """The daemon of a folder, one listener for all who ask."""
    with _servers_lock:
        if folder not in _servers and len(_servers) >= MOST_SERVERS:
            del _servers[next(iter(_servers))]
        return _servers.setdefault(folder, CodexServer(folder))
