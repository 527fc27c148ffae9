"""What we ask of a coding agent: the functions that tell what it is doing from outside."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct, field

from quarterdeck.ports.agent_spec import Permissions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import date, datetime
    from pathlib import Path

    from quarterdeck.core.reading import Reading
    from quarterdeck.core.report import Report, ReportState
    from quarterdeck.core.transcript import TranscriptView
    from quarterdeck.core.typed_text import InputHabits
    from quarterdeck.ports.agent_process import AgentHome, Program
    from quarterdeck.ports.agent_service import AgentService
    from quarterdeck.ports.agent_spec import AgentSpec


class ScreenLook(Struct, frozen=True, kw_only=True):
    """A rendered screen and what is known beside it."""

    text: str
    """As captured; colours may be in it."""
    at: datetime
    title: str = ""
    still_for: float | None = None
    """Seconds since the pane last showed something new; None = not known."""


class BoxState(StrEnum):
    """Whether an agent's input line is there."""

    OPEN = "open"
    COVERED = "covered"
    """A dialog, a menu or its start has the screen."""
    UNKNOWN = "unknown"
    """We cannot tell for this agent."""


class Box(Struct, frozen=True, kw_only=True):
    """An agent's input line, as the screen shows it."""

    state: BoxState
    text: str = ""
    """What has been typed and not submitted; the hint that an empty one shows is left out."""
    queueing: bool = False
    """Whether the screen shows messages that wait for the turn to be over."""


class Launch(Struct, frozen=True, kw_only=True):
    """How an agent shall be started."""

    cwd: Path
    prompt: str = ""
    system_prompt: str = ""
    model: str = ""
    permissions: Permissions = Permissions.DEFAULT
    session_id: str = ""
    """Conversation id to use, for agents that take one; to continue with, in `resume`."""
    spool: Path | None = None
    """Where its hooks shall report to; None = it gets no hooks."""
    files: Path | None = None
    """A folder of ours for files that this launch needs; None = none can be written."""
    extra: tuple[str, ...] = ()
    """Further words for the command line."""


class LaunchPlan(Struct, frozen=True, kw_only=True):
    """A command line, and what has to be true around it."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[Path, str] = field(default_factory=dict)
    """Text files to be written before the start (0600)."""
    paste: str = ""
    """Prompt still to be delivered, when the command line does not carry it."""
    session_id: str = ""
    """The conversation's id, when it is known in advance."""


def backup_path(path: Path) -> Path:
    """Where the user's file is kept as it was before our hooks came."""
    return path.with_name(path.name + ".before-quarterdeck")


class HookPlan(Struct, frozen=True, kw_only=True):
    """A change to one file that makes an agent report, or stops it."""

    path: Path
    before: str | None
    """Text now; None = there is no such file."""
    after: str | None
    """Text wanted; None = the file shall go."""
    files: Mapping[Path, str] = field(default_factory=dict)
    """Files of ours that the hooks run, to be written before (0600)."""
    is_ours: bool = False
    """Whether something of ours is in it now."""
    note: str = ""
    """What the operator has to do besides."""

    @property
    def changes(self) -> bool:
        """Whether anything has to be done."""
        return self.before != self.after


class HookStatus(StrEnum):
    """Whether an agent reports to us."""

    INSTALLED = "installed"
    OUTDATED = "outdated"
    ABSENT = "absent"
    UNSUPPORTED = "unsupported"


class Transcript(Protocol):
    """One session's transcript, read as it grows. Blocking: call it from a thread. Not to be shared by threads."""

    @property
    def path(self) -> Path | None:
        """The file it reads, once found."""

    def read(self) -> TranscriptView | None:
        """Take in what was appended since; None while there is no transcript."""

    def close(self) -> None:
        """Let go of the file, so that another session may claim it."""


class Claims(Protocol):
    """Which transcript belongs to which session, so that two sessions in one folder never share one."""

    def claim(self, path: Path, owner: object) -> bool:
        """Take a file; False when somebody else holds it."""

    def release(self, owner: object) -> None:
        """Give up whatever this owner holds."""


class RulesInfo(Struct, frozen=True, kw_only=True):
    """By which rules an agent's screen and title are read."""

    date: date
    """When they were last looked over."""
    versions: tuple[str, ...] = ()
    """The agent's versions that they were made with."""
    file: Path | None = None
    is_own: bool = False
    """Whether the operator wrote them."""


class AgentTraces(Struct, frozen=True, kw_only=True):
    """What an agent keeps of one moment beside its transcript, or in the place of one."""

    files: tuple[Path, ...] = ()
    rows: tuple[Mapping[str, object], ...] = ()
    """Of its database, each with its `table`."""


NO_TRACES = AgentTraces()


class Agent(Protocol):
    """One kind of agent."""

    @property
    def spec(self) -> AgentSpec:
        """Its descriptor."""

    @property
    def service(self) -> AgentService | None:
        """The agent's own service, as far as we know how to ask it."""

    def may_serve(self) -> bool:
        """Whether its service may have conversations that no pane shows. Quick, and loads nothing."""

    @property
    def rules(self) -> RulesInfo | None:
        """By which rules its screen and title are read; None where they are not in a file. Blocking, short."""

    def read_screen(self, look: ScreenLook) -> Reading | None:
        """What the rendered screen says; None when it says nothing certain. Pure."""

    def read_box(self, look: ScreenLook) -> Box:
        """What its input line holds; the screen should be captured with its colours. Pure."""

    def read_title(self, title: str, *, at: datetime, still_for: float | None = None) -> Reading | None:
        """What the pane's title says. Pure."""

    def read_report(self, held: ReportState, report: Report) -> ReportState:
        """Fold one hook report in. Pure."""

    def read_registry(
        self, program: Program, *, at: datetime, home: AgentHome | None = None, conversation: str = ""
    ) -> Reading | None:
        """What the agent's own registry, or its service, says of a live process, or of the conversation it is in.

        Blocking, short.
        """

    def conversation(
        self, program: Program, *, home: AgentHome | None = None, title: str = "", screen: str = ""
    ) -> str:
        """The agent's own id of the conversation a live process is in; "" when it cannot be told. Blocking, short.

        The title of its terminal may help to tell, and what the terminal shows. It is `UNBEGUN` for one in which
        nothing has been said, and that has no id yet.
        """

    def files(self, program: Program, *, home: AgentHome | None = None) -> tuple[Path, ...]:
        """The files beside the transcript in which a live process says what it does."""

    def transcript(
        self,
        *,
        cwd: str,
        claims: Claims,
        session_id: str = "",
        since: datetime | None = None,
        path: Path | None = None,
        home: AgentHome | None = None,
    ) -> Transcript | None:
        """A reader for a session's transcript; None when the agent keeps none that we can read.

        Without an id it is one of the folder's; one that was not written `since` the program started is another's.
        """

    def habits(self, *, cwd: str, home: AgentHome | None = None) -> InputHabits:
        """What it makes of words there, the operator's own slash commands among those it knows. Blocking, short."""

    def traces(
        self, program: Program, conversation: str, *, transcript: Path | None, home: AgentHome | None = None
    ) -> AgentTraces:
        """What it keeps of this moment, for a recording. Blocking, short."""

    def launch(self, wanted: Launch) -> LaunchPlan:
        """How to start it. Pure."""

    def resume(self, wanted: Launch) -> LaunchPlan | None:
        """How to continue conversation `wanted.session_id`; None when it cannot be. Pure."""

    def hook_plan(self, *, install: bool, spool: Path, home: AgentHome | None = None) -> HookPlan | None:
        """The change to the user's own file that installs or removes our hooks; None when it has none."""

    def hook_status(self, *, spool: Path, home: AgentHome | None = None) -> HookStatus:
        """Whether the user's own file holds our hooks."""

    def hook_file(self, *, home: AgentHome | None = None) -> Path | None:
        """The user's own file that holds our hooks, or would; None when it has none."""


class Agents(Protocol):
    """Every kind of agent we know."""

    def all(self) -> Sequence[Agent]:
        """All of them, the user's own first."""

    def get(self, name: str) -> Agent | None:
        """By key, shown name or command; letters' case does not matter."""

    def detect(self, programs: Iterable[Program]) -> tuple[Agent, Program] | None:
        """The agent among a pane's processes (nearest to the shell first), and its process."""

    def names(self) -> Collection[str]:
        """All keys."""

    def read_stranger(self, look: ScreenLook) -> Reading | None:
        """What the title and the screen of a program say that is none of them; None when that is nothing. Pure."""
