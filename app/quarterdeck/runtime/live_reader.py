"""Answers what the console asks: each question goes to whoever knows."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from quarterdeck.operations import answer, preview, start_choices
from quarterdeck.operations.cleanup import candidates
from quarterdeck.operations.kill_work import what_ends
from quarterdeck.operations.preview import folder_diff
from quarterdeck.operations.projects import list_issues, projects_near

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.core.day import Moment
    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.session import Ask, SessionId
    from quarterdeck.core.thought import ThoughtSnapshot
    from quarterdeck.operations.cleanup import CleanupCandidate
    from quarterdeck.operations.long_operations import LongOperation, LongOperations
    from quarterdeck.operations.projects import IssueList
    from quarterdeck.operations.settings_desk import Setting
    from quarterdeck.operations.shown_fleet import ShownFleet
    from quarterdeck.operations.start_choices import Directory, Tools
    from quarterdeck.ports.messages import Held
    from quarterdeck.ports.store import Activity, ActivityQuery, StoreHealth
    from quarterdeck.runtime.services import Services


class LiveReader:
    """Implements tui.backend.FleetReader over one tmux server."""

    def __init__(
        self,
        services: Services,
        shown: ShownFleet,
        operations: LongOperations,
    ) -> None:
        self._services = services
        self._context = services.context
        self._shown = shown
        self._operations = operations

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

    async def diff(self, session_id: SessionId) -> str:
        """What changed in its folder."""
        session_id = self._shown.known(session_id)
        return "" if self._operations.find(session_id) else await folder_diff(self._shown.find(session_id).cwd)

    async def question(self, session_id: SessionId) -> Ask:
        """What it asks at this moment."""
        return await answer.asked_now(self._context, self._shown.find(session_id))

    async def held_messages(self) -> list[tuple[Held, str]]:
        """The messages that wait, each with the name of its session, also of one that is shown no more."""
        fleet = self._context.supervisor.fleet
        names = {key: row.tmux_name for key, row in {**fleet.exited, **fleet.sessions}.items()}
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
