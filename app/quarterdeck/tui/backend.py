"""Everything the console needs from outside, as one protocol: the console itself opens, runs and stores nothing."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from quarterdeck.values import value

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from quarterdeck.core.day import Moment
    from quarterdeck.core.fleet import Fleet
    from quarterdeck.core.ids import SessionId
    from quarterdeck.core.session import Ask
    from quarterdeck.core.thought import ThoughtSnapshot
    from quarterdeck.errors import QuarterdeckError
    from quarterdeck.operations.settings_desk import Setting
    from quarterdeck.operations.start_choices import Directory, Tools
    from quarterdeck.ports.store import Activity, ActivityQuery
    from quarterdeck.ports.store_health import StoreHealth
    from quarterdeck.supervisor.notice_channels import Told
    from quarterdeck.tui.mailbox import Mailbox
    from quarterdeck.tui.requests import Attach, Delivery, GoResult, Loss, NewRequest, SpawnRequest
    from quarterdeck.tui.setup import Setup
    from quarterdeck.tui.work import Clearable, Cleared, Issues, UnderWay


class Capability(StrEnum):
    """What the outside can do now. An action whose capability is missing is not offered anywhere."""

    LOOK = "look"
    GO = "go"
    NEW = "new"
    KILL = "kill"
    SEND = "send"
    ANSWER = "answer"
    SPAWN = "spawn"
    RESTORE = "restore"
    ADOPT = "adopt"
    DISMISS = "dismiss"
    ACTIVITY = "activity"
    SETTINGS = "settings"
    CLEANUP = "cleanup"


@value(kw_only=True)
class Preferences:
    """What the operator set for the console, from settings and from the last time it ran."""

    theme: str = "dark"
    preview: str = "auto"
    """`auto`, `right`, `below` or `off`."""
    grouping: str = "none"
    """`none`, `repo`, `project` or `state`."""
    selected: SessionId | None = None
    keys: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    views: Mapping[str, str] = field(default_factory=dict)
    """Saved filters by name."""
    view: str = ""
    """The saved filter to begin with."""
    card: bool = True
    """Whether what is not set up is shown."""
    ascii_only: bool = False
    mouse: bool = True


class Backend(Protocol):
    """The outside of the console. Failures are raised as QuarterdeckError and shown once."""

    server: str
    """How the operator calls the tmux server."""
    themes_folder: Path
    """Where the operator's own themes are; it need not exist."""

    @property
    def setup(self) -> Setup:
        """Whether all this stands on is right, and what could be turned on."""

    # What is there

    def fleet(self) -> Fleet:
        """The fleet as it is now."""

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back, in the console's loop, after each change of the fleet; answers how to stop that."""

    def on_notice(self, listener: Callable[[Told], None]) -> None:
        """Call, in the console's loop, with what the operator is to be told."""

    async def run(self) -> None:
        """Supervise until cancelled. A QuarterdeckError from here is shown in place of the table."""

    def trouble(self) -> QuarterdeckError | None:
        """Why nothing can be shown (tmux missing or too old, store unreadable), or None."""

    def store_health(self) -> StoreHealth:
        """How the store is doing."""

    def capabilities(self) -> frozenset[Capability]:
        """What works now."""

    def activity_of(self, session_id: SessionId) -> Sequence[int]:
        """How much a session wrote in each of the last minutes, oldest first."""

    def day_of(self, session_id: SessionId) -> Sequence[Moment]:
        """When a session began to do what over the last day, oldest first."""

    # About one session

    def under_way(self, session_id: SessionId) -> UnderWay | None:
        """The long operation of this console on a session."""

    async def preview(self, session_id: SessionId, lines: int) -> str:
        """The session's last lines in their own colours (not yet cleaned)."""

    async def thought_history(self, session_id: SessionId, limit: int) -> list[ThoughtSnapshot]:
        """Its latest thoughts, newest first."""

    async def losses(self, ids: Sequence[SessionId]) -> list[Loss]:
        """What ending these sessions would lose."""

    async def diff(self, session_id: SessionId) -> str:
        """What changed in its worktree, as a unified diff; "" when there is none."""

    # Doing

    async def look_now(self) -> None:
        """Look at tmux at once."""

    async def go(self, session_id: SessionId) -> GoResult:
        """Take the operator to the session's pane, or say how to get there."""

    async def attach(self, going: Attach) -> None:
        """Run the attach and wait for its end. Called only while the console has let go of the terminal."""

    async def new(self, request: NewRequest) -> list[SessionId]:
        """Make sessions."""

    async def kill(self, ids: Sequence[SessionId], *, detach: bool) -> Sequence[str]:
        """End sessions; with `detach` forget them and leave tmux alone. Answers what is to be known of it."""

    async def send(self, ids: Sequence[SessionId], text: str) -> list[Delivery]:
        """Deliver a message to each."""

    async def mailbox(self) -> Mailbox:
        """The messages that wait, to be read and changed."""

    async def question(self, session_id: SessionId) -> Ask:
        """What it asks at this moment, as its screen shows it; Refused when that cannot be read."""

    async def answer(self, session_id: SessionId, ask: Ask, choice: str) -> None:
        """Answer the question as it was shown; Refused when it is another one by now."""

    async def restore(self, session_id: SessionId) -> Sequence[str]:
        """Bring a dead agent session back. Answers what is to be known of it."""

    async def adopt(self, session_id: SessionId) -> None:
        """Bring back a session that nobody spawned: bound to tmux's of its name again, or made anew."""

    async def dismiss(self, ids: Sequence[SessionId]) -> None:
        """Let go of ended and stale rows."""

    async def spawn(self, request: SpawnRequest, begun: Callable[[SessionId], None]) -> SessionId:
        """Start a worker. Until it runs, a row of its own says how far it is.

        `begun` is told the id of that row, and again when the worker has got its own id.
        """

    async def stop(self, session_id: SessionId) -> Sequence[str]:
        """Stop what is under way there and take it back; answers what could not be, as sentences."""

    async def clearable(self) -> list[Clearable]:
        """What a cleanup could end, with the reason and what it would lose. Changes nothing."""

    async def clear(
        self, ids: Sequence[SessionId], *, keeping: Collection[SessionId], told: Callable[[Cleared], None]
    ) -> None:
        """End these of the clearable; work of those in `keeping` is kept as a commit first, all others must hold none.

        Cancelled, it finishes the one it is at and leaves the rest.
        """

    # Lists to choose from

    async def directories(self) -> list[Directory]:
        """Where a session could start: repositories first, then recent places."""

    async def tools(self) -> Tools:
        """The agents that are installed, by the names `new --tool` takes."""

    async def projects(self, near: SessionId | None = None) -> Mapping[str, str]:
        """The projects a worker can be spawned in, each with its usual agent; first the one that session works in."""

    async def issues(self, project: str) -> Issues:
        """The open issues of a project's tracker."""

    async def activity(self, query: ActivityQuery) -> list[Activity]:
        """The activity log."""

    # Settings

    def preferences(self) -> Preferences:
        """What the operator set for the console."""

    def remember(self, **values: str | None) -> None:
        """Keep `theme`, `preview`, `grouping`, `selected` or `card` for the next time. Never blocks."""

    async def settings(self) -> list[Setting]:
        """Every setting that the console can show."""

    async def change_setting(self, key: str, value: str) -> None:
        """Set one; SettingsError when the value does not fit."""
