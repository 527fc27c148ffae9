"""What an open console asks and does: each question goes to whoever knows, each action to an operation."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from quarterdeck.core.discovery import panes_beside
from quarterdeck.core.row_name import row_name
from quarterdeck.core.session import RowKind
from quarterdeck.errors import Refused
from quarterdeck.operations import answer, detached, kill, new, preview, send, start_choices
from quarterdeck.operations.cleanup import candidates, clear_picked
from quarterdeck.operations.delivery import Delivery, DeliveryRules
from quarterdeck.operations.kill_work import end_worker, what_ends
from quarterdeck.operations.long_operations import all_at_once
from quarterdeck.operations.new import bring_session_back
from quarterdeck.operations.preview import folder_diff
from quarterdeck.operations.projects import list_issues, projects_near
from quarterdeck.operations.restore import bring_worker_back
from quarterdeck.operations.spawn import spawn_in_row
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from quarterdeck.core.day import Moment
    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.pane import Pane, PaneId
    from quarterdeck.core.session import Ask, Session, SessionId
    from quarterdeck.core.thought import ThoughtSnapshot
    from quarterdeck.core.typed_text import InputHabits
    from quarterdeck.operations.cleanup import CleanupCandidate, Cleared
    from quarterdeck.operations.long_operations import LongOperation, LongOperations
    from quarterdeck.operations.new import NewSessionRequest
    from quarterdeck.operations.projects import IssueList
    from quarterdeck.operations.settings_desk import Setting
    from quarterdeck.operations.shown_fleet import ShownFleet
    from quarterdeck.operations.spawn import SpawnRequest
    from quarterdeck.operations.start_choices import Directory, Tools
    from quarterdeck.ports.mux import Attach, GoResult
    from quarterdeck.ports.store import Activity, ActivityQuery, Held, StoreHealth
    from quarterdeck.runtime.services import Services
    from quarterdeck.tmux.operator_terminal import OperatorTerminal


class _OpenConsole:
    def __init__(self, services: Services, shown: ShownFleet, operations: LongOperations) -> None:
        self._services = services
        self._context = services.context
        self._shown = shown
        self._operations = operations


class LiveReader(_OpenConsole):
    """Implements tui.backend.FleetReader over one tmux server."""

    def fleet(self) -> Fleet:
        """The fleet as it is now."""
        return self._shown.fleet()

    def store_health(self) -> StoreHealth:
        """How the store is doing."""
        return self._context.store.health()

    def activity_of(self, session_id: SessionId) -> Sequence[int]:
        """How much a session moved in each of the last minutes."""
        return self._services.workers.day_history.minutes(session_id)

    def day_of(self, session_id: SessionId) -> Sequence[Moment]:
        """When a session began to do what over the last day."""
        return self._services.workers.day_history.day(session_id)

    def under_way(self, session_id: SessionId) -> LongOperation | None:
        """The long operation of this console on a session."""
        return self._operations.find(session_id)

    async def preview(self, session_id: SessionId, lines: int) -> str:
        """The session's last lines, or what an operation on it has said so far."""
        session_id = self._shown.known(session_id)
        if operation := self._operations.find(session_id):
            return "\n".join(operation.lines[-lines:])
        return await preview.preview(self._context, self._shown.find(session_id), lines=lines)

    async def thought_history(self, session_id: SessionId, limit: int) -> list[ThoughtSnapshot]:
        """Its latest thoughts."""
        return await self._context.store.thought_history(self._shown.known(session_id), limit)

    async def activity(self, query: ActivityQuery) -> list[Activity]:
        """The activity log."""
        return await self._context.store.activity(query)

    async def losses(self, ids: Sequence[SessionId]) -> dict[SessionId, tuple[str, ...]]:
        """What ending these sessions would lose."""
        return {each: await what_ends(self._services.work_context, self._shown.find(each)) for each in ids}

    def ending(self, session_id: SessionId, *, whole_session: bool = False) -> kill.Ending:
        """What would end with a row."""
        return kill.ending_of(self._context, self._shown.find(session_id), whole_session=whole_session)

    def panes_beside(self) -> Sequence[Pane]:
        """The panes of the last look that are no rows."""
        supervisor = self._context.supervisor
        panes = supervisor.snapshot.panes if supervisor.snapshot is not None else ()
        return panes_beside(panes, supervisor.fleet.sessions.values(), supervisor.own_pane)

    async def diff(self, session_id: SessionId) -> str:
        """What changed in its folder."""
        session_id = self._shown.known(session_id)
        return "" if self._operations.find(session_id) else await folder_diff(self._shown.find(session_id).cwd)

    async def question(self, session_id: SessionId) -> Ask:
        """What it asks at this moment."""
        return await answer.asked_now(self._context, self._shown.find(session_id))

    async def input_habits(self, ids: Sequence[SessionId]) -> dict[SessionId, InputHabits]:
        """What the agents of these sessions make of words."""
        rows = [self._shown.find(each) for each in ids]
        agents = {row.session_id: (self._context.agents.get(row.tool or ""), row.cwd or "") for row in rows}
        return {
            session_id: await asyncio.to_thread(agent.habits, cwd=cwd)
            for session_id, (agent, cwd) in agents.items()
            if agent is not None
        }

    async def held_messages(self) -> list[tuple[Held, str]]:
        """The messages that wait, each with the name of its session, also of one that is shown no more."""
        fleet = self._context.supervisor.fleet
        names = {key: row_name(row) for key, row in {**fleet.exited, **fleet.sessions}.items()}
        waiting = await self._context.messages.waiting(with_sending=True)
        return [(each, names.get(each.session_id, each.session_id)) for each in waiting]

    async def clearable(self) -> list[CleanupCandidate]:
        """What a cleanup could end."""
        return await candidates(self._services.work_context)

    async def directories(self, recent: Sequence[str]) -> list[Directory]:
        """Where a session could start."""
        cwds = [session.cwd for session in self.fleet().sessions.values() if session.cwd]
        return await asyncio.to_thread(start_choices.directories, recent, cwds)

    async def tools(self) -> Tools:
        """The agents that are installed."""
        return start_choices.tools(self._context.agents, self._services.live.now.defaults.agent)

    async def projects(self, near: SessionId | None = None) -> dict[str, str]:
        """The projects a worker can be spawned in."""
        return await projects_near(self._services.work_context, self._shown.row(near) if near is not None else None)

    async def issues(self, project: str) -> IssueList:
        """The open issues of a project's tracker."""
        return await list_issues(self._services.work_context, project)

    async def settings(self) -> list[Setting]:
        """Every setting that the console can show."""
        return await (await self._services.settings_desk()).settings()


WORKERS_AT_ONCE = 4
"""Workers ended at the same time."""


class LiveActions(_OpenConsole):
    """Implements tui.backend.FleetActions over one tmux server."""

    def __init__(
        self, services: Services, shown: ShownFleet, operations: LongOperations, terminal: OperatorTerminal
    ) -> None:
        super().__init__(services, shown, operations)
        self._terminal = terminal
        self._own_pane = terminal.own_pane

    async def look_now(self) -> None:
        """Look at tmux at once."""
        self._services.workers.watcher.look_now()

    async def go(self, session_id: SessionId) -> GoResult:
        """Take the operator to the session's pane."""
        session = self._shown.find(session_id)
        if session.kind is RowKind.DETACHED:
            return await self._terminal.go(await detached.show_in_pane(self._context, session, self._own_pane))
        if session.pane_id is None or session.is_stale or session.ended_at is not None:
            raise Refused(f'"{row_name(session)}" has no pane to go to.')
        return await self._terminal.go(session.pane_id)

    async def go_to_pane(self, pane_id: PaneId) -> GoResult:
        """Take the operator to a pane that is no row."""
        return await self._terminal.go(pane_id)

    async def attach(self, going: Attach) -> None:
        """Run the attach and wait for its end."""
        await self._terminal.attach(going)

    async def new(self, wanted: NewSessionRequest) -> tuple[Session, list[str]]:
        """Make a session."""
        return await new.new_session(self._context, replace(wanted, shell=os.environ.get("SHELL", "")))

    async def spawn(self, request: SpawnRequest, begun: Callable[[SessionId], None]) -> SessionId:
        """Start a worker."""
        return await spawn_in_row(self._services.work_context, self._operations, request, begun)

    async def send(self, ids: Sequence[SessionId], text: str, *, as_command: bool) -> list[Delivery]:
        """Deliver a message to each."""
        sessions = [self._shown.find(each) for each in ids]
        how = DeliveryRules(as_command=as_command, own_pane=self._own_pane)
        return await send.send_to_all(self._context, sessions, text, how)

    async def send_now(self, message_id: int) -> Delivery:
        """Send one that waits at once."""
        return await send.deliver_now(self._context, message_id, DeliveryRules(now=True, own_pane=self._own_pane))

    async def rewrite(self, message_id: int, text: str) -> None:
        """Change the words of one that waits."""
        await send.rewrite(self._context, message_id, text)

    async def withdraw(self, message_id: int) -> None:
        """Take back one that waits."""
        await send.withdraw(self._context, message_id)

    async def answer(self, session_id: SessionId, ask: Ask, choice: str) -> None:
        """Answer the question as it was shown."""
        await answer.answer(self._context, self._shown.find(session_id), choice, shown=ask, own_pane=self._own_pane)

    async def end(self, ids: Sequence[SessionId]) -> list[str]:
        """End sessions; one that fails does not stop the others."""
        turn = asyncio.Semaphore(WORKERS_AT_ONCE)
        return list(filter(None, await all_at_once(self._end(each, turn) for each in ids)))

    async def _end(self, session_id: SessionId, turn: asyncio.Semaphore) -> str:
        session, work_context = self._shown.find(session_id), self._services.work_context
        if session.work is None:
            await kill.kill(self._context, session, own_pane=self._own_pane)
            return ""
        return await self._operations.run(
            session.session_id, "ending", lambda operation: end_worker(work_context, operation, turn)
        )

    async def end_session(self, session_id: SessionId) -> list[str]:
        """End a row's tmux session; its workers first, each as a worker ends."""
        session = self._shown.find(session_id)
        kill.refuse_own(self._context, session, None, self._own_pane)
        rows = kill.dying(self._context.supervisor.fleet.sessions.values(), session, whole=True)
        said = await self.end([row.session_id for row in rows if row.work is not None])
        await kill.end_rest(self._context, rows, self._own_pane)
        return said

    async def forget(self, ids: Sequence[SessionId]) -> None:
        """Let go of rows; one that fails does not stop the others."""

        async def forget(session_id: SessionId) -> None:
            await kill.forget(self._context, self._shown.find(session_id))

        await all_at_once(forget(each) for each in ids)

    async def bring_back(self, session_id: SessionId) -> list[str]:
        """Bring back what has ended or is stale."""
        session, work_context = self._shown.find(session_id), self._services.work_context
        if session.work is None:
            await bring_session_back(self._context, session)
            return []
        return await self._operations.run(
            session.session_id, "restoring", lambda operation: bring_worker_back(work_context, operation)
        )

    async def clear(
        self, ids: Sequence[SessionId], *, keeping: Collection[SessionId], told: Callable[[Cleared], None]
    ) -> None:
        """End these of the clearable."""
        await clear_picked(self._services.work_context, self._operations, ids, keeping, told)

    async def stop(self, session_id: SessionId) -> Sequence[str]:
        """Stop what is under way there and take it back."""
        return await self._operations.stop(session_id)

    async def change_setting(self, key: str, value: str) -> None:
        """Set one."""
        await (await self._services.settings_desk()).change(key, value)
