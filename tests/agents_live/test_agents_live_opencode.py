"""OpenCode and Kilo: new conversations, and what runs in their servers without a terminal. Run with `-m agents`."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, cast

import pytest

from quarterdeck.agents.opencode_family import KILO, OPENCODE
from quarterdeck.agents.opencode_server import Unanswered, call, servers
from quarterdeck.agents.opencode_service import OpenCodeService
from quarterdeck.config.settings import Settings
from quarterdeck.core.pane import ServerAddress
from quarterdeck.core.reading import UNBEGUN
from quarterdeck.core.session import Need, SessionState
from quarterdeck.operations.answer import answer
from quarterdeck.operations.delivery_proof import Proof
from quarterdeck.operations.send import send
from quarterdeck.paths import find_places
from quarterdeck.ports.agent_process import AgentHome
from quarterdeck.ports.agent_service import ConversationTarget, ServiceOutcome
from quarterdeck.ports.clock import wall_clock
from quarterdeck.runtime.services import open_services
from support.agent_lab import STARTS, Lab, program_of, search_path
from support.agent_post import Correspondence
from support.patience import PATIENCE
from support.scripted_model import ScriptedModel
from support.tmux_server import TmuxServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from quarterdeck.agents.opencode_server import Server
    from quarterdeck.core.detached_row import AgentConversation
    from quarterdeck.core.session import Session

pytestmark = [pytest.mark.agents, pytest.mark.timeout(600)]
FAMILY = {"opencode": OPENCODE, "kilo": KILO}


@pytest.fixture(params=FAMILY)
def key(request: pytest.FixtureRequest) -> str:
    found = str(request.param)
    if program_of(found) is None:
        pytest.skip(f"{found} is not installed: put it on PATH, or name its folder in AGENTS_BIN")
    return found


@asynccontextmanager
async def correspondence(lab: Lab) -> AsyncIterator[Correspondence]:
    """A bridge to an agent that is started."""
    env = lab.start()
    project = {"path": lab.work, "agent": lab.key, "session_prefix": "demo", "env": env, "scm": "none"}
    settings = Settings.model_validate({"projects": {"demo": project | {"tracker": {"kind": "none"}}}})
    address, places = ServerAddress(lab.tmux.socket), find_places(str(lab.root))
    async with open_services(address, places, settings, persistent=False) as services:
        await services.workers.look_once()
        yield Correspondence(lab, services, services.context.session("lab"))


async def until_row(letters: Correspondence, is_so: Callable[[Session], bool]) -> Session:
    """The row once it is so."""
    deadline = time.monotonic() + PATIENCE
    while True:
        await letters.services.workers.look_once()
        row = letters.services.context.session("lab")
        if is_so(row):
            return row
        assert time.monotonic() < deadline, (row, letters.lab.capture())
        await asyncio.sleep(0.2)


@pytest.mark.parametrize("flags", ["", "--port 0"])
async def test_a_new_conversation_begins_anew_and_its_errors_are_seen(
    key: str, flags: str, short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", search_path())
    with TmuxServer(short_folder / "s") as tmux, ScriptedModel() as model:
        lab = Lab(key, short_folder, tmux, model.url, size="120x36", hooks=False, flags=flags)
        async with correspondence(lab) as letters:
            await letters.send("say: hello there")
            first = await until_row(letters, lambda row: row.needs is Need.FINISHED and row.token_count > 0)

            lab.run("/new")
            fresh = await until_row(letters, lambda row: row.conversation is None and row.needs is None)
            assert fresh.token_count == 0
            assert fresh.state is SessionState.IDLE

            await letters.send("badrequest")
            failed = await until_row(letters, lambda row: row.state is SessionState.ERROR)
            assert failed.conversation not in {None, first.conversation}
            await letters.send("say: it goes on")
            over = await until_row(letters, lambda row: row.needs is Need.FINISHED)
            assert over.conversation == failed.conversation


@pytest.mark.parametrize(("flags", "proof"), [("", Proof.TRANSCRIPT), ("--port 0", Proof.SERVICE)])
async def test_what_is_always_allowed_is_confirmed_and_a_list_holds_messages(
    key: str, flags: str, proof: Proof, short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", search_path())
    with TmuxServer(short_folder / "s") as tmux, ScriptedModel() as model:
        lab = Lab(key, short_folder, tmux, model.url, size="120x36", hooks=False, flags=flags)
        async with correspondence(lab) as letters:
            await letters.send("say: hello there")
            await letters.until_idle()
            await letters.send("run: touch made.txt")
            await letters.until_asked("touch made.txt")
            await answer(letters.services.context, letters.session, "Allow always")
            await letters.until_idle()
            assert (lab.work / "made.txt").exists()

            for text in ("! bang first", "/nonsense", "/slashless is this", "look at @README.md", "# a heading"):
                sent = await letters.send(text)
                assert sent.proof is proof, sent
                await letters.until_idle()
            if not flags:
                lab.run("/models")
                lab.settle(2)
                held = await send(letters.services.context, letters.session, "say: held until it closes")
                assert held.held is not None
            assert not letters.faults()


@pytest.fixture
def served(key: str, short_folder: Path) -> Iterator[tuple[Lab, Server]]:
    """A server without a terminal, and the lab that it is of."""
    with TmuxServer(short_folder / "s") as tmux, ScriptedModel() as model:
        lab = Lab(key, short_folder, tmux, model.url, hooks=False)
        env = lab.prepare() | {f"{FAMILY[key].variables}PASSWORD": "hush"}
        process = subprocess.Popen(
            [STARTS[key], "serve", "--port", "0"],
            cwd=lab.work,
            env={**env, "PATH": search_path()},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            executable=program_of(key),
            start_new_session=True,
        )
        try:
            family, home = FAMILY[key], AgentHome(lab.home)
            lab.until(lambda: any(servers(family, family.database(home))), "it serves")
            yield lab, next(servers(family, family.database(home)))
        finally:
            os.killpg(process.pid, 9)
            process.wait()


def test_what_runs_in_a_server_is_told_answered_stopped_and_shown(served: tuple[Lab, Server]) -> None:
    lab, server = served
    service, home = OpenCodeService(FAMILY[lab.key]), AgentHome(lab.home)
    assert server.is_headless
    made: list[str] = []

    def begins() -> bool:
        # A request that comes while it still starts is never answered.
        with suppress(Unanswered):
            made.append(cast("str", call(server, "POST", "/session", {})[1]["id"]))
        return bool(made)

    lab.until(begins, "it makes a conversation")
    target = ConversationTarget(conversation=made[0], home=home, cwd=str(lab.work))

    def now() -> AgentConversation | None:
        told = {each.conversation: each for each in service.conversations(home, at=wall_clock())}
        return told.get(target.conversation)

    def does(state: SessionState, needs: Need | None) -> bool:
        told = now()
        return told is not None and (told.reading.state, told.reading.needs) == (state, needs)

    assert service.send(target, "run: touch made.txt").outcome is ServiceOutcome.DONE
    lab.until(lambda: does(SessionState.ATTENTION, Need.PERMISSION), "it asks")
    asks = now()
    assert asks is not None
    assert "touch made.txt" in asks.reading.question
    assert service.answer(target, "touch another.txt", [0], "").outcome is ServiceOutcome.REFUSED
    assert service.answer(target, asks.reading.question, [0], "").outcome is ServiceOutcome.DONE
    lab.until(lambda: does(SessionState.IDLE, Need.FINISHED), "it is done")
    assert (lab.work / "made.txt").exists()

    assert service.send(target, "ask").outcome is ServiceOutcome.DONE
    lab.until(lambda: does(SessionState.ATTENTION, Need.QUESTION), "it asks a question")
    assert service.answer(target, "Which colour?", [1], "").outcome is ServiceOutcome.DONE
    lab.until(lambda: does(SessionState.IDLE, Need.FINISHED), "it was answered")

    assert service.send(target, "slow: 60").outcome is ServiceOutcome.DONE
    lab.until(lambda: does(SessionState.BUSY, None), "it works")
    assert service.send(target, "say: later").outcome is ServiceOutcome.QUEUED
    assert service.stop(target).outcome is ServiceOutcome.DONE
    lab.until(lambda: not does(SessionState.BUSY, None), "it was stopped")

    assert service.send(target, "badrequest").outcome is ServiceOutcome.DONE
    lab.until(lambda: does(SessionState.ERROR, Need.ERROR), "it failed")
    assert service.send(ConversationTarget(conversation=UNBEGUN, home=home), "x").outcome is ServiceOutcome.UNAVAILABLE

    argv = service.attach(target)
    assert "hush" not in " ".join(argv)
    pairs = [f"{name}={value}" for name, value in lab.prepare().items()]
    lab.tmux.session(lab.target, "env", *pairs, *argv, cwd=lab.work, size="120x36")
    lab.until(lambda: re.search("touch made.txt|badrequest", lab.capture()) is not None, "a terminal shows it")
