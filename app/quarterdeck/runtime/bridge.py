"""The composition root: the one place that builds adapters and joins them to supervisor and operations."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.agents.file_claims import FileClaims
from quarterdeck.operations.message_queue import MessageQueue
from quarterdeck.operations.session_context import SessionContext
from quarterdeck.ports.clock import SystemClock
from quarterdeck.runtime.agent_loading import follow_agents, load_agents
from quarterdeck.runtime.work_contexts import WorkContexts
from quarterdeck.store.lease import Lease
from quarterdeck.store.lease_files import writer_duty
from quarterdeck.store.messages import SqliteMessages
from quarterdeck.store.open_store import open_store
from quarterdeck.store.work import SqliteWorkStore
from quarterdeck.supervisor.file_watcher import REPLACED, FileWatcher
from quarterdeck.supervisor.live_settings import LiveSettings
from quarterdeck.supervisor.notice_channels import notice_rules
from quarterdeck.supervisor.notifications import Notifications
from quarterdeck.supervisor.processes import Processes
from quarterdeck.supervisor.settings_followers import follow
from quarterdeck.supervisor.workers import Workers
from quarterdeck.thoughts.configured_thinkers import ConfiguredThinkers
from quarterdeck.thoughts.local import line_of
from quarterdeck.tmux.mux import TmuxMux
from quarterdeck.tmux.own_pane import own_pane

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from quarterdeck.config.settings import Settings
    from quarterdeck.core.pane import ServerAddress
    from quarterdeck.core.session import Session
    from quarterdeck.forge.forge_choice import Forges
    from quarterdeck.operations.settings_desk import SettingsDesk
    from quarterdeck.operations.work_context import WorkContext
    from quarterdeck.paths import Places
    from quarterdeck.ports.thinker import Thinkers

logger = logging.getLogger(__name__)


class Services(Struct, frozen=True, kw_only=True):
    """Everything that runs over one tmux server: the workers that watch it and the context of what acts on it."""

    workers: Workers
    context: SessionContext
    work_contexts: WorkContexts
    mux: TmuxMux
    settings: Settings
    """Those we were started with."""
    live: LiveSettings
    """Those that are in force."""
    notifying: Notifications
    thinkers: Thinkers

    @property
    def work_context(self) -> WorkContext:
        """What operations on spawned work stand on, with the projects that are in force."""
        return self.work_contexts.work_context

    @property
    def forges(self) -> Forges:
        """The trackers and forges of the projects."""
        return self.work_contexts.forges


def settings_desk_of(services: Services) -> Callable[[], Awaitable[SettingsDesk]]:
    """Answers where settings are shown and changed, made when it is first asked for.

    The model of the settings, which nobody else needs, is imported beside the loop.
    """
    made: list[SettingsDesk] = []

    def make() -> SettingsDesk:
        from quarterdeck.operations.settings_desk import SettingsDesk
        from quarterdeck.operations.start_choices import installed

        return SettingsDesk(
            services.live, services.workers.engine, services.thinkers, lambda: installed(services.context.agents)
        )

    async def desk() -> SettingsDesk:
        if not made:
            made.append(await asyncio.to_thread(make))
        return made[0]

    return desk


async def _revive(services: Services, session: Session) -> Session:
    # Most verbs never bring anything back, and what does that takes a tenth of their time to load.
    from quarterdeck.operations.restore import restore

    await restore(services.work_context, session.session_id, lambda line: logger.info("%s", line))
    await services.workers.see_changes()
    return services.context.session(session.session_id)


@asynccontextmanager
async def open_services(
    address: ServerAddress, places: Places, settings: Settings, *, persistent: bool
) -> AsyncIterator[Services]:
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
        thinkers = ConfiguredThinkers(store=store, clock=clock, folder=places.state_file.parent, environ=os.environ)
        processes = Processes(clock=clock)
        claims = FileClaims()
        state_file = places.state_file
        lease = Lease(state_file, writer_duty(str(address)))
        file_watcher = FileWatcher(listens=settings.tmux.watch != "poll")
        workers = Workers(
            mux=mux,
            store=store,
            clock=clock,
            lease=lease,
            file_watcher=file_watcher,
            agents=agents,
            processes=processes,
            claims=claims,
            works=works,
            state_files=(state_file, state_file.with_name(f"{state_file.name}-wal"), lease.path),
            spool=places.spool,
            resync=settings.tmux.resync_seconds,
            line_of=line_of,
            engine=thinkers.setup(settings.thoughts),
        )
        context = SessionContext(
            mux=mux,
            store=store,
            supervisor=workers.supervisor,
            clock=clock,
            agents=agents,
            places=places,
            messages=SqliteMessages(store.database, clock),
            processes=processes,
            claims=claims,
            owner=f"{os.getpid()}-{secrets.token_hex(16)}",
            reports=workers.reports.of,
            transcript=workers.reader.transcript_of,
            on_held=lambda: message_queue.look(),
            answered=workers.answered,
            revive=lambda session: _revive(services, session),
        )
        message_queue = MessageQueue(context)
        workers.also["messages"] = message_queue.run
        workers.on_store_change.append(message_queue.look)
        live = LiveSettings(places.config_file, settings, report=workers.supervisor.report)
        notifying = Notifications(
            fleet=lambda: workers.supervisor.fleet,
            snapshot=lambda: workers.supervisor.snapshot,
            clock=clock,
            rules=notice_rules(settings.notify),
            report=workers.supervisor.report,
            is_writer=lambda: workers.keeping.is_writer,
        )
        workers.supervisor.bus.subscribe(notifying.note)
        # A link leads to where the operator keeps the file.
        changed = file_watcher.files(live.file, live.file.resolve(), mask=REPLACED)
        workers.also |= {"settings": lambda: live.run(changed), "notices": notifying.run}
        follow(live, workers.engine, notifying, thinkers)
        follow_agents(live, agents, workers.detect_anew)
        services = Services(
            workers=workers,
            context=context,
            work_contexts=WorkContexts(context, works, live),
            mux=mux,
            settings=settings,
            live=live,
            notifying=notifying,
            thinkers=thinkers,
        )
        try:
            yield services
        finally:
            try:
                await workers.end()
                if workers.engine.setup.thinker is not None:
                    await workers.engine.setup.thinker.close()
            finally:
                file_watcher.close()
                await mux.close()
