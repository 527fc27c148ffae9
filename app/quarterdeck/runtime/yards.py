"""What operations on spawned work stand on, made when the first of them asks: most verbs touch no such work."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quarterdeck.forge.choosing import Forges
    from quarterdeck.operations.deck import Deck
    from quarterdeck.operations.yard import Yard
    from quarterdeck.ports.work import WorkStore
    from quarterdeck.runtime.live_settings import LiveSettings


class Yards:
    """Makes the yard over a deck, with the projects that are in force."""

    def __init__(self, deck: Deck, works: WorkStore, live: LiveSettings) -> None:
        self._deck = deck
        self._works = works
        self._live = live
        self._began_with = live.now

    @cached_property
    def forges(self) -> Forges:
        """Trackers and forges, each made when a project asks for its own."""
        from quarterdeck.forge.choosing import Forges

        return Forges(os.environ)

    @property
    def yard(self) -> Yard:
        """With the projects of now; who holds one keeps them, whatever becomes of the settings meanwhile."""
        if self._live.now is self._began_with:
            return self._first
        from quarterdeck.operations.projects import projects_of

        return replace(self._first, projects=projects_of(self._live.now))

    def _disposable(self, project: str) -> tuple[str, ...]:
        found = self._live.now.projects.get(project)
        return found.disposable if found is not None else ()

    @cached_property
    def _first(self) -> Yard:
        from quarterdeck.forge.git import GitWorktrees
        from quarterdeck.operations.projects import projects_of
        from quarterdeck.operations.yard import Yard
        from quarterdeck.process import is_running, this_process

        deck = self._deck
        return Yard(
            mux=deck.mux,
            store=deck.store,
            works=self._works,
            git=GitWorktrees(deck.places.projects, self._disposable),
            agents=deck.agents,
            clock=deck.clock,
            projects=projects_of(self._began_with),
            folder=deck.places.projects,
            owner=this_process(),
            is_running=is_running,
            tracker=self.forges.tracker,
            scm=self.forges.scm,
            spool=deck.places.spool,
            home=deck.places.home,
            environ=os.environ,
            own_session=os.environ.get("QUARTERDECK_SESSION") or None,
        )
