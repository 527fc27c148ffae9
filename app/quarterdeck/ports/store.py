"""What we ask of the place where state lasts.

Sessions and what became of them; messages that wait (none is lost, none goes twice, each session's keep their order);
and spawned work (records, ids that are never reused, and the journal).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from quarterdeck.core.journal import JournalEntry, Operation, Step
    from quarterdeck.core.place_match import SeenPlace
    from quarterdeck.core.session import ExitReason, Session, SessionId
    from quarterdeck.core.thought import ThoughtSnapshot, ThoughtUpdate
    from quarterdeck.core.work_record import WorkRecord


class Claim(StrEnum):
    """How a seen place got its identity."""

    KNOWN = "known"
    """This very place was bound already."""
    REVIVED = "revived"
    """A stale identity took it over."""
    NEW = "new"


class Identity(Struct, frozen=True):
    """Who a seen place is."""

    session_id: SessionId
    claim: Claim


class Level(StrEnum):
    """How much an activity event matters."""

    DEBUG = "debug"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"


class Activity(Struct, frozen=True, kw_only=True):
    """One line of the activity log."""

    kind: str
    """`noun.verb`, such as `session.created`."""
    at: datetime
    level: Level = Level.INFO
    source: str = ""
    session_id: str | None = None
    project: str | None = None
    summary: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    id: int = 0
    """Given by the store; grows."""


class ActivityQuery(Struct, frozen=True, kw_only=True):
    """Which activity is wanted; None = any."""

    session_id: str | None = None
    project: str | None = None
    kind: str | None = None
    """Exact, or a prefix ending in `.*`."""
    level: Level | None = None
    """This level and above."""
    since: datetime | None = None
    search: str | None = None
    after_id: int = 0
    limit: int = 500


class StoreHealth(Struct, frozen=True, kw_only=True):
    """How the store is doing."""

    ok: bool = True
    pending: int = 0
    """Writes held in memory until they can be made."""
    error: str = ""
    notice: str = ""
    """Something to be said once, such as a damaged file set aside."""
    unkept: frozenset[SessionId] = frozenset()
    """Identities that were given in memory, and are not on disk yet."""
    dropped: int = 0
    """Activity that was given up because too much had to wait."""


class Store(Protocol):
    """State shared by every console and command. Each method is one transaction; processes may race, none loses."""

    async def claim(self, server: str, incarnation: str, places: Sequence[SeenPlace]) -> dict[str, Identity]:
        """Give each seen place its identity, by its key.

        The one bound to it in this run of the server wins, else a waiting one of the same server that comes back there
        for certain, else a new `sess_<n>`. A name that was reserved goes to its reservation. Left out of the answer are
        places the operator asked us to forget, those that ended a moment ago (an older look still shows them), and all
        of them when the look is of a run of the server that another has followed. Two processes that claim the same
        place get the same answer.
        """

    async def move(self, rows: Iterable[Session]) -> None:
        """Note where live rows are by now: in which tmux session, and whether they have a pane of their own."""

    async def reserve(self, server: str, tmux_name: str, session_id: SessionId | None = None) -> SessionId:
        """Keep an identity for a tmux session about to be made under this name, on disk when this returns.

        It is the one given; else the stale one that waits for the name; else a fresh one. Raises Refused when it is
        live, or the name is reserved already, and StoreError when it cannot be kept.
        """

    async def release(self, session_id: SessionId) -> None:
        """Give a reservation up: a kept identity is as it was before, a fresh one is never used again."""

    async def has_work(self) -> bool:
        """Whether there is a record of spawned work."""

    async def sessions(self, server: str | None = None) -> list[Session]:
        """Every kept session: live, stale and exited. A row that does not validate is set aside, never fatal."""

    async def checkpoint(self, sessions: Iterable[Session]) -> None:
        """Save what was observed of live sessions. Never brings back one that has ended meanwhile."""

    async def stale(self, sessions: Iterable[Session]) -> None:
        """Keep these identities for when a session of that name comes back."""

    async def end(self, sessions: Iterable[Session], reason: ExitReason, *, goes_on: bool = False) -> list[SessionId]:
        """Mark as ended; answers those this call ended (another process may have been first).

        `goes_on`: their tmux sessions do, and what stands there next is another.
        """

    async def forget(self, session_id: SessionId, *, is_merged: bool = False) -> None:
        """Stop watching a place without ending it; it is not adopted again by discovery.

        One that `is_merged` into the other rows of its tmux session leaves those as they are.
        """

    async def adopt(
        self,
        server: str,
        incarnation: str,
        place: SeenPlace,
        session_id: SessionId | None,
        *,
        is_restored: bool = False,
    ) -> Identity:
        """Bind a place to a stale identity (or a fresh one); raises Refused or NotFound with the reason.

        One that `is_restored` in a pane that was made for it may also have ended.
        """

    async def save_thought(self, update: ThoughtUpdate) -> ThoughtSnapshot | None:
        """Judge an update by the delivery rule and keep it; None when it was dropped."""

    async def thoughts(self) -> dict[str, ThoughtSnapshot]:
        """The last accepted thought per key (session id or pane key)."""

    async def thought_history(self, key: str, limit: int = 10) -> list[ThoughtSnapshot]:
        """The latest distinct thoughts, newest first."""

    async def save_tails(self, tails: Mapping[SessionId, str]) -> None:
        """Keep the last lines of sessions (with their colours)."""

    async def tail(self, session_id: SessionId) -> str:
        """A session's last kept lines, "" when there are none."""

    async def record(self, activity: Activity) -> None:
        """Add to the activity log. Never raises into the operation it tells of."""

    async def activity(self, query: ActivityQuery) -> list[Activity]:
        """The activity log, newest first (oldest first when `after_id` is given)."""

    async def get_meta(self, key: str) -> str | None:
        """A small value kept by name."""

    async def console_session(self, server: str) -> str | None:
        """The session of a server that holds nothing but the console, or did when the console ended."""

    async def set_meta(self, key: str, value: str | None) -> None:
        """Keep a small value by name; None removes it."""

    async def keep_troubles(self, server: str, troubles: Mapping[str, str]) -> None:
        """Keep what is not well with whoever watches a server, by what it is wrong with."""

    async def note_heard(self, heard: Mapping[str, datetime]) -> None:
        """Keep when agents' hooks were heard, by the agents' keys; an earlier time than is kept changes nothing."""

    async def changed_elsewhere(self) -> bool:
        """Whether another process wrote since this was last asked; costs no query."""

    def health(self) -> StoreHealth:
        """How the store is doing now."""

    async def flush(self, timeout: float = 5.0) -> bool:
        """Wait until everything handed over is on disk; False when that took too long."""

    async def close(self) -> None:
        """Write what is pending and let go of the file."""


class Stage(StrEnum):
    """How far a message has come."""

    WAITING = "waiting"
    """Nothing of it has reached the session."""
    FOR_AGENT = "for_agent"
    """The same, and it is for an agent alone: whatever else runs there, such as a shell, must never get it."""
    TYPED = "typed"
    """It was put into the session's input line, or may have been: it must never be put there again."""


class Turn(StrEnum):
    """Whether a message may go now."""

    GO = "go"
    BUSY = "busy"
    """Another one for the session is being delivered this moment."""
    BEHIND = "behind"
    """Earlier ones for the session wait."""
    GONE = "gone"
    """It was withdrawn, or another process has delivered it."""


class Held(Struct, frozen=True, kw_only=True):
    """A message that has not been handed over yet."""

    id: int
    session_id: SessionId
    text: str
    at: datetime
    why: str = ""
    """Why it waits."""
    stage: Stage = Stage.WAITING
    is_sending: bool = False
    """Whether somebody is delivering it this moment."""
    as_command: bool = False
    """Whether it is typed untouched, whatever the agent makes of it."""


class MessageStore(Protocol):
    """Messages on their way. Each method is one transaction; processes may race."""

    async def post(
        self, session_id: SessionId, text: str, owner: str, stage: Stage = Stage.WAITING, *, as_command: bool = False
    ) -> Held:
        """Keep a message that `owner` is about to deliver."""

    async def turn(self, message_id: int, owner: str, *, overtake: bool = False) -> Turn:
        """Whether it is this message's turn; when it is, it is the owner's to deliver for the next two minutes."""

    async def typing(self, message_id: int) -> bool:
        """Note that it is about to be typed; False when somebody else has been there. On disk when this returns."""

    async def hold(self, message_id: int, why: str, stage: Stage | None = None) -> Held | None:
        """Let it wait, come as far as `stage` (None: as far as was noted); None when it is gone."""

    async def settle(self, message_id: int) -> None:
        """It is done with: its words are removed."""

    async def take(self, session_id: SessionId, owner: str) -> Held | None:
        """Take a session's oldest message for delivery; None when none waits, or one is being delivered."""

    async def waiting(self, session_id: SessionId | None = None, *, with_sending: bool = False) -> list[Held]:
        """What waits, oldest first; `with_sending`: also what is being delivered this moment."""

    async def rewrite(self, message_id: int, text: str) -> Held:
        """Change the words of one that waits; raises NotFound or Refused."""

    async def withdraw(self, message_id: int) -> Held:
        """Take back one that waits; raises NotFound or Refused."""


class WorkStore(Protocol):
    """Spawned work, shared by every console and command. Each method is one transaction; processes may race."""

    async def reserve_worker(
        self, draft: WorkRecord, prefix: str, taken: Collection[int], owner: str
    ) -> tuple[WorkRecord, JournalEntry]:
        """Give a draft the next `<prefix>-<n>`, above every number ever given and every one in `taken`.

        The record is kept and a spawn is begun in the journal, in one transaction.
        """

    async def reserve_orchestrator(self, draft: WorkRecord, owner: str) -> tuple[WorkRecord, JournalEntry]:
        """Keep a draft under the fixed id it carries; raises AlreadyReserved when a record of that id is kept."""

    async def work(self, session_id: SessionId) -> WorkRecord | None:
        """One record; None when there is none that can be read."""

    async def works(self, project: str | None = None) -> list[WorkRecord]:
        """Every record, oldest first. One that does not validate is set aside, never fatal."""

    async def change_work(self, session_id: SessionId, change: Callable[[WorkRecord], WorkRecord]) -> WorkRecord:
        """Read, change (purely) and keep one record, with nobody in between; raises NotFound when it is gone."""

    async def drop_work(self, session_id: SessionId) -> None:
        """Remove a record. Its number is not given again."""

    async def begin(
        self, operation: Operation, session_id: SessionId, project: str, owner: str, at: datetime
    ) -> JournalEntry:
        """Begin an operation on a session; raises AlreadyReserved while another one on it is in the journal."""

    async def step(self, entry: JournalEntry, step: Step, data: Mapping[str, str] | None = None) -> JournalEntry:
        """Note that a step is about to be done, with what its remedy needs. On disk when this returns."""

    async def finish(self, entry: JournalEntry) -> None:
        """The operation is over, one way or the other."""

    async def journal(self) -> list[JournalEntry]:
        """Every operation under way, oldest first."""

    async def take_over(self, entry: JournalEntry, owner: str) -> bool:
        """Make an entry ours; False when somebody else was first."""

    async def audit(self, session_id: SessionId, at: datetime, entry: Mapping[str, Any]) -> None:
        """Add to the trail of a session's own reports; the oldest go beyond 200 entries or 256 KiB."""
