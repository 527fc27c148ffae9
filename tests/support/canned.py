"""A backend that holds a canned fleet and writes down what it is asked to do."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.core.day import DayState, Moment
from quarterdeck.core.issue import Issue
from quarterdeck.core.session import RestState, SessionId
from quarterdeck.core.thought import ThoughtSnapshot
from quarterdeck.core.typed_text import InputHabits
from quarterdeck.errors import Refused
from quarterdeck.operations.cleanup import CleanupCandidate, Cleared, Clearing
from quarterdeck.operations.delivery import Delivery
from quarterdeck.operations.delivery_proof import Outcome
from quarterdeck.operations.kill import Ending, TmuxPart, dying
from quarterdeck.operations.projects import IssueList
from quarterdeck.operations.settings_desk import Setting
from quarterdeck.operations.setup_offers import Done, Offer
from quarterdeck.operations.start_choices import Directory, Tools
from quarterdeck.ports.doctor_check import CheckStatus, Finding
from quarterdeck.ports.mux import Attach, GoResult, Switched
from quarterdeck.ports.store import Activity, ActivityQuery, Level, StoreHealth
from quarterdeck.tui.actions import SetupPart
from quarterdeck.tui.backend import OpenFleet
from quarterdeck.tui.preferences import ConsoleMemory, Preferences
from support.fleet import NOW, ago, canned_fleet
from support.tails import tail_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.pane import Pane, PaneId
    from quarterdeck.core.session import Ask, Session
    from quarterdeck.errors import QuarterdeckError
    from quarterdeck.operations.long_operations import LongOperation
    from quarterdeck.operations.new import NewSessionRequest
    from quarterdeck.operations.spawn import SpawnRequest
    from quarterdeck.ports.store import Held
    from quarterdeck.supervisor.notifications import Told


def canned_findings() -> list[Finding]:
    """One of each kind, the well ones first."""
    return [
        Finding("python", CheckStatus.OK, "Python 3.11.2."),
        Finding("tmux", CheckStatus.OK, "tmux 3.3a."),
        Finding("git", CheckStatus.FAIL, "git is not installed, so nothing can be spawned.", "sudo apt install git"),
        Finding(
            "hooks claude",
            CheckStatus.WARN,
            "Claude Code does not report by itself, unless started from here; its screen and files serve.",
            "quarterdeck hooks install claude",
        ),
    ]


OPEN_ISSUES = (
    Issue(id="142", title="Tiles flicker when two are loaded at once", labels=("bug",)),
    Issue(id="42", title="Zoom out past level 3 shows nothing", labels=("bug", "map")),
    Issue(id="17", title="Let layers be named"),
)
TO_CLEAR = (
    CleanupCandidate(
        session_id=SessionId("atl-9"),
        project="atlas",
        reason="issue 42 is done",
        branch="feat/issue-42",
        idle_since=ago(minutes=190),
        would_lose="",
    ),
    CleanupCandidate(
        session_id=SessionId("atl-11"),
        project="atlas",
        reason="its agent is gone",
        branch="feat/issue-17",
        idle_since=ago(minutes=2900),
        would_lose="2 changed files (layers.py, names.py), 1 commit pushed nowhere",
    ),
    CleanupCandidate(
        session_id=SessionId("atl-orchestrator"),
        project="atlas",
        reason="its agent is gone",
        branch="orchestrator/atl-orchestrator",
        idle_since=ago(minutes=40),
        would_lose="",
        protected="it is the orchestrator",
    ),
)


@dataclass
class StillClock:
    """A clock that moves when told to."""

    moment: datetime = NOW
    seconds: float = 1000.0

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        self.seconds += seconds


@dataclass
class CannedSetup:
    """A set-up in which nothing is off, unless a test turns it off; what is accepted is on."""

    pictures: Path = Path("/nonexistent/screenshots")
    off: set[SetupPart] = field(default_factory=set)
    found: list[Finding] = field(default_factory=canned_findings)

    async def findings(self) -> list[Finding]:
        return self.found

    async def offer(self, part: SetupPart) -> Offer | None:
        if part not in self.off:
            return None

        async def accept() -> Done:
            self.off.discard(part)
            return Done(f"{part} is on.", "quarterdeck bind g --print" if part is SetupPart.KEY else "")

        if part is SetupPart.KEY:
            return Offer(
                off="No key of tmux opens the console, or returns to it.",
                question="Put the console on C-b g?",
                why="C-b g does nothing in tmux now.",
                change=("+ bind-key -N 'Quarterdeck: the console' g run-shell -b 'quarterdeck back'",),
                accept=accept,
            )
        return Offer(
            off="Claude Code and Codex do not report to Quarterdeck.",
            question="Let Claude Code and Codex report?",
            why="Until then only screens and files tell what an agent does.",
            change=("/home/kim/.claude/settings.json", "@@ -1,3 +1,4 @@", " {", '-  "model": "opus"', '+  "hooks": {}'),
            accept=accept,
        )


@dataclass
class CannedBackend:
    """Implements `Backend`, `FleetReader` and `FleetActions` at once; every call is appended to `calls`."""

    shown: Fleet = field(default_factory=canned_fleet)
    server: str = "default"
    themes_folder: Path = Path("/nonexistent/themes")
    setup: CannedSetup = field(default_factory=CannedSetup)
    preferences: Preferences = field(default_factory=Preferences)
    memory: ConsoleMemory = field(default_factory=lambda: ConsoleMemory("default"))
    store: StoreHealth = field(default_factory=StoreHealth)
    problem: QuarterdeckError | None = None
    fails_with: QuarterdeckError | None = None
    going: GoResult = field(default_factory=Switched)
    calls: list[tuple[object, ...]] = field(default_factory=list)
    callbacks: list[Callable[[], None]] = field(default_factory=list)
    listeners: list[Callable[[Told], None]] = field(default_factory=list)
    tail: Callable[[str], str] = tail_of
    busy: dict[str, LongOperation] = field(default_factory=dict)
    to_clear: list[CleanupCandidate] = field(default_factory=lambda: list(TO_CLEAR))
    usual_agent: str = ""
    no_issues: QuarterdeckError | None = None
    said_of_end: tuple[str, ...] = ()
    letters: list[Held] = field(default_factory=list)
    habits: InputHabits = field(default_factory=InputHabits)
    panes: list[Pane] = field(default_factory=list)
    """Those that are no rows."""
    panes_in_session: int = 0
    """How many of them are in the session that ends."""
    on_screen: Ask | None = None
    """What a session asks, as its screen shows it."""

    def set(self, fleet: Fleet) -> None:
        """Another fleet, published as the supervisor would."""
        self.shown = fleet
        for callback in list(self.callbacks):
            callback()

    def _do(self, *action: object) -> None:
        self.calls.append(action)
        if self.fails_with is not None:
            raise self.fails_with

    @property
    def now(self) -> CannedBackend:
        return self

    async def opened(self) -> OpenFleet:
        return OpenFleet(self, self)

    def fleet(self) -> Fleet:
        return self.shown

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        self.callbacks.append(callback)
        return lambda: self.callbacks.remove(callback)

    def on_notice(self, listener: Callable[[Told], None]) -> None:
        self.listeners.append(listener)

    async def run(self) -> None:
        await asyncio.Event().wait()

    def trouble(self) -> QuarterdeckError | None:
        return self.problem

    def store_health(self) -> StoreHealth:
        return self.store

    def activity_of(self, session_id: SessionId) -> Sequence[int]:
        session = self.shown.sessions.get(session_id)
        if session is None or session.is_stale or session.rest_state is RestState.DEEP_SLEEP:
            return ()
        seed = sum(map(ord, session_id))
        quiet = int((NOW - session.last_activity_at).total_seconds() // 60)
        return [0 if minute < quiet else (seed * (minute + 3) * 37) % 90 + 5 for minute in range(11, -1, -1)]

    def day_of(self, session_id: SessionId) -> Sequence[Moment]:
        said = (
            (22, DayState.WORKS),
            (19, DayState.RESTS),
            (9, DayState.WORKS),
            (7, DayState.ASKS),
            (6.5, DayState.WORKS),
        )
        later = (
            (4, DayState.FAILED),
            (3.5, DayState.UNKNOWN),
            (2, DayState.WORKS),
            (0.8, DayState.DONE),
            (0.4, DayState.ASKS),
        )
        return [Moment(ago(hours=hours), doing) for hours, doing in (*said, *later)]

    async def preview(self, session_id: SessionId, lines: int) -> str:
        return self.tail(session_id)

    async def thought_history(self, session_id: SessionId, limit: int) -> list[ThoughtSnapshot]:
        said = (
            "Wants to run the tax migration on staging",
            "Checked the totals of last month",
            "Reading the tax tables",
        )
        return [
            ThoughtSnapshot(thought=text, updated_at=ago(minutes=4 + 9 * number)) for number, text in enumerate(said)
        ][:limit]

    async def losses(self, ids: Sequence[SessionId]) -> dict[SessionId, tuple[str, ...]]:
        said = {"sess_1": ("4 files are not committed.", "2 commits are not pushed.")}
        return {session_id: said.get(session_id, ()) for session_id in ids}

    def ending(self, session_id: SessionId, *, whole_session: bool = False) -> Ending:
        session, rows = self.shown.sessions[session_id], self.shown.sessions.values()
        if whole_session or session.rows_in_session == 1:
            return Ending(TmuxPart.SESSION, dying(rows, session, whole=True), self.panes_in_session)
        part = TmuxPart.PANE if session.rows_in_window > 1 else TmuxPart.WINDOW
        return Ending(part, (session,), 0)

    def panes_beside(self) -> Sequence[Pane]:
        return self.panes

    async def diff(self, session_id: SessionId) -> str:
        return (
            "--- a/src/tiles.py\n+++ b/src/tiles.py\n@@ -1,2 +1,2 @@\n import threading\n-lock = None\n+lock = Lock()\n"
        )

    async def look_now(self) -> None:
        self._do("look")

    async def go(self, session_id: SessionId) -> GoResult:
        self._do("go", session_id)
        return self.going

    async def go_to_pane(self, pane_id: PaneId) -> GoResult:
        self._do("go to pane", pane_id)
        return self.going

    async def attach(self, going: Attach) -> None:
        self._do("attach", going.argv)

    async def new(self, wanted: NewSessionRequest) -> tuple[Session, list[str]]:
        self._do("new", wanted)
        return self._any, []

    @property
    def _any(self) -> Session:
        return next(iter(self.shown.sessions.values()))

    async def end(self, ids: Sequence[SessionId]) -> list[str]:
        self._do("end", tuple(ids))
        return list(self.said_of_end)

    async def end_session(self, session_id: SessionId) -> list[str]:
        self._do("end session", session_id)
        return list(self.said_of_end)

    async def forget(self, ids: Sequence[SessionId]) -> None:
        self._do("forget", tuple(ids))

    async def send(self, ids: Sequence[SessionId], text: str, *, as_command: bool) -> list[Delivery]:
        self._do("send", tuple(ids), text, *(["as a command"] if as_command else []))
        return [Delivery(session=self.shown.sessions[each], outcome=Outcome.DELIVERED) for each in ids]

    async def withdraw(self, message_id: int) -> None:
        self._do("withdraw", message_id)

    async def rewrite(self, message_id: int, text: str) -> None:
        self._do("rewrite", message_id, text)

    async def send_now(self, message_id: int) -> Delivery:
        self._do("send now", message_id)
        return Delivery(session=self._any, outcome=Outcome.DELIVERED)

    async def input_habits(self, ids: Sequence[SessionId]) -> dict[SessionId, InputHabits]:
        return {each: self.habits for each in ids if self.shown.sessions[each].tool}

    async def held_messages(self) -> list[tuple[Held, str]]:
        rows = self.fleet().sessions
        return [(each, rows[each.session_id].tmux_name if each.session_id in rows else "") for each in self.letters]

    async def question(self, session_id: SessionId) -> Ask:
        if self.on_screen is None:
            raise Refused("What it asks cannot be read from its screen.")
        return self.on_screen

    async def answer(self, session_id: SessionId, ask: Ask, choice: str) -> None:
        self._do("answer", session_id, ask, choice)

    async def bring_back(self, session_id: SessionId) -> list[str]:
        self._do("bring back", session_id)
        return []

    async def spawn(self, request: SpawnRequest, begun: Callable[[SessionId], None]) -> SessionId:
        self._do("spawn", request)
        return next(iter(self.shown.sessions))

    def under_way(self, session_id: SessionId) -> LongOperation | None:
        return self.busy.get(session_id)

    async def stop(self, session_id: SessionId) -> Sequence[str]:
        self._do("stop", session_id)
        return ()

    async def clearable(self) -> list[CleanupCandidate]:
        return self.to_clear

    async def clear(
        self, ids: Sequence[SessionId], *, keeping: Collection[SessionId], told: Callable[[Cleared], None]
    ) -> None:
        self._do("clear", tuple(ids), tuple(keeping))
        for session_id in ids:
            told(Cleared(session_id=session_id, outcome=Clearing.ENDED))

    async def directories(self, recent: Sequence[str]) -> list[Directory]:
        return [
            Directory(path="/home/kim/shop", is_repository=True, is_recent=True),
            Directory(path="/home/kim/ledger", is_repository=True),
            Directory(path="/home/kim/atlas", is_repository=True),
            Directory(path="/home/kim/notes", is_recent=True),
        ]

    async def tools(self) -> Tools:
        return Tools(("claude", "codex", "opencode"), self.usual_agent)

    async def projects(self, near: SessionId | None = None) -> dict[str, str]:
        return {"atlas": "claude", "shop": "gemini"}

    async def issues(self, project: str) -> IssueList:
        if self.no_issues is not None:
            raise self.no_issues
        found = OPEN_ISSUES if project == "atlas" else ()
        return IssueList(tracker="GitHub" if found else "", issues=found)

    async def activity(self, query: ActivityQuery) -> list[Activity]:
        said = [
            Activity(
                id=4,
                kind="session.asks",
                at=ago(minutes=4),
                level=Level.WARN,
                source="watcher",
                session_id="sess_1",
                summary="asks for permission to run psql",
            ),
            Activity(
                id=3,
                kind="message.delivered",
                at=ago(minutes=6),
                source="console",
                session_id="sess_4",
                summary="2 lines, confirmed by the hook",
            ),
            Activity(
                id=2,
                kind="session.error",
                at=ago(minutes=9),
                level=Level.ERROR,
                source="transcripts",
                session_id="sess_3",
                summary="API error 529: overloaded",
            ),
            Activity(
                id=1,
                kind="session.deleted",
                at=ago(minutes=21),
                source="reaper",
                session_id="sess_15",
                summary="hotfix ended with status 130",
            ),
        ]
        word = query.search or ""
        return [one for one in said if query.session_id in {None, one.session_id} and word in one.summary]

    @property
    def remembered(self) -> dict[str, str | None]:
        return self.memory.chosen_early

    async def settings(self) -> list[Setting]:
        return [
            Setting(
                key="thoughts.engine",
                value="local",
                help="Who writes the thought line.",
                choices=("off", "local", "command", "openai"),
            ),
            Setting(
                key="thoughts.seconds",
                value="20",
                help="The least time between two thoughts of a session.",
                source="file",
            ),
            Setting(
                key="notify.when",
                value="waiting",
                help="What is worth a desktop notification.",
                choices=("never", "waiting", "all"),
            ),
            Setting(
                key="console.ascii",
                value="false",
                help="Draw with ASCII only.",
                choices=("true", "false"),
                source="environment",
            ),
        ]

    async def change_setting(self, key: str, value: str) -> None:
        self._do("set", key, value)
