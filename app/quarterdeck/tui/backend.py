"""What the console needs from outside, as protocols: it opens, runs and stores nothing itself.

One protocol reads, one acts. Both are there once everything is open; until then there is a first fleet to show.
Failures are raised as QuarterdeckError and shown once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from quarterdeck.core.day import Moment
    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.pane import Pane, PaneId
    from quarterdeck.core.session import Ask, Session, SessionId
    from quarterdeck.core.thought import ThoughtSnapshot
    from quarterdeck.core.typed_text import InputHabits
    from quarterdeck.errors import QuarterdeckError
    from quarterdeck.operations.cleanup import CleanupCandidate, Cleared
    from quarterdeck.operations.delivery import Delivery
    from quarterdeck.operations.kill import Ending
    from quarterdeck.operations.long_operations import LongOperation
    from quarterdeck.operations.new import NewSessionRequest
    from quarterdeck.operations.projects import IssueList
    from quarterdeck.operations.settings_desk import Setting
    from quarterdeck.operations.setup_offers import Offer
    from quarterdeck.operations.spawn import SpawnRequest
    from quarterdeck.operations.start_choices import Directory, Tools
    from quarterdeck.ports.doctor_check import Finding
    from quarterdeck.ports.mux import Attach, GoResult
    from quarterdeck.ports.store import Activity, ActivityQuery, Held, StoreHealth
    from quarterdeck.supervisor.notifications import Told
    from quarterdeck.tui.actions import SetupPart
    from quarterdeck.tui.preferences import ConsoleMemory, Preferences


class Setup(Protocol):
    """The set-up of this machine, as far as it is ours."""

    pictures: Path
    """The folder that takes pictures of the screen; it need not exist."""

    async def findings(self) -> Sequence[Finding]:
        """Look whether everything is right, without changing anything."""

    async def offer(self, part: SetupPart) -> Offer | None:
        """What turning this part on would do; None when it is on, or there is nothing to turn on."""


class FleetSource(Protocol):
    """What can be shown at any moment, without waiting."""

    def fleet(self) -> Fleet:
        """The fleet as it is now."""

    def store_health(self) -> StoreHealth:
        """How the store is doing."""

    def activity_of(self, session_id: SessionId) -> Sequence[int]:
        """How much a session wrote in each of the last minutes, oldest first."""

    def day_of(self, session_id: SessionId) -> Sequence[Moment]:
        """When a session began to do what over the last day, oldest first."""

    def under_way(self, session_id: SessionId) -> LongOperation | None:
        """The long operation of this console on a session."""


class FleetReader(FleetSource, Protocol):
    """Reads: the fleet, and what hangs on it."""

    async def preview(self, session_id: SessionId, lines: int) -> str:
        """The session's last lines in their own colours (not yet cleaned)."""

    async def thought_history(self, session_id: SessionId, limit: int) -> list[ThoughtSnapshot]:
        """Its latest thoughts, newest first."""

    async def activity(self, query: ActivityQuery) -> list[Activity]:
        """The activity log."""

    async def losses(self, ids: Sequence[SessionId]) -> dict[SessionId, tuple[str, ...]]:
        """What ending these sessions would lose, as sentences; none where nothing would be."""

    def ending(self, session_id: SessionId, *, whole_session: bool = False) -> Ending:
        """What would end with a row, as the last look shows it."""

    def panes_beside(self) -> Sequence[Pane]:
        """The panes of the last look that are no rows, and not the console's own."""

    async def diff(self, session_id: SessionId) -> str:
        """What changed in its folder, as a unified diff; "" when there is none."""

    async def question(self, session_id: SessionId) -> Ask:
        """What it asks at this moment, as its screen shows it; Refused when that cannot be read."""

    async def input_habits(self, ids: Sequence[SessionId]) -> Mapping[SessionId, InputHabits]:
        """What the agents of these sessions make of words; nothing of those where no agent runs."""

    async def held_messages(self) -> list[tuple[Held, str]]:
        """The messages that wait, oldest first, those on their way among them."""

    async def clearable(self) -> list[CleanupCandidate]:
        """What a cleanup could end, with the reason and what it would lose."""

    async def directories(self, recent: Sequence[str]) -> list[Directory]:
        """Where a session could start: repositories first, then recent places."""

    async def tools(self) -> Tools:
        """The agents that are installed, by the names `new --tool` takes."""

    async def projects(self, near: SessionId | None = None) -> Mapping[str, str]:
        """The projects a worker can be spawned in, each with its usual agent; first the one that session works in."""

    async def issues(self, project: str) -> IssueList:
        """The open issues of a project's tracker."""

    async def settings(self) -> list[Setting]:
        """Every setting that the console can show."""


class FleetActions(Protocol):
    """Acts: each is an operation, and answers what that answers."""

    async def look_now(self) -> None:
        """Look at tmux at once."""

    async def go(self, session_id: SessionId) -> GoResult:
        """Take the operator to the session's pane, or say how to get there."""

    async def go_to_pane(self, pane_id: PaneId) -> GoResult:
        """Take the operator to a pane that is no row."""

    async def attach(self, going: Attach) -> None:
        """Run the attach and wait for its end. Called only while the console has let go of the terminal."""

    async def new(self, wanted: NewSessionRequest) -> tuple[Session, list[str]]:
        """Make a session; answers also what could not be done as asked though it stands."""

    async def spawn(self, request: SpawnRequest, begun: Callable[[SessionId], None]) -> SessionId:
        """Start a worker. Until it runs, a row of its own says how far it is.

        `begun` is told the id of that row, and again when the worker has got its own id.
        """

    async def send(self, ids: Sequence[SessionId], text: str, *, as_command: bool) -> list[Delivery]:
        """Deliver a message to each."""

    async def send_now(self, message_id: int) -> Delivery:
        """Send one that waits at once, whatever is in the way."""

    async def rewrite(self, message_id: int, text: str) -> None:
        """Change the words of one that waits."""

    async def withdraw(self, message_id: int) -> None:
        """Take back one that waits."""

    async def answer(self, session_id: SessionId, ask: Ask, choice: str) -> None:
        """Answer the question as it was shown; Refused when it is another one by now."""

    async def end(self, ids: Sequence[SessionId]) -> list[str]:
        """End sessions; answers what is to be known of it, as sentences."""

    async def end_session(self, session_id: SessionId) -> list[str]:
        """End the whole tmux session of a row, with all its rows; answers what is to be known of it, as sentences."""

    async def forget(self, ids: Sequence[SessionId]) -> None:
        """Let go of rows, and leave tmux alone."""

    async def bring_back(self, session_id: SessionId) -> list[str]:
        """Bring back what has ended or is stale; answers what is to be known of it, as sentences."""

    async def clear(
        self, ids: Sequence[SessionId], *, keeping: Collection[SessionId], told: Callable[[Cleared], None]
    ) -> None:
        """End these of the clearable; work of those in `keeping` is kept as a commit first, all others must hold none.

        Cancelled, it finishes the one it is at and leaves the rest.
        """

    async def stop(self, session_id: SessionId) -> Sequence[str]:
        """Stop what is under way there and take it back; answers what could not be, as sentences."""

    async def change_setting(self, key: str, value: str) -> None:
        """Set one; SettingsError when the value does not fit."""


class OpenFleet(NamedTuple):
    """The outside once it is open."""

    reader: FleetReader
    actions: FleetActions


class Backend(Protocol):
    """The way to the outside: something to show at once, and everything else as soon as it is open."""

    server: str
    """How the operator calls the tmux server."""
    themes_folder: Path
    """Where the operator's own themes are; it need not exist."""
    preferences: Preferences
    """How the console opens."""
    memory: ConsoleMemory

    @property
    def setup(self) -> Setup:
        """Whether all this stands on is right, and what could be turned on."""

    @property
    def now(self) -> FleetSource:
        """What can be shown at this moment: the first fleet, and once it is open the live one."""

    async def opened(self) -> OpenFleet:
        """Wait until everything is open and was looked at once."""

    async def run(self) -> None:
        """Open, then supervise until cancelled. A QuarterdeckError from here is shown in place of the table."""

    def trouble(self) -> QuarterdeckError | None:
        """Why nothing can be shown (tmux missing or too old, store unreadable), or None."""

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back, in the console's loop, after each change of the fleet; answers how to stop that."""

    def on_notice(self, listener: Callable[[Told], None]) -> None:
        """Call, in the console's loop, with what the operator is to be told."""
