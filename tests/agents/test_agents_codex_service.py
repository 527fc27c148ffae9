"""Codex's daemon as a service: what no terminal shows, messages, answers and stops; requests as they were recorded."""

from __future__ import annotations

import json
import socket
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from quarterdeck.agents.codex_asks import ask_of
from quarterdeck.agents.codex_server import server_at
from quarterdeck.agents.codex_service import CodexService
from quarterdeck.core.session import Need, SessionState
from quarterdeck.core.typed_text import typed_text
from quarterdeck.ports.agent_process import AgentHome
from quarterdeck.ports.agent_service import ConversationTarget, ServiceOutcome
from support.codex_daemon import FIRST, FRONT, RECORDED, CodexDaemon
from support.recordings import agent
from support.tmux_server import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from quarterdeck.core.detached_row import AgentConversation

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
ASKS = [json.loads(row) for row in (RECORDED / "0.171.0-asks.jsonl").read_text().splitlines()]
COMMAND, QUESTION = ASKS
UNREAD = {"threadId": FIRST, "readState": {"firstUnread": {"type": "turn", "turnId": "t"}, "revision": "r"}}


@pytest.fixture
def daemon(short_folder: Path) -> Iterator[CodexDaemon]:
    with CodexDaemon(short_folder) as one:
        yield one


@pytest.fixture
def service(daemon: CodexDaemon) -> CodexService:
    """The service, which knows what the daemon holds."""
    until(lambda: len(server_at(daemon.folder).threads()) == 2, "the daemon is heard")
    return CodexService()


def target(daemon: CodexDaemon, key: str = FIRST) -> ConversationTarget:
    return ConversationTarget(conversation=key, home=AgentHome(daemon.folder, (("CODEX_HOME", str(daemon.folder)),)))


def found(service: CodexService, daemon: CodexDaemon) -> dict[str, AgentConversation]:
    return {each.conversation: each for each in service.conversations(target(daemon).home, at=NOW)}


def needs_of(service: CodexService, daemon: CodexDaemon) -> Need | None:
    one = found(service, daemon).get(FIRST)
    return one.reading.needs if one else None


@contextmanager
def listening(daemon: CodexDaemon) -> Iterator[None]:
    """A terminal that shows the first conversation, at a port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as place:
        for row in daemon.rows:
            for each in row.get("told", {}).get("result", {}).get("data", []):
                if isinstance(each, dict) and str(FRONT) in each.get("httpOrigin", ""):
                    each["httpOrigin"] = f"http://127.0.0.1:{place.getsockname()[1]}"
        yield


def test_what_works_or_ended_unread_is_told_while_no_terminal_shows_it(
    service: CodexService, daemon: CodexDaemon
) -> None:
    assert found(service, daemon) == {}, "what rests is not told"
    daemon.play("working")
    until(lambda: FIRST in found(service, daemon), "it works")
    one = found(service, daemon)[FIRST]
    assert (one.reading.state, one.cwd, one.reading.conversation) == (SessionState.BUSY, "/home/dev/work/demo", FIRST)
    daemon.play("interrupted")
    daemon.tell({"method": "thread/readState/changed", "params": UNREAD})
    until(lambda: needs_of(service, daemon) is Need.FINISHED, "its end was not read")


def test_what_a_terminal_shows_is_not_told(daemon: CodexDaemon) -> None:
    with listening(daemon):
        until(lambda: len(server_at(daemon.folder).threads()) == 2, "the daemon is heard")
        service = CodexService()
        daemon.play("working")
        until(lambda: not found(service, daemon), "it has a terminal")
    until(lambda: FIRST in found(service, daemon), "its terminal is gone")


def test_what_has_not_told_its_terminal_yet_is_waited_for(short_folder: Path) -> None:
    with CodexDaemon(short_folder) as daemon:
        daemon.answers["mcpServerStatus/list"] = {"result": {"data": []}}
        until(lambda: len(server_at(daemon.folder).threads()) == 2, "the daemon is heard")
        service = CodexService()
        daemon.play("working")
        until(lambda: server_at(daemon.folder).threads()[FIRST].status == "active", "it works")
        assert found(service, daemon) == {}
        until(lambda: FIRST in found(service, daemon), "it has none")


@pytest.mark.parametrize(("ask", "state"), [(COMMAND, "permission"), (QUESTION, "question")])
def test_what_is_asked_is_told_with_its_choices(
    service: CodexService, ask: dict[str, object], state: str, daemon: CodexDaemon
) -> None:
    daemon.pending = [ask]
    daemon.play(state)
    wanted = Need(state)
    until(lambda: needs_of(service, daemon) is wanted, "it asks")
    reading = found(service, daemon)[FIRST].reading

    if ask is COMMAND:
        assert reading.question == "Would you like to run the following command?\nReason: Run it?\n$ touch y.txt"
        assert reading.choices == (
            "Yes, proceed",
            "Yes, and don't ask again for commands that start with `touch y.txt`",
            "No, and tell Codex what to do differently",
        )
    else:
        assert (reading.question, reading.choices) == ("Which colour?", ("Red", "Blue"))
    found(service, daemon)
    assert [each["method"] for each in daemon.asked].count("thread/resume") == 1, "it is looked at once"
    assert daemon.replies == []


def test_a_message_begins_a_turn_where_it_rests_and_is_queued_where_it_works(
    service: CodexService, daemon: CodexDaemon
) -> None:
    daemon.answers |= {"turn/start": {"result": {"turn": {"id": "t1"}}}, "thread/queue/add": {"result": {}}}
    until(lambda: service.send(target(daemon), "! bang @README.md").outcome is ServiceOutcome.DONE, "it is taken")
    (begun,) = (each for each in daemon.asked if each["method"] == "turn/start")
    assert begun["params"]["input"] == [{"type": "text", "text": "! bang @README.md", "text_elements": []}]  # type: ignore[index]

    daemon.answers["thread/read"] = {"result": {"thread": {"status": {"type": "active", "activeFlags": []}}}}
    assert service.send(target(daemon), "more").outcome is ServiceOutcome.QUEUED


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ({"error": {"code": 1, "message": "no"}}, ServiceOutcome.UNAVAILABLE),
        ({"result": {}}, ServiceOutcome.UNKNOWN),
        (None, ServiceOutcome.UNKNOWN),
    ],
)
def test_what_was_given_and_not_confirmed_is_not_given_again(
    service: CodexService, answer: dict[str, object] | None, outcome: ServiceOutcome, daemon: CodexDaemon
) -> None:
    daemon.answers["turn/start"] = answer
    until(lambda: service.send(target(daemon), "hello").outcome is outcome, "it is told as it is")


def test_an_answer_is_the_decision_that_its_choice_stands_for(service: CodexService, daemon: CodexDaemon) -> None:
    daemon.pending = [COMMAND]
    screen = "Would you like to run the following command?\n\n  Reason: Run it?\n\n  $ touch y.txt"
    until(lambda: service.answer(target(daemon), screen, [1], "").outcome is ServiceOutcome.DONE, "it is taken")

    rule = {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": ["touch", "y.txt"]}}
    assert daemon.replies == [{"id": COMMAND["id"], "result": {"decision": rule}}]


def test_a_question_is_answered_by_its_label_or_in_own_words(service: CodexService, daemon: CodexDaemon) -> None:
    daemon.pending = [QUESTION]
    for positions, words in (([1], ""), ([], "a warm grey")):
        until(
            lambda positions=positions, words=words: (  # type: ignore[misc]
                service.answer(target(daemon), "Which colour?", positions, words).outcome is ServiceOutcome.DONE
            ),
            "it is taken",
        )

    said = [each["result"]["answers"]["colour"]["answers"] for each in daemon.replies]  # type: ignore[index]
    assert said == [["Blue"], ["a warm grey"]]


@pytest.mark.parametrize(
    ("question", "positions", "words"),
    [
        ("Would you like to run the following command?\n$ rm -rf /", [0], ""),
        ("$ touch y.txt", [7], ""),
        ("$ touch y.txt", [], "yes please"),
        ("$ touch y.txt", [0, 1], ""),
    ],
)
def test_nothing_is_answered_but_what_was_shown_and_can_be(
    service: CodexService, question: str, positions: list[int], words: str, daemon: CodexDaemon
) -> None:
    daemon.pending = [COMMAND]
    assert service.answer(target(daemon), question, positions, words).outcome is ServiceOutcome.UNAVAILABLE
    assert daemon.replies == []


def test_a_stop_interrupts_the_turn_and_the_row_goes(service: CodexService, daemon: CodexDaemon) -> None:
    daemon.play("working")
    until(lambda: FIRST in found(service, daemon), "it works")
    daemon.answers |= {
        "thread/turns/list": {"result": {"data": [{"id": "t1", "status": "inProgress"}]}},
        "turn/interrupt": {"result": {}},
    }

    assert service.stop(target(daemon)).outcome is ServiceOutcome.DONE

    (stopped,) = (each for each in daemon.asked if each["method"] == "turn/interrupt")
    assert stopped["params"] == {"threadId": FIRST, "turnId": "t1"}
    assert found(service, daemon) == {}
    assert service.attach(target(daemon)) == ("codex", "resume", FIRST)


def test_without_a_daemon_there_is_nothing_to_ask(short_folder: Path) -> None:
    service = CodexService()
    home = AgentHome(short_folder, (("CODEX_HOME", str(short_folder)),))
    nobody = ConversationTarget(conversation=FIRST, home=home)

    assert service.conversations(home, at=NOW) == []
    for receipt in (service.send(nobody, "x"), service.answer(nobody, "x", [0], ""), service.stop(nobody)):
        assert receipt.outcome is ServiceOutcome.UNAVAILABLE


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"id": 1, "method": "item/permissions/requestApproval", "params": {}},
        {"id": 1, "method": "item/tool/requestUserInput", "params": {"questions": []}},
        {"id": 1, "method": "item/tool/requestUserInput", "params": {"questions": [{"id": "a"}, {"id": "b"}]}},
        {"id": 1, "method": "item/commandExecution/requestApproval", "params": {"availableDecisions": [{"new": 1}]}},
        {"id": 1, "method": "item/commandExecution/requestApproval", "params": {"availableDecisions": []}},
        {**QUESTION, "params": {"questions": [{"id": "a", "question": "Password?", "isSecret": True}]}},
    ],
)
def test_what_cannot_be_put_in_a_line_of_choices_is_left_to_its_terminal(request_: dict[str, object]) -> None:
    assert ask_of(request_) is None


def test_edits_are_asked_with_the_choices_that_codex_has() -> None:
    ask = ask_of({"id": 3, "method": "item/fileChange/requestApproval", "params": {"reason": "Outside the folder"}})

    assert ask is not None
    assert ask.text == "Would you like to make the following edits?\nReason: Outside the folder"
    assert [each["decision"] for each in ask.results] == ["accept", "acceptForSession", "cancel"]


@pytest.mark.parametrize(
    ("written", "typed", "is_command"),
    [
        ("! bang first", " ! bang first", False),
        ("/slashless words", " /slashless words", False),
        ("/compact", "/compact", True),
        ("# a heading", "# a heading", False),
        ("@README.md first", "@README.md first", False),
        ("look at @README.md", "look at @README.md ", False),
        ("it costs $ski", "it costs $ski ", False),
    ],
)
def test_words_are_typed_so_that_codex_takes_them_as_words(written: str, typed: str, is_command: bool) -> None:
    found = typed_text(written, agent("codex").spec.habits)

    assert (found.text, found.is_command) == (typed, is_command)
