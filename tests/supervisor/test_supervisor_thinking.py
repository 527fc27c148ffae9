"""Thoughts, rest and notices from end to end: a real tmux server, an agent in it, a real store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.notice import Channel, Message
from quarterdeck.core.session import RestState, ThoughtState
from support.cli import run_cli
from support.post import ScriptedAgent
from support.tmux_server import TmuxServer
from support.tmux_server import until as wait_until
from support.workers import until, watching

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COUNTING = "i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo compiling source_$i.c with every option; sleep 0.05; done"


@pytest.fixture
def server(tmux_socket: Path) -> Iterator[TmuxServer]:
    """A private tmux server."""
    with TmuxServer(tmux_socket) as made:
        yield made


class Ear:
    """A channel that writes down what it is told."""

    is_shared = True

    def __init__(self) -> None:
        self.heard: list[Message] = []

    async def tell(self, message: Message) -> None:
        self.heard.append(message)


async def test_an_agents_row_says_what_it_does_asks_and_finished(
    server: TmuxServer, private_home: Path, short_folder: Path
) -> None:
    agent = ScriptedAgent(server, short_folder, "web")
    agent.start()
    agent.until_ready()
    async with watching(server.socket, private_home) as workers:
        ear = Ear()
        workers.services.notifications.channels[Channel.TOAST] = ear
        await until(lambda: workers.row("web") is not None and workers.need("web").tool == "Claude Code", "it is known")
        server.run("send-keys", "-t", agent.pane_id, "-l", "slow: 2")
        server.run("send-keys", "-t", agent.pane_id, "Enter")
        await until(lambda: workers.need("web").thought == "thinking about: slow: 2", "it works")
        assert workers.need("web").rest_state is RestState.ACTIVE

        await until(lambda: workers.need("web").thought_state is ThoughtState.SLEEPING, "it rests")
        await until(lambda: (workers.need("web").thought or "").startswith("finished"), "it says so")
        assert workers.need("web").rest_state is RestState.SLEEPING

        agent.order("ask rm -r build")
        await until(lambda: workers.need("web").thought == "waiting: may I run `rm -r build`?", "it asks")
        assert workers.need("web").rest_state is RestState.SLEEPING
        await until(lambda: any("permission" in message.title for message in ear.heard), "the operator is told")
        session_id = workers.need("web").session_id
        history = await workers.context.store.thought_history(session_id)

    told = [message for message in ear.heard if "permission" in message.title]
    assert [message.body for message in told] == ["waiting: may I run `rm -r build`?"]
    assert history[0].thought == "waiting: may I run `rm -r build`?"
    assert "thinking about: slow: 2" in [each.thought for each in history]


async def test_a_terminals_row_says_its_last_words_and_falls_silent_with_it(
    server: TmuxServer, private_home: Path
) -> None:
    server.session("build", "sh", "-c", f"{COUNTING} & wait; exec sh")
    async with watching(server.socket, private_home) as workers:
        await until(lambda: workers.row("build") is not None, "it is seen")
        await until(lambda: "compiling source_" in (workers.need("build").thought or ""), "it says what it does")
        assert workers.need("build").rest_state is not RestState.SLEEPING


def test_a_single_look_says_it_too(server: TmuxServer) -> None:
    pane = server.session("build", "sh", "-c", COUNTING)
    wait_until(lambda: "compiling" in server.run("capture-pane", "-p", "-t", pane), "it has said something")

    shown = run_cli("-S", server.socket, "ls", "--json").json()
    again = run_cli("-S", server.socket, "ls", "--json").json()

    assert shown[0]["thought_source"] in {"llm", "carry_forward"}
    assert "compiling source_" in ((again[0]["thought"] or shown[0]["thought"]) or "")


async def test_switching_the_backend_is_felt_by_whoever_watches(server: TmuxServer, private_home: Path) -> None:
    server.session("build", "sh", "-c", COUNTING)
    async with watching(server.socket, private_home) as workers:
        await until(lambda: workers.row("build") is not None, "it is seen")
        await until(lambda: "compiling" in (workers.need("build").thought or ""), "lines are made here")
        file = workers.services.live.file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(
            "[thoughts]\nbackend = 'command'\ncommand = ['sh', '-c', 'cat >/dev/null; echo said by a program']\n"
            "tick_seconds = 0.25\ncadence_hot_seconds = 5\n"
        )
        await until(lambda: workers.need("build").thought == "said by a program", "the program is asked")

    assert workers.services.live.now.thoughts.backend == "command"
