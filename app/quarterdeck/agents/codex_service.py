"""Codex's daemon as a service: the conversations that no terminal shows, and a way to each that presses no keys."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING

from quarterdeck.agents.agent_files import FileClaims
from quarterdeck.agents.codex_asks import ask_of
from quarterdeck.agents.codex_panes import hidden_threads
from quarterdeck.agents.codex_server import reading_of, server_at
from quarterdeck.agents.codex_socket import CodexRefused, CodexSocket
from quarterdeck.agents.codex_transcript import config_folder, transcript
from quarterdeck.core.detached_row import AgentConversation
from quarterdeck.core.foreign_json import object_at, objects_at, text_at
from quarterdeck.core.session import ASKING, Need, SessionState
from quarterdeck.core.text import squashed
from quarterdeck.ports.agent_service import ServiceOutcome, ServiceReceipt
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from quarterdeck.agents.codex_asks import CodexAsk
    from quarterdeck.agents.codex_server import CodexThread
    from quarterdeck.core.foreign_json import Json
    from quarterdeck.core.reading import Reading
    from quarterdeck.core.transcript import TranscriptView
    from quarterdeck.ports.agent import Transcript
    from quarterdeck.ports.agent_process import AgentHome
    from quarterdeck.ports.agent_service import ConversationTarget

PENDING_SECONDS = 0.5
"""What is asked is told anew right after a conversation was opened."""
CONFIRMED_SECONDS = 2.0
MOST_READ = 20
"""Conversations whose rollouts are read at once."""

_NOT_RUNNING = ServiceReceipt(ServiceOutcome.UNAVAILABLE, "its daemon does not hold that conversation")


class CodexService:
    """Implements ports.AgentService."""

    def __init__(self) -> None:
        self._claims = FileClaims()
        self._written: dict[str, Transcript] = {}
        self._asked: dict[str, tuple[datetime, CodexAsk | None]] = {}
        """What was found to be asked, and since when."""
        self._stopped: dict[str, datetime] = {}

    def conversations(self, home: AgentHome | None, *, at: datetime) -> Sequence[AgentConversation]:
        """Those that work, ask, have failed, or ended a turn that nobody has read, and that no terminal shows."""
        del at
        folder = config_folder(home)
        found = [each for each in hidden_threads(folder) if _is_told(each) and not self._is_stopped(each)]
        keys = {each.key for each in found}
        for key in self._written.keys() - keys:
            self._written.pop(key).close()
        self._asked = {key: asked for key, asked in self._asked.items() if key in keys}
        return [self._conversation(folder, each, home) for each in found]

    def send(self, target: ConversationTarget, text: str) -> ServiceReceipt:
        """A new turn where it rests; where it works, its own queue, which it empties when the turn is over."""
        folder = config_folder(target.home)
        if target.conversation not in server_at(folder).threads():
            return _NOT_RUNNING
        said = {
            "threadId": target.conversation,
            "clientUserMessageId": str(uuid.uuid4()),
            "input": [{"type": "text", "text": text, "text_elements": []}],
        }
        try:
            with CodexSocket(folder) as line:
                return _sent(line, target.conversation, said)
        except (OSError, CodexRefused) as fault:
            return ServiceReceipt(ServiceOutcome.UNAVAILABLE, str(fault))

    def answer(self, target: ConversationTarget, question: str, positions: Sequence[int], words: str) -> ServiceReceipt:
        """Answer what is open now, if that is what was shown."""
        folder = config_folder(target.home)
        if target.conversation not in server_at(folder).threads() or len(positions) > 1:
            return _NOT_RUNNING
        try:
            with CodexSocket(folder) as line:
                ask = _open_ask(line, target.conversation)
                if ask is None:
                    return ServiceReceipt(ServiceOutcome.UNAVAILABLE, "it asks nothing that can be answered so")
                if squashed(ask.subject) not in squashed(question):
                    return ServiceReceipt(ServiceOutcome.UNAVAILABLE, "it asks something else now")
                result = ask.result(positions[0] if positions else None, words)
                if result is None:
                    return ServiceReceipt(ServiceOutcome.UNAVAILABLE, "it takes one of its choices")
                return _answered(line, target.conversation, ask, result)
        except (OSError, CodexRefused) as fault:
            return ServiceReceipt(ServiceOutcome.UNAVAILABLE, str(fault))

    def stop(self, target: ConversationTarget) -> ServiceReceipt:
        """Interrupt its turn; the daemon lets go of it a minute later."""
        folder = config_folder(target.home)
        thread = server_at(folder).threads().get(target.conversation)
        if thread is None:
            return _NOT_RUNNING
        try:
            with CodexSocket(folder) as line:
                wanted = {"threadId": thread.key, "limit": 1, "sortDirection": "desc"}
                turns = objects_at(line.request("thread/turns/list", wanted), "data")
                if turns and text_at(turns[0], "status") == "inProgress":
                    line.request("turn/interrupt", {"threadId": thread.key, "turnId": text_at(turns[0], "id")})
        except (OSError, CodexRefused) as fault:
            return ServiceReceipt(ServiceOutcome.UNKNOWN, str(fault))
        self._stopped[thread.key] = thread.changed_at
        return ServiceReceipt(ServiceOutcome.DONE, "its turn is interrupted" if turns else "it rests")

    def attach(self, target: ConversationTarget) -> tuple[str, ...]:
        """The command line that shows it."""
        return ("codex", "resume", target.conversation)

    def _is_stopped(self, thread: CodexThread) -> bool:
        """Whether it was stopped from here and has begun nothing since."""
        if thread.status == "active" and thread.changed_at > self._stopped.get(thread.key, thread.changed_at):
            del self._stopped[thread.key]
        return thread.key in self._stopped

    def _conversation(self, folder: Path, thread: CodexThread, home: AgentHome | None) -> AgentConversation:
        view = self._view(thread, home)
        reading = reading_of(thread)
        if reading.needs in ASKING:
            reading = self._with_words(folder, thread, reading)
        elif reading.state is SessionState.IDLE:
            reading = replace(reading, needs=Need.FINISHED)
        elif reading.state is SessionState.ERROR and view and view.reading and view.reading.needs is Need.ERROR:
            reading = replace(reading, detail=view.reading.detail, until=view.reading.until)
        return AgentConversation(
            conversation=thread.key,
            reading=reading,
            cwd=thread.cwd,
            name=thread.name,
            thought=(view.last_text if view else "") or thread.preview,
            model=thread.model,
            tokens=view.token_count if view else None,
            context_limit=view.context_limit if view else None,
            updated_at=thread.changed_at,
        )

    def _view(self, thread: CodexThread, home: AgentHome | None) -> TranscriptView | None:
        if thread.key not in self._written and len(self._written) >= MOST_READ:
            return None
        if thread.key not in self._written:
            self._written[thread.key] = transcript(
                cwd=thread.cwd, claims=self._claims, session_id=thread.key, since=None, path=None, home=home
            )
        return self._written[thread.key].read()

    def _with_words(self, folder: Path, thread: CodexThread, reading: Reading) -> Reading:
        """What is asked, found out once: nobody but us has it open, and looking answers nothing."""
        since, ask = self._asked.get(thread.key, (None, None))
        if since != thread.changed_at:
            try:
                with CodexSocket(folder) as line:
                    ask = _open_ask(line, thread.key)
            except (OSError, CodexRefused):
                ask = None
            self._asked[thread.key] = thread.changed_at, ask
        return replace(reading, question=ask.text, choices=ask.choices) if ask else reading


def _is_told(thread: CodexThread) -> bool:
    return thread.status != "idle" or thread.is_unread


def _sent(line: CodexSocket, key: str, said: Json) -> ServiceReceipt:
    status = object_at(line.request("thread/read", {"threadId": key}), "thread", "status")
    is_working = text_at(status, "type") == "active"
    try:
        if is_working:
            line.request("thread/queue/add", said)
            return ServiceReceipt(ServiceOutcome.QUEUED, "it stands in Codex's own queue")
        turn = text_at(line.request("turn/start", said), "turn", "id")
    except CodexRefused as fault:
        return ServiceReceipt(ServiceOutcome.UNAVAILABLE, str(fault))
    except OSError:
        return ServiceReceipt(ServiceOutcome.UNKNOWN, "Codex's daemon was given it and did not answer")
    if not turn:
        return ServiceReceipt(ServiceOutcome.UNKNOWN, "Codex's daemon said something else")
    return ServiceReceipt(ServiceOutcome.DONE, "Codex began a turn with it")


def _open_ask(line: CodexSocket, key: str) -> CodexAsk | None:
    """What a conversation asks now: whoever opens it is told, and nothing is answered by that."""
    line.request("thread/resume", {"threadId": key, "excludeTurns": True})
    until = time.monotonic() + PENDING_SECONDS
    while (left := until - time.monotonic()) > 0:
        message = line.told(left)
        if message is not None and message.get("id") is not None and text_at(message, "params", "threadId") == key:
            return ask_of(message)
    return None


def _answered(line: CodexSocket, key: str, ask: CodexAsk, result: Json) -> ServiceReceipt:
    line.reply(ask.number, result)
    until = time.monotonic() + CONFIRMED_SECONDS
    try:
        while (left := until - time.monotonic()) > 0:
            message = line.told(left) or {}
            told = object_at(message, "params")
            is_taken = message.get("method") == "serverRequest/resolved" and told.get("requestId") == ask.number
            if is_taken and text_at(told, "threadId") == key:
                return ServiceReceipt(ServiceOutcome.DONE, "Codex took the answer")
    except OSError:
        pass
    return ServiceReceipt(ServiceOutcome.UNKNOWN, "Codex did not say that it took the answer")
