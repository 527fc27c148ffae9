"""What a recording takes of a transcript: never a pipe, never a database, never more than a part of it."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.private_words import PrivateWords
from quarterdeck.operations.agent_recording import FIRST_ROWS, LAST_ROWS, TRANSCRIPT_BYTES, _transcript

if TYPE_CHECKING:
    from pathlib import Path

WORDS = PrivateWords(homes=("/home/maria",))


def rows(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in _transcript(file, WORDS).splitlines()]


def test_the_beginning_and_the_end_of_a_long_transcript_are_taken(tmp_path: Path) -> None:
    file = tmp_path / "long.jsonl"
    file.write_text(
        "".join(json.dumps({"n": n, "cwd": "/home/maria/web", "pad": "x " * 700}) + "\n" for n in range(2_000))
    )
    assert file.stat().st_size > 2 * TRANSCRIPT_BYTES

    found = rows(file)

    assert [row["n"] for row in found[:FIRST_ROWS]] == list(range(FIRST_ROWS))
    assert [row["n"] for row in found[FIRST_ROWS:]] == list(range(2_000 - LAST_ROWS, 2_000))
    assert {row["cwd"] for row in found} == {"$HOME/web"}


def test_a_short_one_is_taken_whole_and_what_is_no_json_too(tmp_path: Path) -> None:
    file = tmp_path / "short.jsonl"
    file.write_text('{"a": "/home/maria"}\n\ntorn /home/maria')

    assert _transcript(file, WORDS) == '{"a": "$HOME"}\ntorn $HOME\n'


def test_one_document_is_taken_as_one(tmp_path: Path) -> None:
    file = tmp_path / "chat.json"
    file.write_text(json.dumps({"messages": ["/home/maria"]}, indent=2))

    assert rows(file) == [{"messages": ["$HOME"]}]


@pytest.mark.parametrize("kind", ["pipe", "folder", "nothing", "database"])
def test_what_is_no_text_is_not_taken(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "transcript.jsonl"
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "folder":
        file.mkdir()
    elif kind == "database":
        with closing(sqlite3.connect(file)) as database:
            database.execute("create table a (b)")
            database.commit()

    assert _transcript(file, WORDS) == ""
