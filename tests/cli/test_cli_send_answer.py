from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from quarterdeck.cli.arguments import parse
from quarterdeck.errors import UsageError
from support.cli import run_cli
from support.tmux_server import TmuxServer, until

if TYPE_CHECKING:
    from pathlib import Path

    from support.cli import Done


@pytest.mark.parametrize(
    ("words", "names", "rest"),
    [
        ("send web hello", ["web", "hello"], None),
        ("send web -- hello there", ["web"], "hello there"),
        ("send a b c -- -x --json is text; -- too", ["a", "b", "c"], "-x --json is text; -- too"),
        ("-L other send --now a -- /x", ["a"], "/x"),
        ("send web -", ["web", "-"], None),
        ("send web --", ["web"], ""),
    ],
)
def test_what_is_behind_two_dashes_is_the_text_whatever_it_looks_like(
    words: str, names: list[str], rest: str | None
) -> None:
    options = parse(words.split())

    assert (options.words, options.rest) == (names, rest)


def test_two_dashes_mean_what_they_always_meant_elsewhere() -> None:
    assert parse(["show", "--", "-odd"]).session == "-odd"
    assert parse(["answer", "web", "--", "-1 is not a number"]).rest == "-1 is not a number"
    with pytest.raises(UsageError):
        parse(["kill", "--"])


@pytest.mark.process
def test_shells_are_sent_to_and_what_waits_is_listed_changed_and_withdrawn(short_folder: Path) -> None:
    def qd(*words: str) -> Done:
        return run_cli("-S", str(short_folder / "s"), "--home", str(short_folder / "h"), *words)

    def shell(name: str) -> str:
        return server.run("capture-pane", "-p", "-t", name)

    with TmuxServer(short_folder / "s") as server:
        for name in ("one", "two"):
            server.session(name, "env", "PS1=u@h:~$ ", "bash", "--norc")
        until(lambda: "u@h" in shell("one") and "u@h" in shell("two"), "the shells were there")

        sent = qd("send", "one", "two", "--json", "--", "echo $((40+2));").json()
        assert [(each["tmux_name"], each["outcome"], each["evidence"]) for each in sent] == [
            ("one", "delivered", "screen"),
            ("two", "delivered", "screen"),
        ]
        server.run("send-keys", "-t", "two", "-l", "half a command")
        until(lambda: "half" in shell("two"), "it was typed")
        (held,) = qd("send", "two", "later", "--json").json()
        assert (held["outcome"], held["evidence"], held["message"]) == ("queued", "held", 3)
        assert [each["text"] for each in qd("send", "--held", "--json").json()] == ["later"]
        assert "withdrawn" in qd("send", "--withdraw", "3").out
        log = qd("events", "--json").out
        assert "message.withdrawn" in log
        assert "later" not in log.replace("message.", "")
