"""Which chat a Gemini CLI process shows, where several are in one folder and conversations come and go."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from quarterdeck.agents.gemini_shown import ChatWords, ShownChats, shown_chat
from quarterdeck.core.reading import UNBEGUN
from quarterdeck.ports.agent_process import AgentHome, Program

if TYPE_CHECKING:
    from pathlib import Path

BANNER = " ▝▜▄     Gemini CLI v0.61.0\n   ▝▜▄\n  ▗▟▀    Authenticated with gemini-api-key /auth\n"
BOX = "─" * 80 + "\n Shift+Tab to accept edits\n\n >   Type your message or @path/to/file\n"


class Chats:
    """A home with one folder's chats; this process is in that folder."""

    def __init__(self, home: Path, cwd: Path) -> None:
        self.home = home
        self.folder = home / ".gemini/tmp/demo/chats"
        self.folder.mkdir(parents=True)
        (home / ".gemini/projects.json").write_text(json.dumps({"projects": {str(cwd): "demo"}}))
        self.shown = ShownChats()

    def write(self, name: str, *said: tuple[str, str], written: float = 1_000.0) -> str:
        """A chat in which this was asked and answered; answers its id."""
        key = f"{name * 8}-1111-2222-3333-444444444444"
        rows: list[dict[str, object]] = [{"sessionId": key, "startTime": "2026-11-30T18:45:00Z", "kind": "main"}]
        for number, (prompt, answer) in enumerate(said):
            at = f"2026-11-30T18:46:{number:02}Z"
            rows += [
                {"id": f"u{number}", "timestamp": at, "type": "user", "content": [{"text": prompt}]},
                {"id": f"g{number}", "timestamp": at, "type": "gemini", "content": answer},
            ]
        file = self.folder / f"session-2026-11-30T18-45-{name * 8}.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        os.utime(file, (written, written))
        return key

    def tell(self, screen: str, started: str = "1") -> str:
        """What is told of a process that shows this."""
        program = Program(pid=os.getpid(), command="node", argv=("node", "gemini"), started=started)
        return self.shown.conversation(program, AgentHome(self.home), "", screen)


@pytest.fixture
def chats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Chats:
    cwd = tmp_path / "work"
    cwd.mkdir()
    monkeypatch.chdir(cwd)
    return Chats(tmp_path / "home", cwd)


def screen(*said: tuple[str, str]) -> str:
    """A screen with these prompts and answers on it."""
    return BANNER + "".join(f"\n > {prompt}\n\n✦ {answer}\n" for prompt, answer in said) + "\n" + BOX


FIRST, SECOND = ("paint it blue", "It is blue now."), ("fix the login", "The login works.")


def test_two_in_one_folder_are_told_apart_by_what_is_on_their_screens(chats: Chats) -> None:
    a, b = chats.write("a", FIRST), chats.write("b", SECOND)

    assert [chats.tell(screen(FIRST), "1"), chats.tell(screen(SECOND), "2")] == [a, b]


def test_nothing_of_the_old_chat_is_told_once_it_was_cleared(chats: Chats) -> None:
    a = chats.write("a", FIRST)
    assert chats.tell(screen(FIRST)) == a

    assert chats.tell(screen()) == UNBEGUN
    b = chats.write("b", SECOND)
    assert chats.tell(screen(SECOND)) == b


def test_an_older_one_that_was_resumed_is_told_before_anything_is_written_to_it(chats: Chats) -> None:
    old = chats.write("a", FIRST, written=1_000)
    new = chats.write("b", SECOND, written=2_000)
    assert chats.tell(screen(SECOND)) == new

    assert chats.tell(screen(FIRST)) == old


def test_what_was_told_stands_while_the_screen_shows_none_of_it(chats: Chats) -> None:
    a = chats.write("a", FIRST)
    chats.write("b", SECOND)
    assert chats.tell(screen(FIRST)) == a

    assert chats.tell("✦ and so on\n" * 20 + BOX) == a
    assert chats.tell("✦ and so on\n" * 20 + BOX, started="2") == "", "another process that has this number now"


def test_a_long_answer_is_known_by_its_end_however_the_screen_breaks_it(chats: Chats) -> None:
    answer = "\n".join(f"line {number} of a long answer" for number in range(100))
    a = chats.write("a", ("write a lot", answer))
    chats.write("b", SECOND)

    assert chats.tell("  line 98 of a\n  long answer\n  line 99 of a long\n  answer\n" + BOX) == a


def test_words_that_stand_in_two_chats_tell_nothing_but_for_who_was_told_before() -> None:
    same = [ChatWords("a", ("goon",)), ChatWords("b", ("goon",))]

    assert shown_chat(same, "✦goon", "") == ""
    assert shown_chat(same, "✦goon", "b") == "b"


def test_a_torn_or_foreign_file_is_passed_over(chats: Chats) -> None:
    a = chats.write("a", FIRST)
    (chats.folder / "session-2026-11-30T18-45-cccccccc.jsonl").write_text('{"sessionId": "c')
    os.mkfifo(chats.folder / "session-2026-11-30T18-45-dddddddd.jsonl")

    assert chats.tell(screen(FIRST)) == a
