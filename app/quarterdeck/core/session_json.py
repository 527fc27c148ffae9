"""Sessions and events as scripts see them: plain values for JSON, in the shapes that the contract fixes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import asdict

from quarterdeck.core import events
from quarterdeck.core.redact import masked_session, masked_values
from quarterdeck.core.session import RowKind
from quarterdeck.core.session_fields import FIELDS
from quarterdeck.core.times import EPOCH, rfc3339

if TYPE_CHECKING:
    from quarterdeck.core.session import Session

SESSION_FIELDS = (*(field.name for field in FIELDS if field.is_public), "place")
"""What of a session is told; the place is made of three other fields."""
OF_PANES = ("tmux_name", "tmux_server", "window_index", "window_name", "pane_index", "rows_in_session", "place")
"""What an agent without a pane has nothing of."""
ASK_FIELDS = ("kind", "text", "choices", "since")
SUBAGENT_FIELDS = ("name", "state", "thought")
EVENT_NAMES: Mapping[type[events.Event], str] = {
    events.SessionCreated: "session.created",
    events.SessionChanged: "session.changed",
    events.SessionDeleted: "session.deleted",
    events.SessionStale: "session.stale",
    events.SessionForgotten: "session.forgotten",
    events.ServerChanged: "server.changed",
    events.LookSucceeded: "look.succeeded",
    events.LookFailed: "look.failed",
    events.ThemeFound: "theme.found",
    events.WorkerHealth: "worker.health",
}
"""Those that scripts are told."""


def to_wire(session: Session) -> dict[str, object]:
    """The contract's session object, without secrets."""
    session = masked_session(session)
    wire: dict[str, object] = {name: plain(getattr(session, name)) for name in SESSION_FIELDS}
    if not session.session_id:
        wire["session_id"] = None
    if session.last_activity_at == EPOCH:
        wire["last_activity_at"] = None
    if session.kind is RowKind.DETACHED:
        wire |= dict.fromkeys(OF_PANES)
    wire["subagents"] = [{name: plain(getattr(each, name)) for name in SUBAGENT_FIELDS} for each in session.subagents]
    if session.asks is not None:
        wire["asks"] = {name: plain(getattr(session.asks, name)) for name in ASK_FIELDS}
    return wire


def event_to_wire(event: events.Event) -> dict[str, object]:
    """An event as one object: its name, its time, and what it is about."""
    head: dict[str, object] = {"event": EVENT_NAMES[type(event)], "at": rfc3339(event.at)}
    match event:
        case events.SessionCreated(session=session):
            about: dict[str, object] = {"reason": event.reason.value, "repo_theme": plain(event.theme)}
        case events.SessionChanged(before=before, after=session):
            old, new = to_wire(before), to_wire(session)
            changed = [name for name in SESSION_FIELDS if old[name] != new[name]]
            about = {"changed": changed, "state": new["state"], "previous_state": old["state"]}
        case events.SessionDeleted(session=session):
            about = {
                "reason": event.reason.value,
                "delete_mode": event.mode.value,
                "tmux_session_alive": event.tmux_session_alive,
                "exit_status": session.exit_status,
            }
        case events.SessionStale(session=session):
            about = {}
        case events.LookSucceeded():
            return head
        case _:
            return head | {name: masked_values(plain(held)) for name, held in asdict(event).items() if name != "at"}
    return head | {"session_id": session.session_id} | about | {"session": to_wire(session)}


def plain(value: object) -> object:
    """A value as JSON has it: records as objects, sequences as lists, times as text, names of enums as their values."""
    match value:
        case Enum():
            return value.value
        case datetime():
            return rfc3339(value)
        case Mapping():
            return {str(plain(key)): plain(each) for key, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(each) for each in (sorted(value) if isinstance(value, (set, frozenset)) else value)]
        case Struct():
            return {name: plain(held) for name, held in asdict(value).items()}
        case _:
            return value
