"""Which chat a Gemini CLI process shows: the one whose last words are on its screen, for nothing else tells."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from quarterdeck.agents import gemini_screen, gemini_transcript
from quarterdeck.agents.json_lines import FileTail, first_rows, newest_first
from quarterdeck.agents.ledger import Ledger
from quarterdeck.agents.process_notes import ProcessNotes
from quarterdeck.agents.screen import lines_of
from quarterdeck.core.answer_choice import landmarks
from quarterdeck.core.foreign_json import text_at
from quarterdeck.core.reading import UNBEGUN
from quarterdeck.core.text import squashed
from quarterdeck.foreign_files import file_stamp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from quarterdeck.ports.agent_process import AgentHome, Program

CHATS_LOOKED_AT = 20
END_BYTES = 64 * 1024
LINES_COMPARED = 4

_BANNER = re.compile(r"Gemini CLI v\d")
_MESSAGE = re.compile(r"^(?:[✦✕ℹ✓] | > |╭)")


class ChatWords(NamedTuple):
    """A chat, and some of what was said last in it, without blanks."""

    key: str
    words: tuple[str, ...]


class ShownChats:
    """Tells it again and again, and keeps what was told while the screen shows none of it. Safe for threads."""

    def __init__(self) -> None:
        self._told = ProcessNotes()

    def conversation(self, program: Program, home: AgentHome | None, _title: str, screen: str) -> str:
        """The chat that a process shows; `UNBEGUN` where nothing has been said yet, "" where it cannot be told."""
        body = gemini_screen.split(lines_of(screen)).body
        if any(map(_BANNER.search, body)) and not any(map(_MESSAGE.match, body)):
            self._told.keep(program, None)
            return UNBEGUN
        told = self._told.of(program) or ""
        found = shown_chat(_chats(program, home), squashed("\n".join(body)), told)
        if found:
            self._told.keep(program, found)
        return found or told


def shown_chat(chats: Iterable[ChatWords], screen: str, told: str) -> str:
    """The one chat most of whose last words are on the screen; among equals the one told before; "" where none is."""
    scores = [(sum(len(word) for word in each.words if word in screen), each.key == told, each.key) for each in chats]
    scores.sort(reverse=True)
    if not scores or not scores[0][0]:
        return ""
    is_only = len(scores) == 1 or scores[0][:2] != scores[1][:2]
    return scores[0][2] if is_only else ""


def _chats(program: Program, home: AgentHome | None) -> list[ChatWords]:
    try:
        cwd = str(Path(f"/proc/{program.pid}/cwd").readlink())
    except OSError:
        return []
    files = newest_first(gemini_transcript.chats(home, cwd))[:CHATS_LOOKED_AT]
    read = (_words(file, file_stamp(file)) for file in files)
    return [chat for chat in read if chat is not None]


@lru_cache(maxsize=512)
def _words(file: Path, _stamp: object) -> ChatWords | None:
    """The end of a chat, read anew when it has changed."""
    first = next(iter(first_rows(file, 1)), None)
    ledger = Ledger()
    try:
        _, rows = FileTail(file, limit=END_BYTES).read_rows()
    except OSError:
        return None
    for row in rows:
        gemini_transcript.take(ledger, row)
    key = text_at(first, "sessionId") if first else ""
    view = ledger.view()
    words = (*landmarks(view.last_prompt)[:LINES_COMPARED], *landmarks(view.last_text)[-LINES_COMPARED:])
    return ChatWords(key, tuple(map(squashed, words))) if key else None
