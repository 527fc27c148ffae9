"""The one way to open a file that somebody else may have put there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.agents.claude_registry import LONGEST_SESSION_FILE, entry
from quarterdeck.config.loader import load
from quarterdeck.errors import SettingsError
from quarterdeck.foreign_files import (
    LARGEST_FILE_BYTES,
    TooLarge,
    open_file,
    read_bytes,
    read_given,
    read_head,
    read_text,
)
from quarterdeck.ports.agent_process import AgentHome, Program
from support.strange_files import STRANGE, at_once

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("kind", STRANGE)
@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_RDWR | os.O_CREAT, os.O_WRONLY | os.O_APPEND | os.O_CREAT])
def test_what_is_no_file_is_not_opened_and_it_is_said_what_it_is(kind: str, flags: int, tmp_path: Path) -> None:
    said = STRANGE[kind](tmp_path / "it")

    with pytest.raises(OSError, match=said) as found:
        at_once(lambda: open_file(tmp_path / "it", flags))

    assert found.value.strerror == said


def test_what_takes_the_place_of_a_file_between_two_looks_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "it")
    (tmp_path / "file").touch()
    as_it_was = (tmp_path / "file").stat()
    monkeypatch.setattr(os, "stat", lambda path: as_it_was)

    with pytest.raises(OSError, match="it is a pipe"):
        at_once(lambda: open_file(tmp_path / "it"))


def test_a_link_to_a_file_is_as_good_as_the_file(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"what it says")
    (tmp_path / "it").symlink_to(tmp_path / "kept")

    assert read_bytes(tmp_path / "it") == b"what it says"


def test_a_file_is_made_only_where_that_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_file(tmp_path / "it")

    os.close(open_file(tmp_path / "it", os.O_RDWR | os.O_CREAT, 0o600))

    assert (tmp_path / "it").stat().st_mode & 0o777 == 0o600


def test_a_program_that_we_start_inherits_no_file(tmp_path: Path) -> None:
    (tmp_path / "it").touch()
    handle = open_file(tmp_path / "it")

    assert not os.get_inheritable(handle)
    os.close(handle)


@given(size=st.integers(0, 5_000), limit=st.integers(0, 5_000))
def test_no_more_is_read_than_was_asked_for(tmp_path_factory: pytest.TempPathFactory, size: int, limit: int) -> None:
    file = tmp_path_factory.getbasetemp() / "sized"
    file.write_bytes(bytes(size))

    assert read_head(file, limit) == bytes(min(size, limit))
    if size > limit:
        with pytest.raises(TooLarge, match="it is larger than"):
            read_bytes(file, limit)
    else:
        assert read_bytes(file, limit) == bytes(size)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_text_is_read_as_python_itself_reads_it(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.getbasetemp() / "text"
    file.write_bytes(text.encode())

    assert read_text(file) == file.read_text(encoding="utf-8")


def test_what_is_larger_than_it_can_be_gives_a_clear_result(tmp_path: Path) -> None:
    (tmp_path / ".claude/sessions").mkdir(parents=True)
    for name, size in (("config.toml", LARGEST_FILE_BYTES), (".claude/sessions/42.json", LONGEST_SESSION_FILE)):
        with (tmp_path / name).open("wb") as file:
            file.truncate(size + 1)

    with pytest.raises(SettingsError, match="cannot be read: it is larger than 4 MB"):
        load(tmp_path / "config.toml")
    assert entry(Program(pid=42, command="claude"), AgentHome(tmp_path)) is None


def test_what_the_shell_makes_of_a_command_is_read_to_its_end() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"from\r\na command\n")
    os.close(writing)

    assert at_once(lambda: read_given(f"/dev/fd/{reading}")) == "from\na command\n"
    os.close(reading)
