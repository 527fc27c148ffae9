"""A work context for tests: real git, a real tmux server, a real database, and an agent that does as it is told."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from quarterdeck.agents.agent_readers import AgentReaders
from quarterdeck.agents.coding_agent import CodingAgent
from quarterdeck.agents.roster import Roster
from quarterdeck.core.issue import Issue, IssueState
from quarterdeck.core.pane import ServerAddress
from quarterdeck.core.project import AgentChoice, Project
from quarterdeck.core.transcript import TranscriptView
from quarterdeck.errors import ForgeError, IssueNotFound, NotFound
from quarterdeck.forge.git import GitWorktrees
from quarterdeck.operations.cleanup import list_work
from quarterdeck.operations.contexts import WorkContext
from quarterdeck.ports.agent_spec import AgentSpec, PromptDelivery
from quarterdeck.ports.clock import SystemClock
from quarterdeck.process import is_running, this_process
from quarterdeck.store.sqlite import SqliteStore
from quarterdeck.store.work import SqliteWorkStore
from quarterdeck.tmux.mux import TmuxMux
from quarterdeck.values import replace
from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime, timedelta
    from pathlib import Path

    from quarterdeck.core.lifecycle import RuntimePart
    from quarterdeck.core.pull_request import PullRequest
    from support.git_repo import Repository

PROGRAM = """\
#!/bin/sh
# A coding agent for tests: writes down how it was started, then waits; what it is told to do stands in a file.
printf '%s\\n' "$@" > "$QD_NOTES/$QUARTERDECK_SESSION.argv"
env > "$QD_NOTES/$QUARTERDECK_SESSION.env"
pwd > "$QD_NOTES/$QUARTERDECK_SESSION.cwd"
echo ready
if [ -f "$QD_NOTES/script" ]; then . "$QD_NOTES/script"; fi
while :; do sleep 3600; done
"""


class Notes:
    """A transcript that is a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def path(self) -> Path | None:
        """The file."""
        return self._path if self._path.exists() else None

    def read(self) -> TranscriptView | None:
        """Its id stands in it."""
        return TranscriptView(session_id=self._path.read_text().strip()) if self._path.exists() else None

    def close(self) -> None:
        """Nothing is held."""


def scripted(folder: Path, **more: object) -> CodingAgent:
    """An agent that is a shell script, whose conversations are files in a folder."""
    spec = AgentSpec(
        key="scripted",
        name="Scripted",
        commands=("qd-scripted",),
        scripts=("qd-scripted",),
        prompt_delivery=PromptDelivery.ARGUMENT,
        system_flag=("--system",),
        session_id_flag=("--id",),
        resume=("qd-scripted", "--resume", "{id}"),
        install="write it",
    )
    readers = AgentReaders(
        transcripts=lambda **wanted: Notes(folder / f"conversation-{wanted['session_id'] or 'newest'}")
    )
    return CodingAgent(
        spec=replace(spec, **more),  # type: ignore[arg-type] # whatever a test wants otherwise
        load=lambda: readers,
    )


@dataclass
class FakeTracker:
    """A tracker with these issues."""

    known: dict[str, Issue] = field(default_factory=dict)
    broken: str = ""
    name: str = "Tracker"

    async def issue(self, issue_id: str) -> Issue:
        """One issue."""
        if self.broken:
            raise ForgeError(self.broken)
        if issue_id not in self.known:
            raise IssueNotFound(f"issue {issue_id} not found")
        return self.known[issue_id]

    async def issues(self, *, limit: int = 50) -> list[Issue]:
        """All of them."""
        return list(self.known.values())[:limit]

    def branch(self, issue_id: str) -> str:
        """The branch of an issue."""
        return f"feat/issue-{issue_id}"

    def close(self, issue_id: str) -> None:
        """Finish an issue."""
        self.known[issue_id] = replace(self.known[issue_id], state=IssueState.CLOSED)


@dataclass
class FakeScm:
    """A forge with these pull requests."""

    known: dict[str, PullRequest] = field(default_factory=dict)
    refuses: str = ""
    missing: set[int] = field(default_factory=set)
    """Numbers of which the forge says that there is no such pull request."""
    assigned: list[int] = field(default_factory=list)
    checked_out: list[tuple[int, Path]] = field(default_factory=list)
    name: str = "Forge"

    async def resolve(self, reference: str) -> PullRequest:
        """One pull request."""
        return self.known[reference]

    async def find(self, branch: str) -> PullRequest | None:
        """That of a branch."""
        return next((pr for pr in self.known.values() if pr.branch == branch), None)

    async def state(self, pr: PullRequest) -> str:
        """Its state."""
        if self.refuses:
            raise ForgeError(self.refuses)
        if pr.number in self.missing:
            raise NotFound(f"{self.name}: HTTP 404")
        return self.known[str(pr.number)].state

    async def checkout(self, pr: PullRequest, worktree: Path) -> bool:
        """Note the call."""
        self.checked_out.append((pr.number, worktree))
        return True

    async def assign(self, pr: PullRequest) -> None:
        """Note the call."""
        if self.refuses:
            raise ForgeError(self.refuses)
        self.assigned.append(pr.number)


class Later:
    """The machine's clock, set forward."""

    def __init__(self) -> None:
        self._real = SystemClock()
        self.ahead: timedelta | None = None

    def now(self) -> datetime:
        """The time."""
        now = self._real.now()
        return now if self.ahead is None else now + self.ahead

    def monotonic(self) -> float:
        """Seconds."""
        return self._real.monotonic()


@dataclass
class Place:
    """A work context and the things around it."""

    work_context: WorkContext
    repository: Repository
    notes: Path
    clock: Later
    tracker: FakeTracker
    scm: FakeScm
    database: Path
    said: list[str] = field(default_factory=list)

    def say(self, line: str) -> None:
        """Listen."""
        self.said.append(line)

    async def kinds(self) -> list[str]:
        """The kinds of everything told, oldest first."""
        from quarterdeck.ports.store import ActivityQuery

        return [each.kind for each in reversed(await self.work_context.store.activity(ActivityQuery()))]


def write_agent(folder: Path) -> Path:
    """The scripted agent's program; answers the folder it stands in."""
    programs = folder / "bin"
    programs.mkdir(parents=True, exist_ok=True)
    (programs / "qd-scripted").write_text(PROGRAM)
    (programs / "qd-scripted").chmod(0o755)
    return programs


@asynccontextmanager
async def open_place(folder: Path, socket: Path, repository: Repository, **project: object) -> AsyncIterator[Place]:
    """A work context on one folder; opened twice, the second finds what the first has left."""
    programs = write_agent(folder)
    notes = folder / "notes"
    notes.mkdir(exist_ok=True)
    clock, tracker, scm = Later(), FakeTracker(), FakeScm()
    app = Project(
        name="app",
        path=repository.path,
        prefix="app",
        defaults=AgentChoice(agent="scripted"),
        env={"QD_NOTES": str(notes), "QUARTERDECK_SESSION": "mine"},
    )
    async with SqliteStore(folder / "home" / "state.db") as store:
        mux = TmuxMux(
            ServerAddress(str(socket)), persistent=False, timeout=PATIENCE, command_timeout=PATIENCE, poll_every=1
        )
        work_context = WorkContext(
            mux=mux,
            store=store,
            works=SqliteWorkStore(store.database),
            git=GitWorktrees(folder / "home" / "projects"),
            agents=Roster([scripted(notes)]),
            clock=clock,
            projects={"app": replace(app, **project)},  # type: ignore[arg-type] # whatever a test wants otherwise
            folder=folder / "home" / "projects",
            owner=this_process(),
            is_running=is_running,
            tracker=lambda _: tracker,
            scm=lambda _: scm,
            home=folder / "home",
            environ={"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        )
        try:
            yield Place(work_context, repository, notes, clock, tracker, scm, folder / "home" / "state.db")
        finally:
            await mux.close()


async def runtime_of(work_context: WorkContext, session_id: str) -> RuntimePart:
    """How the process of one spawned session stands now."""
    return next(view.runtime for view in await list_work(work_context) if view.record.session_id == session_id)
