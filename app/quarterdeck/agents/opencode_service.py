"""OpenCode's server as a channel: what its conversations do, and a way to each that needs no screen and no keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from quarterdeck.agents.gist import asked
from quarterdeck.agents.opencode_server import (
    CHANGE_TIMEOUT_SECONDS,
    HTTP_OK,
    Answers,
    Unanswered,
    Unreachable,
    ask,
    call,
    permission_text,
    reading_of,
    server_of,
    servers,
)
from quarterdeck.agents.opencode_shown import prompted, root_of, stored
from quarterdeck.agents.opencode_transcript import OpenCodeDatabase
from quarterdeck.core.detached_row import AgentConversation
from quarterdeck.core.foreign_json import is_object, object_at, objects_at, text_at
from quarterdeck.core.reading import UNBEGUN
from quarterdeck.core.session import SessionState
from quarterdeck.core.text import clean
from quarterdeck.ports.agent_service import ConversationTarget, ServiceOutcome, ServiceReceipt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from quarterdeck.agents.opencode_family import OpenCodeFamily
    from quarterdeck.agents.opencode_server import Server
    from quarterdeck.agents.opencode_shown import StoredConversation
    from quarterdeck.core.foreign_json import Json
    from quarterdeck.core.reading import Reading
    from quarterdeck.core.transcript import TranscriptView
    from quarterdeck.ports.agent_process import AgentHome, Program

HTTP_ACCEPTED = 204
MOST_CONVERSATIONS = 50
"""Of one server."""
SERVED_NAME_LENGTH = 80
SERVED_THOUGHT_LENGTH = 200
REPLIES = ("once", "always", "reject")
"""To a permission, in the order of its choices."""
REQUEST_LENGTH = 60
"""Characters of a request by which a question is known to be about it."""

_NO_SERVER = ServiceReceipt(ServiceOutcome.UNAVAILABLE, "no server of its own answers")


def read_registry(
    family: OpenCodeFamily, program: Program, at: datetime, home: AgentHome | None, conversation: str
) -> Reading | None:
    """What the server of a process says of the conversation it shows; None when it has none or does not answer."""
    server = server_of(family, program)
    answers = ask(server) if server else None
    if answers is None:
        return None
    if not conversation:
        return reading_of(answers, at)
    kept = stored(family, home)
    # Of what is not written down yet nobody can tell whose it is.
    return reading_of(answers, at, conversation, lambda key: not kept or root_of(key, kept) == conversation)


class OpenCodeService:
    """Implements ports.AgentService for one program of the family."""

    def __init__(self, family: OpenCodeFamily) -> None:
        self._family = family
        self._readers: dict[tuple[Path, str], OpenCodeDatabase] = {}

    def conversations(self, home: AgentHome | None, *, at: datetime) -> Sequence[AgentConversation]:
        """Those in which a server was prompted and that its own terminal does not show."""
        family, kept = self._family, stored(self._family, home)
        found: dict[str, AgentConversation] = {}
        for server in servers(family, family.database(home)):
            known = list(dict.fromkeys(root_of(key, kept) for key in prompted(server.pid)))
            # A terminal shows the newest, and of the others it is known what they do only while they do something.
            for key in known[0 if server.is_headless else 1 : MOST_CONVERSATIONS]:
                one = self._conversation(server, kept, key, home, at)
                if one is not None and (server.is_headless or one.reading.state is not SessionState.IDLE):
                    found[key] = one
        file = family.database(home)
        self._readers = {
            (path, key): each for (path, key), each in self._readers.items() if path != file or key in found
        }
        return list(found.values())

    def _conversation(
        self, server: Server, kept: Mapping[str, StoredConversation], key: str, home: AgentHome | None, at: datetime
    ) -> AgentConversation | None:
        held = kept.get(key)
        if held is None:
            return None
        answers = ask(server, held.folder)
        if answers is None:
            return None
        reading = reading_of(answers, at, key, lambda other: root_of(other, kept) == key)
        view = self._view(key, home)
        if view is not None and view.reading is not None and reading.state is SessionState.IDLE:
            # Why it rests stands in what it wrote.
            written = view.reading
            reading = written if written.state is not SessionState.BUSY else reading
        return AgentConversation(
            conversation=key,
            reading=reading,
            cwd=held.folder,
            name=clean(held.shown, SERVED_NAME_LENGTH),
            thought=_line(view),
            model=(view.model if view else None) or "",
            tokens=view.token_count if view else None,
            context_limit=view.context_limit if view else None,
            updated_at=view.updated_at if view else None,
        )

    def _view(self, key: str, home: AgentHome | None) -> TranscriptView | None:
        file = self._family.database(home)
        reader = self._readers.get((file, key))
        if reader is None:
            reader = OpenCodeDatabase(self._family, cwd="", claims=_EveryOne(), session_id=key, path=file)
            self._readers[file, key] = reader
        return reader.read()

    def send(self, target: ConversationTarget, text: str) -> ServiceReceipt:
        """Hand over a message as the operator's next prompt, for the persona and model that the conversation has."""
        server = self._server(target)
        if server is None:
            return _NO_SERVER
        key, where = target.conversation, self._where(target)
        try:
            status, known = call(server, "GET", f"/session/{key}{where}")
            if status != HTTP_OK or not is_object(known):
                return ServiceReceipt(ServiceOutcome.UNAVAILABLE, "its server does not know the conversation")
            answers = ask(server, self._folder(target), timeout=CHANGE_TIMEOUT_SECONDS)
        except (Unreachable, Unanswered):
            return _NO_SERVER
        body: dict[str, object] = {"parts": [{"type": "text", "text": text}]}
        model = object_at(known, "model")
        if text_at(known, "agent"):
            body["agent"] = text_at(known, "agent")
        if text_at(model, "id") and text_at(model, "providerID"):
            body["model"] = {"providerID": text_at(model, "providerID"), "modelID": text_at(model, "id")}
        if text_at(model, "variant"):
            body["variant"] = text_at(model, "variant")
        waits = answers is not None and text_at(answers.status, key, "type") in {"busy", "retry"}
        taken = ServiceOutcome.QUEUED if waits else ServiceOutcome.DONE
        return _done(server, f"/session/{key}/prompt_async{where}", body, taken, "its server took the prompt")

    def answer(self, target: ConversationTarget, question: str, positions: Sequence[int], words: str) -> ServiceReceipt:
        """Answer what is asked in the conversation, or by its subagents."""
        server = self._server(target)
        answers = ask(server, self._folder(target), timeout=CHANGE_TIMEOUT_SECONDS) if server else None
        if server is None or answers is None:
            return _NO_SERVER
        kept = stored(self._family, target.home)
        found = _request(answers, question, target.conversation, kept)
        if found is None:
            return ServiceReceipt(ServiceOutcome.REFUSED, "that is not asked any more")
        kind, request = found
        body = (
            _permission_reply(positions, words) if kind == "permission" else _question_reply(request, positions, words)
        )
        if body is None:
            return ServiceReceipt(ServiceOutcome.UNAVAILABLE, "its server takes no such answer")
        path = f"/{kind}/{text_at(request, 'id')}/reply{self._where(target)}"
        return _done(server, path, body, ServiceOutcome.DONE, "its server took the answer")

    def stop(self, target: ConversationTarget) -> ServiceReceipt:
        """Stop what it does now; the conversation stays, and so does the server."""
        server = self._server(target)
        if server is None:
            return _NO_SERVER
        path = f"/session/{target.conversation}/abort{self._where(target)}"
        return _done(server, path, {}, ServiceOutcome.DONE, "its server stopped it")

    def attach(self, target: ConversationTarget) -> tuple[str, ...]:
        """A terminal on its server, or a process of its own where there is none."""
        program, key = self._family.programs[0], target.conversation
        if not re.fullmatch(r"ses_\w+", key):
            return ()
        server = self._server(target)
        if server is None:
            return (program, "--session", key)
        url = f"http://127.0.0.1:{server.port}"
        if not server.password:
            return (program, "attach", url, "--session", key)
        # The password goes from one process's environment to the other's, and over no command line.
        names = "|".join(f"{self._family.variables}{name}" for name in ("PASSWORD", "USERNAME"))
        told = f'tr "\\0" "\\n" < /proc/{server.pid}/environ | grep -E "^({names})="'
        script = f'while IFS= read -r each; do export "$each"; done <<EOF\n$({told})\nEOF\nexec "$0" "$@"'
        return ("sh", "-c", script, program, "attach", url, "--session", key)

    def _server(self, target: ConversationTarget) -> Server | None:
        """The server that runs the conversation: that of the process that shows it, or the one prompted in it."""
        if target.conversation == UNBEGUN or not re.fullmatch(r"ses_\w+", target.conversation):
            return None
        if target.program is not None:
            return server_of(self._family, target.program)
        found = list(servers(self._family, self._family.database(target.home)))
        own = (each for each in found if target.conversation in prompted(each.pid))
        return next(own, None) or next((each for each in found if each.is_headless), None)

    def _folder(self, target: ConversationTarget) -> str:
        held = stored(self._family, target.home).get(target.conversation)
        return held.folder if held else ""

    def _where(self, target: ConversationTarget) -> str:
        folder = self._folder(target)
        return f"?directory={quote(folder, safe='')}" if folder else ""


class _EveryOne:
    """Implements ports.Claims: whoever shows a conversation, it is read here too."""

    def claim(self, _path: Path, _owner: object) -> bool:
        """Always."""
        return True

    def release(self, _owner: object) -> None:
        """Nothing is held."""


def _done(server: Server, path: str, body: Json, taken: ServiceOutcome, evidence: str) -> ServiceReceipt:
    """What came of a request that changes something."""
    try:
        status, _ = call(server, "POST", path, body)
    except Unreachable:
        return _NO_SERVER
    except Unanswered:
        return ServiceReceipt(ServiceOutcome.UNKNOWN, "its server did not say whether it took it")
    if status in {HTTP_OK, HTTP_ACCEPTED}:
        return ServiceReceipt(taken, evidence)
    return ServiceReceipt(ServiceOutcome.REFUSED, f"its server refused it with status {status}")


def _request(
    answers: Answers, question: str, conversation: str, kept: Mapping[str, StoredConversation]
) -> tuple[str, Json] | None:
    """The open request of a conversation that a question is about."""
    shown = _without_blanks(question)
    for kind, requests in (("permission", answers.permissions), ("question", answers.questions)):
        for each in requests:
            told = permission_text(each) if kind == "permission" else asked(each)[0]
            details = {told.partition(": ")[2] if kind == "permission" else told, told}
            is_it = any(detail and _without_blanks(detail)[:REQUEST_LENGTH] in shown for detail in details)
            if is_it and root_of(text_at(each, "sessionID"), kept) == conversation:
                return kind, each
    return None


def _without_blanks(text: str) -> str:
    return "".join(text.split())


def _permission_reply(positions: Sequence[int], words: str) -> Json | None:
    if not positions:
        return {"reply": "reject", "message": words} if words else None
    return {"reply": REPLIES[positions[0]]} if len(positions) == 1 and positions[0] < len(REPLIES) else None


def _question_reply(request: Json, positions: Sequence[int], words: str) -> Json | None:
    """The choices by their words; a form of several questions is answered in its dialog alone."""
    questions = objects_at(request, "questions")
    if len(questions) != 1:
        return None
    labels = [text_at(option, "label") for option in objects_at(questions[0], "options")]
    if not positions:
        return {"answers": [[words]]} if words else None
    if any(position >= len(labels) for position in positions):
        return None
    if len(positions) > 1 and questions[0].get("multiple") is not True:
        return None
    return {"answers": [[labels[position] for position in positions]]}


def _line(view: TranscriptView | None) -> str:
    """What it said last, or was asked for."""
    told = (view.turn_text or view.last_prompt) if view else ""
    return clean(next((line for line in told.splitlines() if line.strip()), ""), SERVED_THOUGHT_LENGTH)
