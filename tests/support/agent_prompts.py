"""What real agents wrote down of the prompts they got: read from their own files, with nothing of ours in between."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def prompts_of(key: str, home: Path) -> list[str]:
    """Every prompt in every conversation below an agent's home, whole."""
    return [text for text in READERS[key](home) if text.strip()]


def _rows(home: Path, pattern: str) -> Iterator[dict[str, Any]]:
    for file in sorted(home.glob(pattern)):
        for line in file.read_text().splitlines():
            yield json.loads(line)


def _words(content: object) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(str(part.get("text") or "") for part in parts if isinstance(part, dict))


def _claude(home: Path) -> Iterator[str]:
    for row in _rows(home, ".claude/projects/*/*.jsonl"):
        if row.get("type") == "user" and not row.get("isMeta"):
            yield _words(row["message"]["content"])
        elif row.get("type") == "attachment" and row["attachment"].get("type") == "queued_command":
            yield _words(row["attachment"].get("prompt"))


def _codex(home: Path) -> Iterator[str]:
    for row in _rows(home, ".codex/sessions/*/*/*/*.jsonl"):
        payload = row.get("payload") or {}
        if row.get("type") == "response_item" and payload.get("role") == "user":
            yield _words(payload.get("content"))


def _gemini(home: Path) -> Iterator[str]:
    # A message may be written again under the same id; the last one counts.
    said = {
        row.get("id"): _words(row.get("content"))
        for row in _rows(home, ".gemini/tmp/*/chats/*.jsonl")
        if row.get("type") == "user"
    }
    yield from said.values()


def _opencode(home: Path, name: str = "opencode") -> Iterator[str]:
    query = (
        "select group_concat(json_extract(part.data, '$.text'), char(10)) from message"
        " join part on part.message_id = message.id where json_extract(message.data, '$.role') = 'user'"
        " and json_extract(part.data, '$.type') = 'text' group by message.id"
    )
    file = home / ".local" / "share" / name / f"{name}.db"
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        yield from (text for (text,) in database.execute(query) if text)


def _copilot(home: Path) -> Iterator[str]:
    for row in _rows(home, ".copilot/session-state/*/events.jsonl"):
        if row.get("type") == "user.message":
            yield str(row["data"]["content"])


def _pi(home: Path) -> Iterator[str]:
    for row in _rows(home, ".pi/agent/sessions/*/*.jsonl"):
        if row.get("type") == "message" and row["message"]["role"] == "user":
            yield _words(row["message"]["content"])


def _cline(home: Path) -> Iterator[str]:
    for file in sorted(home.glob(".cline/data/sessions/*/*.messages.json")):
        for message in json.loads(file.read_text())["messages"]:
            if message["role"] == "user":
                yield re.sub(r"</?user_input\b[^>]*>", "", _words(message["content"]))


READERS: dict[str, Callable[[Path], Iterator[str]]] = {
    "claude": _claude,
    "codex": _codex,
    "gemini": _gemini,
    "opencode": _opencode,
    "copilot": _copilot,
    "pi": _pi,
    "cline": _cline,
    "kilo": lambda home: _opencode(home, "kilo"),
}
