"""The yard: what operations on spawned work stand on, built from the settings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from quarterdeck.forge.git import GitWorktrees
from quarterdeck.operations.projects import projects_of
from quarterdeck.operations.yard import Yard
from quarterdeck.process import is_running, this_process

if TYPE_CHECKING:
    from quarterdeck.config.settings import Settings
    from quarterdeck.forge.choosing import Forges
    from quarterdeck.paths import Places
    from quarterdeck.ports.agent import Agents
    from quarterdeck.ports.clock import Clock
    from quarterdeck.ports.mux import Mux
    from quarterdeck.ports.store import Store
    from quarterdeck.ports.work import WorkStore


def build_yard(
    *,
    mux: Mux,
    store: Store,
    works: WorkStore,
    agents: Agents,
    clock: Clock,
    settings: Settings,
    places: Places,
    forges: Forges,
) -> Yard:
    """A yard over these; trackers and forges are made when a project asks for its own."""
    return Yard(
        mux=mux,
        store=store,
        works=works,
        git=GitWorktrees(places.projects),
        agents=agents,
        clock=clock,
        projects=projects_of(settings),
        folder=places.projects,
        owner=this_process(),
        is_running=is_running,
        tracker=forges.tracker,
        scm=forges.scm,
        spool=places.spool,
        home=places.home,
        environ=os.environ,
        own_session=os.environ.get("QUARTERDECK_SESSION") or None,
    )
