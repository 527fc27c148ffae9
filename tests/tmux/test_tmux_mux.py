"""The settings of how tmux is watched and spoken to, each where it has its effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pytest

from quarterdeck.config.settings import Settings
from quarterdeck.core.pane import NoServer, PaneId, ServerAddress
from quarterdeck.errors import TmuxUnreachable
from quarterdeck.paths import find_places
from quarterdeck.ports.clock import SystemClock
from quarterdeck.ports.mux import HintKind
from quarterdeck.runtime.services import open_services
from quarterdeck.tmux.control_protocol import Block
from quarterdeck.tmux.look import Looker
from quarterdeck.tmux.one_call import Breaker
from support.patience import PATIENCE
from support.tmux_mux import snapshot
from support.tmux_server import TmuxServer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def settings(**tmux: object) -> Settings:
    return Settings.model_validate({"tmux": tmux})


async def test_with_poll_nothing_listens_and_hints_come_by_the_clock(tmux_socket: Path, private_home: Path) -> None:
    with TmuxServer(tmux_socket) as server:
        server.session("work")
        wanted = settings(watch="poll", poll_seconds=0.1)
        async with open_services(
            ServerAddress(server.socket), find_places(private_home), wanted, persistent=True
        ) as opened:
            look = await snapshot(opened.mux)
            opened.mux.watch(look.panes)
            hints = opened.mux.hints()
            heard = {(await anext(hints)).kind for _ in range(2)}

            assert heard == {HintKind.OUTPUT, HintKind.STRUCTURE}
            assert opened.mux.control is None
            assert server.clients() == []


async def test_looks_and_commands_each_have_their_own_patience(
    tmux_socket: Path, private_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, float] = {}

    async def answers(address: object, *args: str, timeout: float, **more: object) -> Any:
        del address, more
        given[args[0]] = timeout
        return Ran()

    @dataclass
    class Ran:
        exit_code: int = 1
        out: bytes = b""
        err: str = "no server running on /nowhere"

    monkeypatch.setattr("quarterdeck.tmux.one_call.run", answers)
    wanted = settings(look_timeout_seconds=1.5, command_timeout_seconds=33)
    async with open_services(
        ServerAddress(str(tmux_socket)), find_places(private_home), wanted, persistent=False
    ) as on:
        assert isinstance(await on.mux.look(), NoServer)
        with pytest.raises(TmuxUnreachable):
            await on.mux.send_keys(PaneId("%0"), ["Enter"])

    assert given.pop("list-panes") == 1.5
    assert set(given.values()) == {33}


async def test_a_refusal_down_the_pipe_is_asked_again_by_a_spawned_tmux(tmux_socket: Path) -> None:
    class Refusing:
        linked = True

        async def ask(self, commands: Sequence[Sequence[str]], timeout: float) -> list[Block]:
            del timeout
            return [Block(1, (b"no current target",), ours=True, failed=True) for _ in commands]

    clock = SystemClock()
    looker = Looker(
        ServerAddress(str(tmux_socket)),
        control=cast("Any", Refusing()),
        breaker=Breaker(clock.monotonic),
        clock=clock,
        timeout=PATIENCE,
    )

    assert isinstance(await looker.look(None), NoServer)
