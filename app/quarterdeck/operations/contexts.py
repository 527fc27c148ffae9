"""What every operation stands on: the ports it acts through, and what it knows of sessions or of spawned work."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import Struct, field

from quarterdeck.core.report import ReportState
from quarterdeck.core.session import SessionId
from quarterdeck.core.session_names import find_rows, find_session
from quarterdeck.errors import NotFound
from quarterdeck.ports.store import Activity, Level

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from quarterdeck.core.pane import PaneId
    from quarterdeck.core.project import Project
    from quarterdeck.core.session import Session
    from quarterdeck.core.work_record import WorkRecord
    from quarterdeck.paths import Places
    from quarterdeck.ports.agent import Agents, Claims
    from quarterdeck.ports.clock import Clock
    from quarterdeck.ports.forge import Git, Scm, Tracker
    from quarterdeck.ports.mux import Mux
    from quarterdeck.ports.store import MessageStore, Store, WorkStore
    from quarterdeck.supervisor.processes import Processes
    from quarterdeck.supervisor.supervisor import Supervisor


class AnyTranscript:
    """Claims for a file that is known to be the right one: others may read it too."""

    def claim(self, path: Path, owner: object) -> bool:
        """Always granted."""
        return True

    def release(self, owner: object) -> None:
        """Nothing was taken."""


async def _nobody(session_id: SessionId) -> None:
    """Nobody wants to know."""


class _Context(Struct, frozen=True, kw_only=True):
    """What every operation stands on."""

    mux: Mux
    store: Store
    agents: Agents
    clock: Clock
    owner: str
    """This process, as the journal and messages on their way name it."""
    source: ClassVar[str]
    """Who acts, as the activity log says it."""

    async def tell(
        self,
        kind: str,
        summary: str,
        project: str | None,
        session_id: str | None = None,
        level: Level = Level.INFO,
        *,
        source: str = "",
        **data: Any,
    ) -> None:
        """Write a line of the activity log. Error texts belong in `data`, which is redacted, never in `summary`."""
        activity = Activity(
            kind=kind,
            at=self.clock.now(),
            level=level,
            source=source or self.source,
            session_id=session_id,
            project=project,
            summary=summary,
            data=data,
        )
        await self.store.record(activity)


class SessionContext(_Context, frozen=True, kw_only=True):
    """What operations on sessions stand on: one tmux server with everything that acts on it, and the supervisor."""

    source = "operator"
    supervisor: Supervisor
    places: Places
    messages: MessageStore
    processes: Processes
    claims: Claims
    """Which session reads which transcript."""
    reports: Callable[[PaneId], ReportState] = lambda pane_id: ReportState()
    """What a pane's agent has reported, as far as this process has read it."""
    transcript: Callable[[SessionId], Path | None] = lambda session_id: None
    """The transcript of a session, where it is known."""
    on_held: Callable[[], None] = lambda: None
    """Told when a message of ours begins to wait, or is changed or taken back."""
    answered: Callable[[SessionId], Awaitable[None]] = _nobody
    """Told when something of the operator's was typed into a session."""
    revive: Callable[[Session], Awaitable[Session]] | None = None
    """Brings a spawned session back that has died."""

    def session(self, word: str, *, all_rows: bool = False) -> Session:
        """Find the one row that a word names: an id, a pane, a name, a place, or a prefix of an id or a name."""
        found = find_session(word, self._rows(all_rows=all_rows))
        if found is None:
            listing = "ls --all" if all_rows else "ls"
            raise NotFound(f'There is no session "{word}".', hint=f"`quarterdeck {listing}` lists them.")
        return found

    def rows(self, word: str, *, all_rows: bool = False) -> Sequence[Session]:
        """The same where the bare name of a tmux session may mean all of its rows."""
        return find_rows(word, self._rows(all_rows=all_rows)) or [self.session(word, all_rows=all_rows)]

    def _rows(self, *, all_rows: bool) -> list[Session]:
        rows = list(self.supervisor.fleet.sessions.values())
        return [*rows, *self.supervisor.ended.values()] if all_rows else [row for row in rows if not row.is_stale]


async def _nothing_to_learn(projects: Iterable[Project]) -> None:
    """All is known already."""


class WorkContext(_Context, frozen=True, kw_only=True):
    """What operations on spawned work stand on: one tmux server, the projects, and everything that acts on both."""

    source = "work"
    works: WorkStore
    git: Git
    projects: Mapping[str, Project]
    folder: Path
    """Holds a folder for each project: worktrees and prompt files."""
    is_running: Callable[[str], bool]
    """Whether the process a journal entry names is still there."""
    tracker: Callable[[Project], Tracker | None] = lambda project: None
    scm: Callable[[Project], Scm | None] = lambda project: None
    learn: Callable[[Iterable[Project]], Awaitable[None]] = _nothing_to_learn
    """Find out where projects come from; `tracker` and `scm` can answer for them then."""
    spool: Path | None = None
    """Where agents' hooks report to; None = they get no hooks."""
    home: Path | None = None
    """The one folder that holds everything of ours, when there is one; agents are told of it."""
    environ: Mapping[str, str] = field(default_factory=dict)
    own_session: str | None = None
    """The spawned session this itself runs in."""

    def project(self, name: str) -> Project:
        """A project by name."""
        found = self.projects.get(name)
        if found is None:
            known = ", ".join(sorted(self.projects)) or "none is set up"
            raise NotFound(f"There is no project {name!r}.", hint=f"Projects in the settings: {known}.")
        return found

    async def record(self, session_id: str) -> WorkRecord:
        """The record of a spawned session."""
        found = await self.works.work(SessionId(session_id))
        if found is None:
            raise NotFound(
                f"{session_id} is not a session that was spawned here.", hint="`quarterdeck ls --all` lists them."
            )
        return found

    def worktree_folder(self, record: WorkRecord) -> Path:
        """Where a session's worktree is made."""
        return self.folder / record.project / "worktrees" / record.session_id

    def search_path(self, env: Mapping[str, str]) -> str:
        """Where an agent finds programs: as the operator set it, and our own command, which it reports with."""
        inherited = env.get("PATH") or self.environ.get("PATH") or os.defpath
        folders = [*inherited.split(os.pathsep), str(Path(sys.executable).parent)]
        return os.pathsep.join(dict.fromkeys(folder for folder in folders if folder))
