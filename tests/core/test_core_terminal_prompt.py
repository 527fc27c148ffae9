"""The line of a plain terminal at which a program may wait for words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.terminal_prompt import PROMPT_LENGTH, PromptKind, kind_of, prompt_at


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("[sudo] password for me:", PromptKind.SECRET),
        ("Password:", PromptKind.SECRET),
        ("Enter passphrase for key '/home/me/.ssh/id_ed25519':", PromptKind.SECRET),
        ("me@host's password:", PromptKind.SECRET),
        ("Verification code:", PromptKind.SECRET),
        ("Proceed (Y/n)?", PromptKind.CONFIRM),
        ("Do you want to continue? [Y/n]", PromptKind.CONFIRM),
        ("Are you sure you want to continue connecting (yes/no/[fingerprint])?", PromptKind.CONFIRM),
        ("rm: remove regular file 'a'?", PromptKind.CONFIRM),
        ("overwrite b? (y/n [n])", PromptKind.CONFIRM),
        ("Press any key to continue . . .", PromptKind.CONFIRM),
        ("Press [ENTER] to continue or Ctrl-c to cancel.", PromptKind.CONFIRM),
        ("Enter a value:", PromptKind.FIELD),
        ("  Enter a value:", PromptKind.FIELD),
        ("Your choice [1-4]:", PromptKind.FIELD),
        ("#?", PromptKind.FIELD),
        ("? Project name: ›", PromptKind.FIELD),
        ("package name: (demo)", PromptKind.WEAK),
        ("Name:", PromptKind.WEAK),
        ("What is your name?", PromptKind.WEAK),
        ("(Pdb)", PromptKind.DEBUGGER),
        ("ipdb>", PromptKind.DEBUGGER),
        (">>>", PromptKind.REPL),
        ("...", PromptKind.REPL),
        (">", PromptKind.REPL),
        ("In [12]:", PromptKind.REPL),
        ("(gdb)", PromptKind.REPL),
        ("shop=#", PromptKind.REPL),
        ("shop=>", PromptKind.REPL),
        ("mysql>", PromptKind.REPL),
        ("MariaDB [shop]>", PromptKind.REPL),
        ("127.0.0.1:6379>", PromptKind.REPL),
        ("irb(main):001:0>", PromptKind.REPL),
        ("iex(1)>", PromptKind.REPL),
        ("sqlite>", PromptKind.REPL),
        ("me@far:~$", PromptKind.REPL),
        ("Compiling demo v0.1.0", PromptKind.LINE),
        ("Downloading 42%", PromptKind.LINE),
        ("done.", PromptKind.LINE),
        ("12/30", PromptKind.LINE),
    ],
)
def test_kinds_of_lines(line: str, kind: PromptKind) -> None:
    assert kind_of(line) is kind


@pytest.mark.parametrize(
    ("screen", "cursor", "text"),
    [
        pytest.param("building\nName:", (6, 1), "Name:", id="a blank behind it"),
        pytest.param("Name:\n", (5, 0), "Name:", id="none"),
        pytest.param("Name:\n\n\n", (6, 0), "Name:", id="blank lines below"),
        pytest.param("名前は?", (8, 0), "名前は?", id="wide letters"),
        pytest.param("1) a\n2) b\n#?", (3, 2), "1) a\n2) b\n#?", id="with the choices above"),
        pytest.param("Name:", (0, 0), None, id="the cursor before it"),
        pytest.param("Name:", (30, 0), None, id="far behind it"),
        pytest.param("Name:\nmore", (6, 0), None, id="something below"),
        pytest.param("Name:", (0, 1), None, id="the line is over"),
        pytest.param("Name:", None, None, id="a hidden cursor"),
        pytest.param("", (0, 0), None, id="nothing"),
    ],
)
def test_only_the_open_line_at_the_cursor_counts(screen: str, cursor: tuple[int, int] | None, text: str | None) -> None:
    found = prompt_at(screen, cursor)

    assert (found.text if found else None) == text


@given(st.text(max_size=400), st.tuples(st.integers(0, 300), st.integers(0, 60)))
def test_no_screen_is_too_odd(screen: str, cursor: tuple[int, int]) -> None:
    found = prompt_at(screen, cursor)

    assert found is None or 0 < len(found.text) <= PROMPT_LENGTH
