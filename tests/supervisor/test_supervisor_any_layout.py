"""Whatever is done in a real tmux between two looks, ids and panes belong together one to one, for all who look."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from quarterdeck.ports.store import ActivityQuery
from quarterdeck.supervisor import pane_agents, processes
from support.patience import PATIENCE
from support.tmux_server import TmuxServer, until
from support.workers import services_on

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from quarterdeck.core.session import Session, SessionId
    from quarterdeck.runtime.services import Services

    Deed = Callable[["Hands", int, int], None]

pytestmark = pytest.mark.process

LAYOUTS = int(os.environ.get("LAYOUTS", "2"))
FOLLOWED = 4
"""After so many steps the others look, too."""

FIELDS = "#{session_id} #{session_name} #{window_id} #{window_index} #{pane_index} #{pane_id} #{pane_pid} #{pane_dead}"


class Listed(NamedTuple):
    """A pane in one of its places, as tmux itself lists it."""

    tmux_id: str
    name: str
    window: str
    window_index: int
    pane_index: int
    pane_id: str
    pid: int
    dead: bool


class Hands:
    """Does to a tmux server what its users do."""

    def __init__(self, server: TmuxServer, folder: Path) -> None:
        self.server = server
        self.claude = folder / "claude"
        self.claude.symlink_to(str(shutil.which("sleep")))
        self._named = 0
        server.session("rest", "sh")

    def panes(self) -> list[Listed]:
        """What there is, once for each place."""
        rows = (row.split() for row in self.server.run("list-panes", "-a", "-F", FIELDS).splitlines())
        return [Listed(a, b, c, int(d), int(e), f, int(g), h == "1") for a, b, c, d, e, f, g, h in rows]

    def agents(self, panes: Sequence[Listed]) -> set[str]:
        """The panes in which an agent runs, by the system's own word."""
        return {pane.pane_id for pane in panes if not pane.dead and self._agent_in(pane.pid)}

    def new_session(self, _one: int, _other: int) -> None:
        self.server.session(self._name(), "sh")

    def new_window(self, one: int, _other: int) -> None:
        self._do("new-window", "-d", "-t", f"{self._pane(one).tmux_id}:", "sh")

    def split(self, one: int, _other: int) -> None:
        self._do("split-window", "-d", "-t", self._pane(one).pane_id, "sh")

    def break_pane(self, one: int, other: int) -> None:
        self._do("break-pane", "-d", "-s", self._pane(one).pane_id, "-t", f"{self._pane(other).tmux_id}:")

    def join(self, one: int, other: int) -> None:
        self._do("join-pane", "-d", "-s", self._pane(one).pane_id, "-t", self._pane(other).pane_id)

    def swap(self, one: int, other: int) -> None:
        self._do("swap-pane", "-d", "-s", self._pane(one).pane_id, "-t", self._pane(other).pane_id)

    def move_window(self, one: int, other: int) -> None:
        pane = self._pane(one)
        self._do("move-window", "-d", "-s", f"{pane.tmux_id}:{pane.window}", "-t", f"{self._pane(other).tmux_id}:")

    def link(self, one: int, other: int) -> None:
        self._do("link-window", "-d", "-s", self._pane(one).window, "-t", f"{self._pane(other).tmux_id}:")

    def group(self, one: int, _other: int) -> None:
        self._do("new-session", "-d", "-s", self._name(), "-t", self._pane(one).tmux_id)

    def rename_session(self, one: int, _other: int) -> None:
        self._do("rename-session", "-t", self._pane(one).tmux_id, self._name())

    def rename_window(self, one: int, _other: int) -> None:
        self._do("rename-window", "-t", self._pane(one).window, self._name())

    def zoom(self, one: int, _other: int) -> None:
        self._do("resize-pane", "-Z", "-t", self._pane(one).pane_id)

    def focus(self, one: int, _other: int) -> None:
        self._do("select-window", "-t", self._pane(one).window, ";", "select-pane", "-t", self._pane(one).pane_id)

    def kill_pane(self, one: int, _other: int) -> None:
        if len({pane.pane_id for pane in self.panes()}) > 1:
            self._do("kill-pane", "-t", self._pane(one).pane_id)

    def kill_window(self, one: int, _other: int) -> None:
        if len({pane.window for pane in self.panes()}) > 1:
            self._do("kill-window", "-t", self._pane(one).window)

    def kill_session(self, one: int, _other: int) -> None:
        if len({pane.tmux_id for pane in self.panes()}) > 1:
            self._do("kill-session", "-t", self._pane(one).tmux_id)

    def respawn(self, one: int, _other: int) -> None:
        self._do("respawn-pane", "-k", "-t", self._pane(one).pane_id, "sh")

    def respawn_agent(self, one: int, _other: int) -> None:
        pane = self._pane(one).pane_id
        self._do("respawn-pane", "-k", "-t", pane, str(self.claude), "3600")
        until(lambda: pane in self.agents(self.panes()), "the agent is there")

    def die(self, one: int, _other: int) -> None:
        pane = self._pane(one)
        self._do("set-option", "-w", "-t", pane.window, "remain-on-exit", "on")
        with suppress(ProcessLookupError):
            os.kill(pane.pid, signal.SIGKILL)
        until(lambda: self._is_dead(pane.pane_id), "tmux has seen that end")

    def start(self, one: int, _other: int) -> None:
        pane = self._pane(one)
        if not pane.dead and not self._agent_in(pane.pid):
            self._do("send-keys", "-t", pane.pane_id, f"{self.claude} 3600", "Enter")
            until(lambda: self._agent_in(pane.pid) != 0, "the agent is there")

    def stop(self, one: int, _other: int) -> None:
        pane = self._pane(one)
        agent = 0 if pane.dead else self._agent_in(pane.pid)
        if agent and agent != pane.pid:
            os.kill(agent, signal.SIGKILL)
            until(lambda: not self._agent_in(pane.pid), "the agent has ended")

    def _do(self, *command: str) -> None:
        # tmux refuses some of it, as anybody is refused who tries.
        self.server.run(*command, check=False)

    def _name(self) -> str:
        self._named += 1
        return f"n{self._named}"

    def _pane(self, which: int) -> Listed:
        panes = self.panes()
        return panes[which % len(panes)]

    def _is_dead(self, pane_id: str) -> bool:
        return all(pane.dead for pane in self.panes() if pane.pane_id == pane_id)

    def _agent_in(self, pid: int) -> int:
        """The agent's process in a pane with this one, 0 when there is none."""
        waiting = [pid]
        for each in waiting:
            with suppress(OSError):
                if Path(f"/proc/{each}/cmdline").read_bytes().startswith(bytes(self.claude)):
                    return each
                waiting += map(int, Path(f"/proc/{each}/task/{each}/children").read_text().split())
        return 0


DEEDS: tuple[Deed, ...] = (
    *(Hands.new_session, Hands.new_window, Hands.split, Hands.break_pane, Hands.join, Hands.swap, Hands.move_window),
    *(Hands.link, Hands.group, Hands.rename_session, Hands.rename_window, Hands.zoom, Hands.focus),
    *(Hands.kill_pane, Hands.kill_window, Hands.kill_session, Hands.respawn, Hands.respawn_agent, Hands.die),
    *(Hands.start, Hands.start, Hands.start, Hands.stop),
)


class Ledger:
    """What was shown so far, and what must hold of what is shown next."""

    def __init__(self) -> None:
        self.rows: dict[SessionId, Session] = {}
        self.over: set[SessionId] = set()
        self.newest = -1

    def check(self, rows: Sequence[Session], panes: Sequence[Listed], agents: set[str]) -> None:
        """One look's rows against what tmux and the system say."""
        now = {row.session_id: row for row in rows}
        living = {pane.pane_id for pane in panes if not pane.dead}
        of_pane = {row.pane_id: row for row in rows}
        in_session = Counter(row.tmux_id for row in rows)

        assert len(of_pane) == len(rows), "no pane is in two rows"
        assert of_pane.keys() <= living, "a row shows what lives"
        assert agents <= {row.bound_pane for row in rows}, "an agent has a row"
        assert {pane.tmux_id for pane in panes if self._is_unlinked(pane, panes)} <= in_session.keys()
        for row in rows:
            place = (row.tmux_id, row.tmux_name, row.window_index, row.pane_index, row.pane_id, row.pid)
            places = [
                (each.tmux_id, each.name, each.window_index, each.pane_index, each.pane_id, each.pid) for each in panes
            ]
            assert place in places, "a row says where its pane is"
            assert row.rows_in_session == in_session[row.tmux_id]
            assert row.bound_pane in {None, row.pane_id}
            assert row.bound_pane or in_session[row.tmux_id] == 1
        for before in self.rows.values():
            if before.bound_pane in living:
                assert now[before.session_id].bound_pane == before.bound_pane, "a row follows its pane"
        new = now.keys() - self.rows.keys()
        assert not new & self.over, "what is over does not come back"
        assert all(_number(each) > self.newest for each in new), "no id is used twice"
        self.newest = max([self.newest, *map(_number, now)])
        self.over |= self.rows.keys() - now.keys()
        self.rows = now

    @staticmethod
    def _is_unlinked(pane: Listed, panes: Sequence[Listed]) -> bool:
        return not pane.dead and sum(each.pane_id == pane.pane_id for each in panes) == 1


def _number(session_id: SessionId) -> int:
    return int(session_id.removeprefix("sess_"))


async def fleet_of(services: Services) -> dict[SessionId, Session]:
    """The rows that a process shows after it has looked."""
    await services.workers.look_once()
    return {key: row for key, row in services.workers.supervisor.fleet.sessions.items() if not row.is_stale}


async def whole_story(hands: Hands, home: Path, steps: Sequence[tuple[Deed, int, int]]) -> None:
    """Do all of it; after each step the writer looks, and now and then who follows it."""
    ledger = Ledger()
    done: list[str] = []
    socket = hands.server.socket
    async with services_on(socket, home) as writer, services_on(socket, home) as follower:
        for number, (deed, one, other) in enumerate(steps):
            done.append(f"{deed.__name__} {one} {other}")
            deed(hands, one, other)
            try:
                rows = await fleet_of(writer)
                panes = hands.panes()
                ledger.check(list(rows.values()), panes, hands.agents(panes))
                if not number % FOLLOWED:
                    # What has ended meanwhile is dropped by the first look, what came in its place seen by the next.
                    await fleet_of(follower)
                    assert bound(await fleet_of(follower)) == bound(rows), "who follows shows the same"
                    assert bound(await fleet_of(writer)) == bound(rows), "the same again changes nothing"
            except AssertionError as error:
                error.add_note("\n".join(done))
                raise
        store = writer.context.store
        kept = await store.sessions(str(writer.workers.mux.address))
        told = Counter(each.session_id for each in await store.activity(ActivityQuery(kind="session.deleted")))
    live = {row.session_id: row for row in kept if not row.is_stale and row.ended_at is None}
    assert {key: row.bound_pane for key, row in live.items()} == {
        key: row.bound_pane for key, row in ledger.rows.items()
    }
    assert set(told.values()) <= {1}, "an end is told once"
    assert told.keys() <= ledger.over


def bound(rows: Mapping[SessionId, Session]) -> dict[SessionId, tuple[str | None, bool]]:
    """The pane of each row, and whether it follows that."""
    return {key: (row.pane_id, row.bound_pane is not None) for key, row in rows.items()}


@settings(max_examples=LAYOUTS, phases=[Phase.generate])
@given(seed=st.integers(0, 2**32))
def test_ids_and_panes_belong_together(seed: int) -> None:
    drawn = Random(seed)
    deeds = [deed for deed in DEEDS for _ in range(2)]
    drawn.shuffle(deeds)
    steps = [(deed, drawn.randrange(1000), drawn.randrange(1000)) for deed in deeds]
    folder = Path(tempfile.mkdtemp(prefix="qd-", dir="/tmp"))
    with pytest.MonkeyPatch.context() as patch, TmuxServer(folder / "s") as server:
        # A list of processes is read whenever something may be new.
        for module in (processes, pane_agents):
            patch.setattr(module, "SOONEST_LIST_SECONDS", 0.0)
        patch.setattr(processes, "FRESH_FOR", 0.0)
        patch.setattr(pane_agents, "SETTLED_SECONDS", 0.0)
        patch.setattr(processes, "LIST_TIMEOUT_SECONDS", PATIENCE)
        asyncio.run(whole_story(Hands(server, folder), folder / "home", steps))
    shutil.rmtree(folder, ignore_errors=True)
