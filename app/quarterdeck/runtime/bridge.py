"""The composition root: the one place that builds adapters and joins them to supervisor and operations."""

from __future__ import annotations

import os
import secrets
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.agents.file_claims import FileClaims
from quarterdeck.core.ids import PaneId
from quarterdeck.operations.deck import Deck
from quarterdeck.operations.postman import Postman
from quarterdeck.ports.clock import SystemClock
from quarterdeck.runtime.agents import follow_agents, load_agents
from quarterdeck.runtime.channels import notice_rules
from quarterdeck.runtime.following import follow
from quarterdeck.runtime.live_settings import LiveSettings
from quarterdeck.runtime.stored import open_store
from quarterdeck.runtime.thinking import Means, engine_setup
from quarterdeck.runtime.yards import Yards
from quarterdeck.store.duty import keeper_duty
from quarterdeck.store.lease import Lease
from quarterdeck.store.messages import SqliteMessages
from quarterdeck.store.work import SqliteWorkStore
from quarterdeck.supervisor.bells import REPLACED, Belfry
from quarterdeck.supervisor.crew import Crew
from quarterdeck.supervisor.notifying import Notifying
from quarterdeck.supervisor.processes import Processes
from quarterdeck.thoughts.local import line_of
from quarterdeck.tmux.mux import TmuxMux
from quarterdeck.values import value

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from quarterdeck.config.settings import Settings
    from quarterdeck.core.pane import ServerAddress
    from quarterdeck.core.session import Session
    from quarterdeck.forge.choosing import Forges
    from quarterdeck.operations.yard import Yard
    from quarterdeck.paths import Places


@value(kw_only=True)
class Bridge:
    """Everything that runs over one tmux server: the crew that watches it and the deck that acts on it."""

    crew: Crew
    deck: Deck
    yards: Yards
    mux: TmuxMux
    settings: Settings
    """Those we were started with."""
    live: LiveSettings
    """Those that are in force."""
    notifying: Notifying
    means: Means

    @property
    def yard(self) -> Yard:
        """What operations on spawned work stand on, with the projects that are in force."""
        return self.yards.yard

    @property
    def forges(self) -> Forges:
        """The trackers and forges of the projects."""
        return self.yards.forges


def own_pane(address: ServerAddress) -> PaneId | None:
    """The pane this process runs in, if that is one of the server's."""
    socket = os.environ.get("TMUX", "").rsplit(",", 2)[0]
    pane = os.environ.get("TMUX_PANE", "")
    if not socket or not pane or Path(socket).resolve() != Path(address.socket).resolve():
        return None
    return PaneId(pane)


async def _revive(bridge: Bridge, session: Session) -> Session:
    # Most verbs never bring anything back, and what does that takes a tenth of their time to load.
    from quarterdeck.runtime.crewing import revive

    return await revive(bridge, session)


@asynccontextmanager
async def open_bridge(
    address: ServerAddress, places: Places, settings: Settings, *, persistent: bool
) -> AsyncIterator[Bridge]:
    """Everything needed to watch a server and act on it; nothing has been asked of tmux yet.

    A persistent one keeps a connection and hears of changes; another one asks once per look.
    """
    clock = SystemClock()
    mux = TmuxMux(
        address,
        persistent=persistent,
        home=own_pane(address),
        clock=clock,
        timeout=settings.tmux.look_timeout_seconds,
        command_timeout=settings.tmux.command_timeout_seconds,
        listens=settings.tmux.watch != "poll",
        poll_every=settings.tmux.poll_seconds,
    )
    agents = load_agents(settings.agents)
    async with open_store(places, keep_days=settings.events.keep_days) as store:
        works = SqliteWorkStore(store.database)
        means = Means(store=store, clock=clock, folder=places.state_file.parent, environ=os.environ)
        processes = Processes(clock=clock)
        claims = FileClaims()
        state_file = places.state_file
        lease = Lease(state_file, keeper_duty(str(address)))
        belfry = Belfry(listens=settings.tmux.watch != "poll")
        crew = Crew(
            mux=mux,
            store=store,
            clock=clock,
            lease=lease,
            belfry=belfry,
            agents=agents,
            processes=processes,
            claims=claims,
            works=works,
            state_files=(state_file, state_file.with_name(f"{state_file.name}-wal"), lease.path),
            spool=places.spool,
            resync=settings.tmux.resync_seconds,
            line_of=line_of,
            engine=engine_setup(settings.thoughts, means),
        )
        deck = Deck(
            mux=mux,
            store=store,
            supervisor=crew.supervisor,
            clock=clock,
            agents=agents,
            places=places,
            messages=SqliteMessages(store.database, clock),
            processes=processes,
            claims=claims,
            owner=f"{os.getpid()}-{secrets.token_hex(16)}",
            reports=crew.reports.of,
            transcript=crew.reader.transcript_of,
            on_held=lambda: postman.look(),
            answered=crew.answered,
            revive=lambda session: _revive(bridge, session),
        )
        postman = Postman(deck)
        crew.also["messages"] = postman.run
        crew.on_store_change.append(postman.look)
        live = LiveSettings(places.config_file, settings, report=crew.supervisor.report)
        notifying = Notifying(
            fleet=lambda: crew.supervisor.fleet,
            snapshot=lambda: crew.supervisor.snapshot,
            clock=clock,
            rules=notice_rules(settings.notify),
            report=crew.supervisor.report,
            is_keeper=lambda: crew.keeping.is_keeper,
        )
        crew.supervisor.bus.subscribe(notifying.note)
        # A link leads to where the operator keeps the file.
        changed = belfry.bell(live.file, live.file.resolve(), mask=REPLACED)
        crew.also |= {"settings": lambda: live.run(changed), "notices": notifying.run}
        follow(live, crew.engine, notifying, means)
        follow_agents(live, agents, crew.detect_anew)
        bridge = Bridge(
            crew=crew,
            deck=deck,
            yards=Yards(deck, works, live),
            mux=mux,
            settings=settings,
            live=live,
            notifying=notifying,
            means=means,
        )
        try:
            yield bridge
        finally:
            try:
                await crew.end()
                if crew.engine.setup.thinker is not None:
                    await crew.engine.setup.thinker.close()
            finally:
                belfry.close()
                await mux.close()
