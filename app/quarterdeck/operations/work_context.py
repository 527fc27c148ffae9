"""What operations on spawned work stand on: the ports they act through, and the projects they act for."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from quarterdeck.core.session import SessionId
from quarterdeck.errors import NotFound
from quarterdeck.ports.store import Activity, Level

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from quarterdeck.core.project import Project
    from quarterdeck.core.work_record import WorkRecord
    from quarterdeck.ports.agent import Agents
    from quarterdeck.ports.clock import Clock
    from quarterdeck.ports.forge import Scm, Tracker
    from quarterdeck.ports.git import Git
    from quarterdeck.ports.mux import Mux
    from quarterdeck.ports.store import Store
    from quarterdeck.ports.work import WorkStore


async def _nothing_to_learn(projects: Iterable[Project]) -> None:
    """All is known already."""


class WorkContext(Struct, frozen=True, kw_only=True):
    """One tmux server, the projects, and everything that acts on both."""

    mux: Mux
    store: Store
    works: WorkStore
    git: Git
    agents: Agents
    clock: Clock
    projects: Mapping[str, Project]
    folder: Path
    """Holds a folder for each project: worktrees and prompt files."""
    owner: str
    """This process, as the journal names it."""
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

    async def tell(
        self,
        kind: str,
        summary: str,
        project: str,
        session_id: str | None = None,
        level: Level = Level.INFO,
        **data: Any,
    ) -> None:
        """Write a line of the activity log. Error texts belong in `data`, which is redacted, never in `summary`."""
        now = self.clock.now()
        await self.store.record(
            Activity(
                kind=kind,
                at=now,
                level=level,
                source="work",
                session_id=session_id,
                project=project,
                summary=summary,
                data=data,
            )
        )
