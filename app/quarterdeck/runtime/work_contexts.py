"""What operations on spawned work stand on, made when the first of them asks: most verbs touch no such work."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable

    from quarterdeck.forge.forge_choice import Forges
    from quarterdeck.operations.session_context import SessionContext
    from quarterdeck.operations.work_context import WorkContext
    from quarterdeck.ports.work import WorkStore
    from quarterdeck.supervisor.live_settings import LiveSettings


class WorkContexts:
    """Makes the context of spawned work from that of sessions, with the projects that are in force."""

    def __init__(self, context: SessionContext, works: Callable[[], WorkStore], live: LiveSettings) -> None:
        self._context = context
        self._works = works
        self._live = live
        self._began_with = live.now

    @cached_property
    def forges(self) -> Forges:
        """Trackers and forges, each made when a project asks for its own."""
        from quarterdeck.forge.forge_choice import Forges

        return Forges(os.environ)

    @property
    def work_context(self) -> WorkContext:
        """With the projects of now; who holds one keeps them, whatever becomes of the settings meanwhile."""
        if self._live.now is self._began_with:
            return self._first
        from quarterdeck.operations.projects import projects_of

        return replace(self._first, projects=projects_of(self._live.now))

    def _disposable(self, project: str) -> tuple[str, ...]:
        found = self._live.now.projects.get(project)
        return found.disposable if found is not None else ()

    @cached_property
    def _first(self) -> WorkContext:
        from quarterdeck.forge.git import GitWorktrees
        from quarterdeck.operations.projects import projects_of
        from quarterdeck.operations.work_context import WorkContext
        from quarterdeck.process import is_running, this_process

        context = self._context
        return WorkContext(
            mux=context.mux,
            store=context.store,
            works=self._works(),
            git=GitWorktrees(context.places.projects, self._disposable),
            agents=context.agents,
            clock=context.clock,
            projects=projects_of(self._began_with),
            folder=context.places.projects,
            owner=this_process(),
            is_running=is_running,
            tracker=self.forges.tracker,
            scm=self.forges.scm,
            learn=self.forges.learn,
            spool=context.places.spool,
            home=context.places.home,
            environ=os.environ,
            own_session=os.environ.get("QUARTERDECK_SESSION") or None,
        )
