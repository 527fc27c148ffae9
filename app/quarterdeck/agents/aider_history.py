"""Aider's chat history: what was asked and said in it. It tells no state, and all of a folder write into one file."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.agents.json_lines import WRITTEN_LATE, FileTail
from quarterdeck.agents.ledger import Ledger
from quarterdeck.values import replace

if TYPE_CHECKING:
    from quarterdeck.core.transcript import TranscriptView
    from quarterdeck.ports.agent import Claims
    from quarterdeck.ports.agent_process import AgentHome

log = logging.getLogger(__name__)

CHAT_HISTORY = ".aider.chat.history.md"
HISTORY_BYTES = 1024 * 1024
"""Of a longer one the end is read."""
_STARTED = re.compile(r"^# aider chat started at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)$")
_ASKED = re.compile(r"^#### (.*)$")
_TOLD = re.compile(r"^> (.*)$")
_TOKENS = re.compile(r"^Tokens: ([\d.]{1,12})(k|M|) sent")
_THOUSANDS = {"": 1, "k": 1_000, "M": 1_000_000}
_BEGINS_ANEW = re.compile(r"^/(?:clear|reset)\b")
_ASKS = re.compile(r"^/(?:ask|code|architect|context)\s+(?=\S)")


class AiderTranscript:
    """Implements ports.Transcript: the part of the history that a process has begun, if no other began one since."""

    def __init__(
        self,
        *,
        cwd: str,
        claims: Claims,
        session_id: str = "",
        since: datetime | None = None,
        path: Path | None = None,
        home: AgentHome | None = None,
    ) -> None:
        self._file = path or _root(Path(cwd)) / CHAT_HISTORY
        self._since = since - WRITTEN_LATE if since else None
        self._claims = claims
        self._tail: FileTail | None = None
        self._chat = _Chat(self._since)
        self._view: TranscriptView | None = None

    @property
    def path(self) -> Path | None:
        """The file it reads, once found."""
        return self._tail.path if self._tail else None

    def read(self) -> TranscriptView | None:
        """Take in what was appended since; None while it is not known to be its own."""
        if self._tail is None:
            if not self._file.is_file() or not self._claims.claim(self._file, self):
                return None
            self._tail = FileTail(self._file, limit=HISTORY_BYTES)
        try:
            is_anew, lines = self._tail.read()
            written = datetime.fromtimestamp(self._file.stat().st_mtime, UTC)
        except OSError:
            log.info("history cannot be read", exc_info=True)
            self.close()
            return None
        if is_anew:
            self._chat = _Chat(self._since)
        if is_anew or lines:
            for line in lines:
                self._chat.take(line.decode("utf-8", "replace").rstrip("\r\n"))
            self._view = self._chat.view(written)
        return self._view

    def close(self) -> None:
        """Let go of the file, so that another session may claim it."""
        self._claims.release(self)
        self._tail = self._view = None


class _Chat:
    """What the lines of a history add up to."""

    def __init__(self, since: datetime | None) -> None:
        self._since = since
        self._begun = 0
        self._ledger = Ledger()
        self._asked: list[str] = []
        self._said: list[str] = []

    def view(self, written: datetime) -> TranscriptView | None:
        """What was asked and said; None where it is another's, or may be."""
        if self._begun != 1:
            return None
        self._enter()
        self._ledger.updated_at = written
        return replace(self._ledger.view(), reading=None)

    def take(self, line: str) -> None:
        """Enter one line."""
        if started := _STARTED.match(line):
            self._forget()
            self._begun = self._begun + 1 if self._is_own(started[1]) else 0
        elif asked := _ASKED.match(line):
            if self._said:
                self._enter()
            self._asked.append(asked[1].strip())
        elif told := _TOLD.match(line):
            self._enter()
            if tokens := _TOKENS.match(told[1]):
                self._ledger.token_count = _count(tokens[1], tokens[2])
        elif line.strip() or self._said:
            if self._asked:
                self._prompt()
            self._said.append(line)

    def _is_own(self, local: str) -> bool:
        try:
            at = datetime.fromisoformat(local).astimezone(UTC)
        except (ValueError, OverflowError):
            return False
        return self._since is None or at >= self._since

    def _forget(self) -> None:
        self._ledger = Ledger()
        self._asked, self._said = [], []

    def _enter(self) -> None:
        """Enter what has been gathered."""
        if self._asked:
            self._prompt()
        if self._said:
            self._ledger.said("\n".join(self._said))
            self._said = []

    def _prompt(self) -> None:
        text = "\n".join(self._asked)
        self._asked = []
        if _BEGINS_ANEW.match(text):
            self._forget()
            return
        words = _ASKS.sub("", text)
        if words and not words.startswith(("/", "!")):
            self._ledger.prompt(words, None)


def _count(number: str, unit: str) -> int:
    try:
        return int(float(number) * _THOUSANDS[unit])
    except ValueError:
        return 0


def _root(cwd: Path) -> Path:
    """Where it keeps its history: at the top of the repository, or where it works."""
    return next((folder for folder in (cwd, *cwd.parents) if (folder / ".git").exists()), cwd)
