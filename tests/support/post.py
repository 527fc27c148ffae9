"""A tmux server of its own, with scripted agents in it, and a session context that acts on it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
import uuid
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from quarterdeck.core.pane import ServerAddress
from quarterdeck.core.report import REPORT_HEADER
from quarterdeck.paths import find_places
from quarterdeck.ports.clock import wall_clock
from quarterdeck.runtime.services import Services, open_services
from support import scripted_agent
from support.tmux_server import TmuxServer, until
from support.workers import patient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from quarterdeck.config.settings import Settings
    from quarterdeck.core.session import Session
    from quarterdeck.operations.contexts import SessionContext


class ScriptedAgent:
    """One agent: in a tmux session of its own once `start` has been called, or started by whoever spawns it."""

    def __init__(self, server: TmuxServer, root: Path, name: str, **options: object) -> None:
        self.name = name
        self.folder = root / name
        self.home = self.folder / "home"
        self.home.mkdir(parents=True)
        program = self.folder / "@anthropic-ai" / "claude-code" / "cli.py"
        program.parent.mkdir(parents=True)
        shutil.copy(scripted_agent.__file__, program)
        os.mkfifo(self.folder / "orders")
        (self.folder / "notes.jsonl").touch()
        words = [f"{key}={value}" for key, value in options.items()]
        self.argv = ["env", f"HOME={self.home}", sys.executable, "-S", str(program), str(self.folder), *words]
        self.pane_id = ""
        self._server = server

    def start(self, *where: str) -> None:
        """Start it, in a tmux session of its own unless a tmux command says `where` else."""
        if where:
            self.pane_id = self._server.run(
                *where, "-d", "-P", "-F", "#{pane_id}", "-c", str(self.folder), "--", *self.argv
            )
        else:
            self.pane_id = self._server.session(self.name, *self.argv, cwd=self.folder, size="100x30")

    def as_program(self) -> Path:
        """A folder with a `claude` that is this agent; for PATH."""
        (self.folder / "bin").mkdir()
        program = self.folder / "bin" / "claude"
        program.write_text(f'#!/bin/sh\nexec {shlex.join(self.argv)} -- "$@"\n')
        program.chmod(0o755)
        return program.parent

    @property
    def notes(self) -> list[dict[str, Any]]:
        """What it noted so far. It may be in the middle of a line."""
        lines = (self.folder / "notes.jsonl").read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def said(self, what: str) -> list[dict[str, Any]]:
        """Its notes of one kind."""
        return [note for note in self.notes if note["what"] == what]

    @property
    def prompts(self) -> list[str]:
        """Every prompt that was submitted to it, as it got it."""
        return [note["text"] for note in self.said("prompt")]

    @property
    def transcript(self) -> list[str]:
        """The prompts in its transcript."""
        lines = [line for file in self.home.rglob("*.jsonl") for line in file.read_text().splitlines(keepends=True)]
        rows = [json.loads(line) for line in lines if line.endswith("\n")]
        return [row["message"]["content"] for row in rows if row["type"] == "user"]

    def order(self, line: str) -> None:
        """Tell it to do something, and wait until it has drawn it."""
        before = len(self.said("ordered"))
        with (self.folder / "orders").open("w") as orders:
            orders.write(line + "\n")
        until(lambda: len(self.said("ordered")) > before, f"the agent did: {line}")
        self._until_tmux_has_it(self.said("ordered")[-1])

    def until_ready(self) -> None:
        """Wait until its prompt shows."""
        until(lambda: bool(self.said("ready")), "the agent was ready")
        self._until_tmux_has_it(self.said("ready")[-1])

    def _until_tmux_has_it(self, note: dict[str, Any]) -> None:
        if self.pane_id and "drawn" in note:
            until(lambda: self._last_read() >= note["drawn"], "tmux had read what the agent drew")

    def _last_read(self) -> int:
        return int(self._server.run("display-message", "-p", "-t", self.pane_id, "#{pane_path}") or 0)

    def screen(self) -> str:
        """What its pane shows."""
        return self._server.run("capture-pane", "-p", "-t", self.pane_id)


@dataclass
class Post:
    """Everything that a test of messages needs."""

    server: TmuxServer
    services: Services
    root: Path

    @property
    def context(self) -> SessionContext:
        return self.services.context

    def agent(self, name: str = "web", *where: str, **options: object) -> ScriptedAgent:
        """An agent that has drawn its prompt, unless it is slow to start; for `where` see its `start`."""
        agent = ScriptedAgent(self.server, self.root, name, **options)
        agent.start(*where)
        if "start" not in options:
            agent.until_ready()
        return agent

    async def session(self, name: str = "web") -> Session:
        """The row of a session, after a look."""
        await self.services.workers.look_once()
        return self.context.session(name)

    async def rows(self) -> list[Session]:
        """All rows but the quiet one, after a look."""
        await self.services.workers.look_once()
        return [row for row in self.services.workers.supervisor.fleet.sessions.values() if row.tmux_name != "quiet"]

    def report(self, agent: ScriptedAgent, key: str, event: str, **payload: object) -> None:
        """What a hook of the agent with this key, run in an agent's pane, would put into the spool."""
        spool = self.context.places.spool
        spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        head = f"{REPORT_HEADER} {key} @{wall_clock().timestamp():.3f} {agent.pane_id} {self.server.socket},1,0"
        fresh = spool / f"{uuid.uuid4().hex}.tmp"
        fresh.write_text(f"{head}\n{json.dumps({'hook_event_name': event, **payload})}")
        fresh.rename(fresh.with_suffix(".report"))

    async def log(self, kind: str) -> list[dict[str, Any]]:
        """What the activity log says of one kind, newest first."""
        from quarterdeck.ports.store import ActivityQuery

        found = await self.context.store.activity(ActivityQuery(kind=kind))
        return [{**each.data, "summary": each.summary} for each in found]


@asynccontextmanager
async def post_office(
    root: Path, *, persistent: bool = False, settings: Settings | None = None, server: TmuxServer | None = None
) -> AsyncIterator[Post]:
    """A server, unless there is one, and a session context; nothing runs in it yet."""
    with ExitStack() as closing:
        if server is None:
            server = closing.enter_context(TmuxServer(root / "s"))
            server.session("quiet")
        places = find_places(str(root / "home"))
        async with open_services(
            ServerAddress(server.socket), places, settings or patient(), persistent=persistent
        ) as services:
            yield Post(server, services, root)
