"""The composition root: the one place that builds adapters and joins them to supervisor and operations."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cache, cached_property
from importlib import import_module
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.agents.agent_files import FileClaims
from quarterdeck.core.events import Health
from quarterdeck.operations.contexts import SessionContext
from quarterdeck.operations.message_queue import MessageQueue
from quarterdeck.ports.clock import SystemClock
from quarterdeck.runtime.agent_loading import every_agent, load_agents, rule_faults
from quarterdeck.store.lease import Lease, writer_duty
from quarterdeck.store.messages import SqliteMessages
from quarterdeck.store.sqlite import open_store
from quarterdeck.supervisor.live_settings import LiveSettings
from quarterdeck.supervisor.processes import Processes
from quarterdeck.supervisor.workers import Workers
from quarterdeck.tmux.mux import TmuxMux
from quarterdeck.tmux.navigation import own_pane
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from quarterdeck.config.settings import Notify, Settings, ThoughtSettings
    from quarterdeck.config.user_agents import UserAgent
    from quarterdeck.core.pane import Pane, ServerAddress
    from quarterdeck.core.session import Session
    from quarterdeck.forge.forge_choice import Forges
    from quarterdeck.operations.contexts import WorkContext
    from quarterdeck.operations.settings_desk import SettingsDesk
    from quarterdeck.paths import Places
    from quarterdeck.ports.store import WorkStore
    from quarterdeck.ports.thinker import Thinkers
    from quarterdeck.supervisor.file_watcher import FileWatcher
    from quarterdeck.supervisor.notifications import Notifications
    from quarterdeck.supervisor.thought_engine import ThoughtEngine

logger = logging.getLogger(__name__)

RULES_WORKER = "agents' rules"


class Services(Struct, frozen=True, kw_only=True, dict=True):
    """Everything that runs over one tmux server: the workers that watch it and the context of what acts on it.

    What only watching needs is made, and loaded, when it is first asked for.
    """

    workers: Workers
    context: SessionContext
    works: Callable[[], WorkStore]
    mux: TmuxMux
    begun_with: Settings
    live: LiveSettings
    """The settings that are in force."""

    @cached_property
    def notifications(self) -> Notifications:
        """Tells the operator of needs."""
        from quarterdeck.core.notice import Channel
        from quarterdeck.supervisor.notifications import CommandChannel, DesktopChannel, Notifications, notice_rules

        def go_by(notify: Notify) -> None:
            made.rules = notice_rules(notify)
            made.channels[Channel.COMMAND] = CommandChannel(notify.command)

        supervisor = self.workers.supervisor
        made = Notifications(
            fleet=lambda: supervisor.fleet,
            snapshot=lambda: supervisor.snapshot,
            clock=self.context.clock,
            rules=notice_rules(self.live.now.notify),
            report=supervisor.report,
            is_writer=lambda: self.workers.row_writer.is_writer,
        )
        supervisor.subscribe(made.note)
        made.channels[Channel.DESKTOP] = DesktopChannel()
        go_by(self.live.now.notify)
        self.live.follow(lambda settings: settings.notify, go_by)
        return made

    @cached_property
    def thinkers(self) -> Thinkers:
        """The models that settings can name."""
        from quarterdeck.thoughts.configured_thinkers import ConfiguredThinkers

        context = self.context
        folder = context.places.state_file.parent
        return ConfiguredThinkers(store=context.store, clock=context.clock, folder=folder, environ=os.environ)

    async def settings_desk(self) -> SettingsDesk:
        """Where settings are shown and changed. The model, which nobody else needs, is imported beside the loop."""
        await asyncio.to_thread(import_module, "quarterdeck.operations.settings_desk")
        return self._settings_desk

    @cached_property
    def _settings_desk(self) -> SettingsDesk:
        from quarterdeck.operations.settings_desk import SettingsDesk
        from quarterdeck.operations.start_choices import installed

        return SettingsDesk(self.live, self.workers.engine, self.thinkers, lambda: installed(self.context.agents))

    @cached_property
    def forges(self) -> Forges:
        """Trackers and forges, each made when a project asks for its own."""
        from quarterdeck.forge.forge_choice import Forges

        return Forges(os.environ)

    @property
    def work_context(self) -> WorkContext:
        """What operations on spawned work stand on, with the projects in force; who holds one keeps its projects."""
        if self.live.now is self.begun_with:
            return self._first_work_context
        from quarterdeck.operations.projects import projects_of

        return replace(self._first_work_context, projects=projects_of(self.live.now))

    @cached_property
    def _first_work_context(self) -> WorkContext:
        from quarterdeck.forge.git import GitWorktrees
        from quarterdeck.operations.contexts import WorkContext
        from quarterdeck.operations.projects import projects_of
        from quarterdeck.process import is_running, this_process

        def disposable(project: str) -> tuple[str, ...]:
            found = self.live.now.projects.get(project)
            return found.disposable if found is not None else ()

        context = self.context
        return WorkContext(
            mux=context.mux,
            store=context.store,
            works=self.works(),
            git=GitWorktrees(context.places.projects, disposable),
            agents=context.agents,
            clock=context.clock,
            projects=projects_of(self.begun_with),
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
    agents = load_agents(settings.agents, places.agent_rules)
    async with open_store(places, keep_days=settings.events.keep_days) as store, AsyncExitStack() as closing:
        closing.push_async_callback(mux.close)

        @cache
        def file_watcher() -> FileWatcher:
            from quarterdeck.supervisor.file_watcher import FileWatcher

            made = FileWatcher(listens=settings.tmux.watch != "poll")
            closing.callback(made.close)
            return made

        @cache
        def works() -> WorkStore:
            from quarterdeck.store.work import SqliteWorkStore

            return SqliteWorkStore(store.database)

        processes = Processes(clock=clock)
        claims = FileClaims()
        state_file = places.state_file
        lease = Lease(state_file, writer_duty(str(address)))
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
            make_engine=lambda: _engine(services, closing),
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
            transcript=lambda session_id: workers.reader.transcript_of(session_id),
            on_held=lambda: message_queue.look(),
            answered=workers.answered,
            revive=lambda session: _revive(services, session),
        )
        message_queue = MessageQueue(context)
        live = LiveSettings(places.config_file, settings, report=workers.supervisor.report)
        services = Services(workers=workers, context=context, works=works, mux=mux, begun_with=settings, live=live)
        workers.others = lambda: _others(services, message_queue, file_watcher())

        def take_up(own: Mapping[str, UserAgent]) -> None:
            agents.use(every_agent(own, places.agent_rules))
            workers.detect_anew()
            workers.watcher.look_now()

        live.follow(lambda settings: settings.agents, take_up)
        if persistent and (faults := rule_faults(places.agent_rules, agents)):
            workers.supervisor.report(RULES_WORKER, Health.DEGRADED, " ".join(faults))
        try:
            yield services
        finally:
            await workers.end()


def _engine(services: Services, closing: AsyncExitStack) -> ThoughtEngine:
    from quarterdeck.supervisor.session_thoughts import ThoughtPublisher
    from quarterdeck.supervisor.thought_engine import ThoughtEngine
    from quarterdeck.thoughts.local import line_of

    workers, clock = services.workers, services.context.clock
    supervisor = workers.supervisor

    def pane_of(session: Session) -> Pane | None:
        # By its row of now: while a model thought, the tmux session may have become another, and its id another's.
        row = supervisor.fleet.sessions.get(session.session_id)
        return supervisor.pane_of(row) if row is not None else None

    engine = ThoughtEngine(
        fleet=lambda: supervisor.fleet,
        insight=workers.reader.insight,
        publisher=ThoughtPublisher(clock=clock, thoughts=workers.thoughts, pane_of=pane_of, show=supervisor.renew),
        line_of=line_of,
        setup=services.thinkers.setup(services.live.now.thoughts),
        clock=clock,
        report=supervisor.report,
        is_writer=lambda: workers.row_writer.is_writer,
    )
    dismissed: set[asyncio.Task[None]] = set()
    """Connections of models that are asked no more, while they close."""

    def go_by(thoughts: ThoughtSettings) -> None:
        thinker = engine.setup.thinker
        engine.use(services.thinkers.setup(thoughts))
        if thinker is not None:
            task = asyncio.get_running_loop().create_task(thinker.close())
            dismissed.add(task)
            task.add_done_callback(dismissed.discard)

    services.live.follow(lambda settings: settings.thoughts, go_by)

    async def close() -> None:
        if engine.setup.thinker is not None:
            await engine.setup.thinker.close()

    closing.push_async_callback(close)
    return engine


def _others(
    services: Services, message_queue: MessageQueue, file_watcher: FileWatcher
) -> dict[str, Callable[[], Awaitable[None]]]:
    """Who works beside those that watch."""
    from quarterdeck.supervisor.file_watcher import REPLACED

    live = services.live
    services.workers.on_store_change = message_queue.look
    # A link leads to where the operator keeps the file.
    changed = file_watcher.files(live.file, live.file.resolve(), mask=REPLACED)
    return {"messages": message_queue.run, "settings": lambda: live.run(changed), "notices": services.notifications.run}
