"""The fields of a session in one table: who sets each, from what, where it is kept and who is told of it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


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
    SessionField("pane_id", _LOOK, "pane_id of the bound pane, else of the one shown", follows=False),
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
    SessionField("limited_until", _RUNS, "the agent's words or its service", StoredIn.STATUS),
    SessionField(
        "subagents", _RUNS, "the transcript, and the files of subagents; else the agent's report", StoredIn.STATUS
    ),
    SessionField("window_index", _LOOK, "window_index", follows=False),
    SessionField("window_name", _LOOK, "window_name, where automatic-rename is off", follows=False),
    SessionField("pane_index", _LOOK, "pane_index", follows=False),
    SessionField("rows_in_session", _LOOK, "the rows of the same tmux session", follows=False),
    SessionField("kind", _IDENTITY, "tmux, or an agent's own service"),
    SessionField("tmux_id", _LOOK, "session_id", StoredIn.COLUMN, follows=False, is_public=False),
    SessionField("incarnation", _LOOK, "the server's pid and start", StoredIn.COLUMN, follows=False, is_public=False),
    SessionField(
        "bound_pane", _LOOK, "the pane an agent was found in", StoredIn.COLUMN, follows=False, is_public=False
    ),
    SessionField("rows_in_window", _LOOK, "the rows of the same window", follows=False, is_public=False),
    SessionField("windows_alike", _LOOK, "the windows of the same name", follows=False, is_public=False),
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
