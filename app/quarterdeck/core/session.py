"""A session: one row of the table, and every value it can take."""

from __future__ import annotations

from enum import StrEnum
from typing import NewType

from msgspec import Struct

from quarterdeck.core.pane import PaneId, TmuxSessionId  # noqa: TC001 — read at run time, with what is kept
from quarterdeck.core.subagent import Subagent  # noqa: TC001 — read at run time, with what is kept
from quarterdeck.core.times import EPOCH, AwareTime
from quarterdeck.core.work import Work  # noqa: TC001 — read at run time, with what is kept

SessionId = NewType("SessionId", str)
"""Ours: `sess_<n>`, `<prefix>-<n>` or `<prefix>-orchestrator`. Never used twice."""
DEFAULT_CONTEXT_LIMIT = 128_000


class RowKind(StrEnum):
    """Where what a row shows runs."""

    PANE = "pane"
    DETACHED = "detached"
    """An agent that no pane shows: it runs behind its own service."""


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
    """Everything known of one session. The fields up to `kind` are the contract's session object."""

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
    limited_until: AwareTime | None = None
    """When the usage limit ends that its agent has met; it rests until then, and needs nobody."""
    subagents: tuple[Subagent, ...] = ()
    """What its agent runs besides itself."""
    window_index: int = 0
    window_name: str | None = None
    """As somebody called it; None while tmux names it after its program."""
    pane_index: int = 0
    rows_in_session: int = 1
    """How many rows its tmux session has."""
    kind: RowKind = RowKind.PANE

    # Not part of the session object:
    tmux_id: TmuxSessionId | None = None
    """tmux's own id; with `incarnation` it tells two sessions of one name apart."""
    incarnation: str = ""
    bound_pane: PaneId | None = None
    """The pane it follows, for an agent was found there. None: it shows whichever pane its tmux session shows."""
    rows_in_window: int = 1
    """How many rows stand in its window."""
    windows_alike: int = 1
    """How many windows with rows its tmux session has that are called as its own is."""
    pid: int = 0
    """Process of its pane."""
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
    def place(self) -> str:
        """Where its pane is, as tmux targets say it: session name, window and pane."""
        return f"{self.tmux_name}:{self.window_index}.{self.pane_index}"

    @property
    def status_words(self) -> str:
        """How its program ended, to stand behind the reason; a signal (below zero) tells nobody anything."""
        return "" if self.exit_status is None or self.exit_status < 0 else f", status {self.exit_status}"

    @property
    def state_word(self) -> str:
        """Its state as lists name it, with a `?` while it is not certain."""
        word = "stale" if self.is_stale else "limited" if self.is_limited else self.state.value
        return word if self.is_certain else f"{word}?"

    @property
    def is_limited(self) -> bool:
        """Whether it stands still until its agent's usage limit ends."""
        return self.limited_until is not None and self.state is SessionState.IDLE and self.needs is None

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
