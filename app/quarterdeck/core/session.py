"""A session: one row of the table, and every value it can take."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, NewType

from msgspec import Struct

from quarterdeck.core.pane import PaneId, TmuxSessionId  # noqa: TC001 — read at run time, with what is kept
from quarterdeck.core.subagent import Subagent  # noqa: TC001 — read at run time, with what is kept
from quarterdeck.core.times import EPOCH, AwareTime
from quarterdeck.core.work import Work  # noqa: TC001 — read at run time, with what is kept

SessionId = NewType("SessionId", str)
"""Ours: `sess_<n>`, `<prefix>-<n>` or `<prefix>-orchestrator`. Never used twice."""
DEFAULT_CONTEXT_LIMIT = 128_000


class SessionState(StrEnum):
    """What the session is doing."""

    IDLE = "idle"
    BUSY = "busy"
    ERROR = "error"
    ATTENTION = "attention"
    EXITED = "exited"


class ThoughtState(StrEnum):
    """Whether the objective moved with the last thought."""

    ACTIVE = "active"
    HOLDING = "holding"
    SLEEPING = "sleeping"


class ThoughtSource(StrEnum):
    """Where the thought line comes from."""

    CARRY_FORWARD = "carry_forward"
    LLM = "llm"
    STATIC_SLEEPING = "static_sleeping"


class RestState(StrEnum):
    """How deeply the session rests. Sleeping means it waits for the operator, never only that it is quiet."""

    ACTIVE = "active"
    DROWSY = "drowsy"
    SLEEPING = "sleeping"
    DEEP_SLEEP = "deep_sleep"


class TransportHealth(StrEnum):
    """How well we can watch the session."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    OVERLOADED = "overloaded"
    DISCONNECTED = "disconnected"


class Confidence(StrEnum):
    """How sure we are of a state."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Source(StrEnum):
    """The rung of the ladder a state comes from, best first."""

    HOOK = "hook"
    REGISTRY = "registry"
    TRANSCRIPT = "transcript"
    SIGNAL = "signal"
    SCREEN = "screen"
    PROCESS = "process"
    SILENCE = "silence"
    RESTORED = "restored"


class Need(StrEnum):
    """What a session wants of the operator."""

    PERMISSION = "permission"
    QUESTION = "question"
    FINISHED = "finished"
    ERROR = "error"


ASKING = frozenset({Need.PERMISSION, Need.QUESTION})
"""It waits for an answer."""


class ActionCueKind(StrEnum):
    """Facts a transcript shows that ask for an action."""

    AWAITING_USER = "awaiting_user"
    COMMIT_READY = "commit_ready"
    VALIDATION_MISSING_AFTER_EDIT = "validation_missing_after_edit"
    DIRTY_CHECK_MISSING = "dirty_check_missing"


class ExitReason(StrEnum):
    """Why a session is no longer live."""

    PROCESS_EXIT = "process_exit"
    STARTUP_MISSING_TMUX = "startup_missing_tmux"
    TMUX_RECONCILE_MISSING = "tmux_reconcile_missing"
    API_DELETE = "api_delete"


class Evidence(Struct, frozen=True, kw_only=True):
    """Why we believe a session's state."""

    cause: str
    confidence: Confidence = Confidence.LOW
    observed_at: AwareTime | None = None
    source: Source = Source.SILENCE
    detail: str = ""


class Ask(Struct, frozen=True, kw_only=True):
    """An open permission or question, as captured."""

    kind: Need
    text: str
    choices: tuple[str, ...] = ()
    since: AwareTime
    several: bool = False
    """Whether more than one of the choices may be taken."""
    to_write: int | None = None
    """The number of the choice that answers nothing by itself, but lets the operator write."""


class ActionCue(Struct, frozen=True, kw_only=True):
    """One transcript-backed reminder, with the facts behind it."""

    kind: ActionCueKind
    evidence: tuple[str, ...] = ()
    source: str = "transcript"
    confidence: str = "deterministic"
    status: str = "active"


class ShownAgent(Struct, frozen=True, kw_only=True):
    """What rows say of one kind of agent."""

    key: str
    """Its short name."""
    name: str
    context_limit: int


class Session(Struct, frozen=True, kw_only=True):
    """Everything known of one session. The fields up to `subagents` are the contract's session object."""

    session_id: SessionId
    tmux_name: str
    tmux_server: str
    pane_id: PaneId | None = None
    state: SessionState = SessionState.IDLE
    state_evidence: Evidence = Evidence(cause="initial_state")
    needs: Need | None = None
    asks: Ask | None = None
    current_command: str | None = None
    cwd: str = ""
    tool: str | None = None
    token_count: int = 0
    context_limit: int = DEFAULT_CONTEXT_LIMIT
    thought: str | None = None
    thought_state: ThoughtState = ThoughtState.HOLDING
    thought_source: ThoughtSource = ThoughtSource.CARRY_FORWARD
    thought_updated_at: AwareTime | None = None
    rest_state: RestState = RestState.ACTIVE
    commit_candidate: bool = False
    action_cues: tuple[ActionCue, ...] = ()
    objective_changed_at: AwareTime | None = None
    last_skill: str | None = None
    is_stale: bool = False
    attached_clients: int = 0
    transport_health: TransportHealth = TransportHealth.HEALTHY
    last_activity_at: AwareTime = EPOCH
    repo_theme_id: str | None = None
    cost_usd: float | None = None
    model: str | None = None
    work: Work | None = None
    conversation: str | None = None
    """The agent's own id of it, for resuming it."""
    subagents: tuple[Subagent, ...] = ()
    """What its agent runs besides itself."""

    # Not part of the session object:
    tmux_id: TmuxSessionId | None = None
    """tmux's own id; with `incarnation` it tells two sessions of one name apart."""
    incarnation: str = ""
    pid: int = 0
    """Process of the session's current pane."""
    created_at: AwareTime | None = None
    title: str = ""
    agent: str | None = None
    """Short name of the agent that `tool` names."""
    runs_agent: bool = False
    """Whether that agent is the program in front, and neither another one nor only its shell."""
    objective_fingerprint: str | None = None
    background_tasks: int = 0
    """Tasks that still run although the agent's turn is over."""
    held_messages: int = 0
    """Messages of the operator's that wait until they can be delivered."""
    exit_reason: ExitReason | None = None
    exit_status: int | None = None
    ended_at: AwareTime | None = None

    @property
    def status_words(self) -> str:
        """How its program ended, to stand behind the reason; a signal (below zero) tells nobody anything."""
        return "" if self.exit_status is None or self.exit_status < 0 else f", status {self.exit_status}"

    @property
    def state_word(self) -> str:
        """Its state as lists name it, with a `?` while it is not certain."""
        word = "stale" if self.is_stale else self.state.value
        return word if self.is_certain else f"{word}?"

    @property
    def is_certain(self) -> bool:
        """Whether the state may be shown without a question mark."""
        if self.ended_at is not None:
            return True
        return (
            self.state_evidence.confidence is not Confidence.LOW
            and self.transport_health is TransportHealth.HEALTHY
            and not self.is_stale
        )


class FieldOwner(StrEnum):
    """Who sets a field."""

    IDENTITY = "identity"
    """The store, when it gives the session its id."""
    LOOK = "look"
    """A look at tmux: `Seen`."""
    READING = "reading"
    """What was read of the agent or the program in its pane: `Conclusion`."""
    THOUGHT = "thought"
    """The last accepted word of a thought engine."""
    WORK = "work"
    """The record of a session we spawned: `Recorded`."""
    NOTE = "note"
    """What our own workers found out beside that."""
    END = "end"
    """`core/session_ends.py`: the session ended, or its tmux server did."""


class StoredIn(StrEnum):
    """Where the store has a field."""

    COLUMN = "column"
    """In a column of its own, which has the last word."""
    BODY = "body"
    STATUS = "status"
    """In the body, but whether the row is live, stale or ended has the last word."""


class SessionField(NamedTuple):
    """One field of a session."""

    name: str
    owners: tuple[FieldOwner, ...]
    """In the order in which they are asked: the last that has something to say of it wins."""
    source: str
    """Where the owners have it from."""
    kept: StoredIn = StoredIn.BODY
    follows: bool = True
    """Whether it is taken from the kept row while another process keeps the rows."""
    is_public: bool = True
    """Whether it belongs to the session object that scripts get."""


_ALL = (FieldOwner.LOOK, FieldOwner.READING, FieldOwner.WORK, FieldOwner.END)
_IDENTITY, _LOOK, _READING = (FieldOwner.IDENTITY,), (FieldOwner.LOOK,), (FieldOwner.READING,)
_THOUGHT, _LIFE = (FieldOwner.THOUGHT,), (FieldOwner.LOOK, FieldOwner.END)
_TOOL = (FieldOwner.READING, FieldOwner.NOTE)
_RUNS = (FieldOwner.LOOK, FieldOwner.READING, FieldOwner.END)
_LIMIT = (FieldOwner.READING, FieldOwner.THOUGHT, FieldOwner.NOTE)
_REST = (FieldOwner.LOOK, FieldOwner.READING, FieldOwner.THOUGHT, FieldOwner.END)

FIELDS = (
    SessionField("session_id", _IDENTITY, "the store, which gives no id twice", StoredIn.COLUMN),
    SessionField("tmux_name", _LOOK, "session_name", StoredIn.COLUMN, follows=False),
    SessionField("tmux_server", _IDENTITY, "the address that is watched", StoredIn.COLUMN),
    SessionField("pane_id", _LOOK, "pane_id of the shown pane", follows=False),
    SessionField("state", _ALL, "the best reading; a reported question; the end", StoredIn.STATUS),
    SessionField("state_evidence", _ALL, "the same"),
    SessionField("needs", _ALL, "the same", StoredIn.STATUS),
    SessionField("asks", _ALL, "the dialog on the screen, or what the agent reported to need", StoredIn.STATUS),
    SessionField("current_command", _LIFE, "pane_current_command", StoredIn.STATUS, follows=False),
    SessionField("cwd", _LOOK, "pane_current_path", follows=False),
    SessionField("tool", _TOOL, "the agent that runs, else the last that did"),
    SessionField("token_count", (FieldOwner.READING, FieldOwner.THOUGHT), "the transcript, the engine"),
    SessionField("context_limit", _LIMIT, "the transcript, the tool, the engine"),
    SessionField("thought", _THOUGHT, "the engine's line"),
    SessionField("thought_state", _THOUGHT, "the engine"),
    SessionField("thought_source", _THOUGHT, "the engine"),
    SessionField("thought_updated_at", _THOUGHT, "the engine"),
    SessionField("rest_state", _REST, "the engine, else how long it is idle", StoredIn.STATUS),
    SessionField("commit_candidate", _THOUGHT, "the engine"),
    SessionField("action_cues", _THOUGHT, "the engine"),
    SessionField("objective_changed_at", _THOUGHT, "the engine"),
    SessionField("last_skill", _READING, "what its operator typed"),
    SessionField("is_stale", _LIFE, "whether its tmux server is away", StoredIn.STATUS),
    SessionField("attached_clients", _LIFE, "list-clients", StoredIn.STATUS, follows=False),
    SessionField("transport_health", _LIFE, "whether tmux answers", StoredIn.STATUS, follows=False),
    SessionField("last_activity_at", _READING, "when its screen last changed"),
    SessionField("repo_theme_id", (FieldOwner.NOTE,), "the colours found upward from its folder"),
    SessionField("cost_usd", _READING, "the transcript"),
    SessionField("model", _READING, "the transcript, the agent's report"),
    SessionField("work", (FieldOwner.WORK,), "the work record"),
    SessionField("conversation", _READING, "the process, the agent's report, the transcript"),
    SessionField(
        "subagents", _RUNS, "the transcript, and the files of subagents; else the agent's report", StoredIn.STATUS
    ),
    SessionField("tmux_id", _LOOK, "session_id", StoredIn.COLUMN, follows=False, is_public=False),
    SessionField("incarnation", _LOOK, "the server's pid and start", StoredIn.COLUMN, follows=False, is_public=False),
    SessionField("pid", _LOOK, "pane_pid", follows=False, is_public=False),
    SessionField("created_at", _LOOK, "session_created", follows=False, is_public=False),
    SessionField("title", _LOOK, "pane_title", follows=False, is_public=False),
    SessionField("agent", _TOOL, "the short name of the tool", is_public=False),
    SessionField("runs_agent", _RUNS, "its process and the foreground command", StoredIn.STATUS, is_public=False),
    SessionField("objective_fingerprint", _THOUGHT, "the engine", is_public=False),
    SessionField("background_tasks", _READING, "the agent's report", is_public=False),
    SessionField("held_messages", (FieldOwner.NOTE,), "the messages that wait in the store", is_public=False),
    SessionField("exit_reason", _LIFE, "how it was found gone", StoredIn.STATUS, is_public=False),
    SessionField("exit_status", _LIFE, "pane_dead_status, or what the kernel told", StoredIn.STATUS, is_public=False),
    SessionField("ended_at", _LIFE, "the look that missed it", StoredIn.STATUS, is_public=False),
)
"""In the order of the class. Adding one: a field there, a row here, a line in `core/projection.py` or another owner."""
