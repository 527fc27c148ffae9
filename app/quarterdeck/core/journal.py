"""The journal of operations that make or end things: what was begun, and how to leave the world whole after a crash.

Each step is written down before it is done. A step that is in the journal may or may not have happened, so every
remedy has to bear being applied to something that is not there.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from quarterdeck.core.session import SessionId


class Operation(StrEnum):
    """What was being done."""

    SPAWN = "spawn"
    KILL = "kill"
    RESTORE = "restore"


class Step(StrEnum):
    """A point that was reached, in the order in which an operation reaches them."""

    RESERVED = "reserved"
    """The identity is ours."""
    WORKTREE = "worktree"
    """The worktree is about to be made or brought back."""
    FILES = "files"
    """Prompt files and the like are about to be written."""
    LAUNCH = "launch"
    """The tmux session is about to be started."""
    END_RUNTIME = "end_runtime"
    """The tmux session is about to be ended."""
    KEEP = "keep"
    """Work that is not committed is about to be kept."""
    REMOVE_WORKTREE = "remove_worktree"
    """The worktree is about to be removed; the operator has agreed to what that loses."""
    RECORD = "record"
    """Everything is done; the outcome is about to be written."""


class JournalEntry(Struct, frozen=True, kw_only=True):
    """One operation under way."""

    id: int = 0
    operation: Operation
    session_id: SessionId
    project: str
    owner: str
    """The process at work: `<pid>:<its start>`."""
    began_at: datetime
    steps: tuple[Step, ...] = ()
    data: Mapping[str, str] = field(default_factory=dict)
    """What the remedies need: paths, names, the reason for the end."""


BROUGHT_BACK: Mapping[str, str] = {"worktree": "brought back"}
"""Said by a restore that makes the worktree again. Until its agent is started, it is not fit to be found there."""


class Presence(StrEnum):
    """Whether something is there. Not being able to ask is an answer of its own."""

    ALIVE = "alive"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Remedy(StrEnum):
    """One thing to do about an operation that was cut off."""

    WAIT = "wait"
    """Nothing can be known yet; look again later."""
    END_RUNTIME = "end_runtime"
    REMOVE_FILES = "remove_files"
    REMOVE_WORKTREE = "remove_worktree"
    """Only if nothing would be lost; it stays where it holds work."""
    RELEASE = "release"
    """Give the record up. The number is not used again."""
    MARK_RUNNING = "mark_running"
    MARK_LOST = "mark_lost"
    MARK_ENDED = "mark_ended"


def remedies(entry: JournalEntry, tmux: Presence) -> tuple[Remedy, ...]:
    """What makes the world whole again, in order. What had come to life is finished; the rest is undone."""
    begun = frozenset(entry.steps)
    if tmux is Presence.UNKNOWN and begun & {Step.LAUNCH, Step.END_RUNTIME}:
        return (Remedy.WAIT,)
    match entry.operation:
        case Operation.SPAWN:
            if Step.LAUNCH in begun and tmux is Presence.ALIVE:
                return (Remedy.MARK_RUNNING,)
            undo = (
                (Step.FILES, Remedy.REMOVE_FILES),
                (Step.WORKTREE, Remedy.REMOVE_WORKTREE),
                (Step.RESERVED, Remedy.RELEASE),
            )
            return tuple(remedy for step, remedy in undo if step in begun)
        case Operation.KILL:
            if not begun:
                return ()
            finish = [Remedy.END_RUNTIME] if tmux is Presence.ALIVE else []
            if entry.data.get("leftovers") != "leave":
                finish.append(Remedy.REMOVE_WORKTREE)
            return (*finish, Remedy.MARK_ENDED)
        case Operation.RESTORE:
            if Step.LAUNCH in begun:
                return (Remedy.MARK_RUNNING,) if tmux is Presence.ALIVE else (Remedy.MARK_LOST,)
            half_made = (Remedy.REMOVE_WORKTREE,) if BROUGHT_BACK.items() <= entry.data.items() else ()
            lost = (Remedy.MARK_LOST,) if Step.END_RUNTIME in begun and tmux is Presence.ABSENT else ()
            return (*half_made, *lost)
