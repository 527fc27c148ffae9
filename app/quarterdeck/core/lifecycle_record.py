"""The lifecycle as it is kept: read tolerantly, written whole, synthesised where there is none."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec.structs import asdict

from quarterdeck.core.lifecycle import (
    VERSION,
    Lifecycle,
    PrPart,
    PrReason,
    PrState,
    RuntimePart,
    RuntimeReason,
    RuntimeState,
    WorkPart,
    WorkReason,
    WorkState,
    initial,
)
from quarterdeck.core.pull_request import parse_pull_request
from quarterdeck.core.times import parse_time, show_time
from quarterdeck.core.work import Role, WorkStatus, parse_status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Part = TypeVar("Part", WorkPart, PrPart, RuntimePart)


class _Invalid(ValueError):
    """A kept value that cannot be what we wrote."""


def dump(lifecycle: Lifecycle) -> dict[str, Any]:
    """The lifecycle as plain JSON values."""
    return {
        "version": VERSION,
        "session": _dump(lifecycle.session),
        "pr": _dump(lifecycle.pr),
        "runtime": _dump(lifecycle.runtime),
    }


def parse(value: object, fallback: Lifecycle) -> Lifecycle:
    """Read a kept lifecycle.

    Valid fields win, explicit nulls included; missing ones come from `fallback`; a value that is not a lifecycle at
    all, or holds an impossible field, counts for nothing as a whole.
    """
    try:
        if not isinstance(value, dict) or value.get("version", VERSION) != VERSION:
            return fallback
        return Lifecycle(
            session=_part(fallback.session, value.get("session", {}), _SESSION),
            pr=_part(fallback.pr, value.get("pr", {}), _PR),
            runtime=_part(fallback.runtime, value.get("runtime", {}), _RUNTIME),
        )
    except _Invalid:
        return fallback


_FROM_STATUS: dict[WorkStatus, tuple[WorkState, WorkReason]] = {
    WorkStatus.SPAWNING: (WorkState.NOT_STARTED, WorkReason.SPAWN_REQUESTED),
    WorkStatus.NEEDS_INPUT: (WorkState.NEEDS_INPUT, WorkReason.AWAITING_USER_INPUT),
    WorkStatus.STUCK: (WorkState.STUCK, WorkReason.PROBE_FAILURE),
    WorkStatus.ERRORED: (WorkState.TERMINATED, WorkReason.ERROR_IN_PROCESS),
    WorkStatus.KILLED: (WorkState.TERMINATED, WorkReason.MANUALLY_KILLED),
    WorkStatus.TERMINATED: (WorkState.TERMINATED, WorkReason.MANUALLY_KILLED),
    WorkStatus.CLEANUP: (WorkState.TERMINATED, WorkReason.MANUALLY_KILLED),
    WorkStatus.DONE: (WorkState.DONE, WorkReason.RESEARCH_COMPLETE),
    WorkStatus.MERGED: (WorkState.IDLE, WorkReason.MERGED_WAITING_DECISION),
    WorkStatus.IDLE: (WorkState.IDLE, WorkReason.AWAITING_EXTERNAL_REVIEW),
}


def synthesise(
    *,
    session_id: str,
    status: str,
    now: datetime,
    kind: Role | None = None,
    role: str | None = None,
    pr_url: str | None = None,
    created_at: datetime | None = None,
) -> Lifecycle:
    """Make a lifecycle out of what a record without one tells."""
    known = parse_status(status)
    is_lead = role == Role.ORCHESTRATOR or session_id.endswith("-orchestrator")
    state, reason = _FROM_STATUS.get(known, (WorkState.WORKING, WorkReason.TASK_IN_PROGRESS))
    at = created_at or now
    pr = PrPart()
    number = found.number if pr_url and (found := parse_pull_request(pr_url)) else None
    if known is WorkStatus.MERGED:
        pr = PrPart(state=PrState.MERGED, reason=PrReason.MERGED, number=number, url=pr_url or None)
    elif pr_url:
        pr = PrPart(state=PrState.OPEN, reason=PrReason.IN_PROGRESS, number=number, url=pr_url)
    return Lifecycle(
        session=WorkPart(
            kind=kind or (Role.ORCHESTRATOR if is_lead else Role.WORKER),
            state=state,
            reason=reason,
            started_at=None if known is WorkStatus.SPAWNING else at,
            completed_at=at if state is WorkState.DONE else None,
            terminated_at=at if state is WorkState.TERMINATED else None,
            last_transition_at=at,
        ),
        pr=pr,
        runtime=initial(Role.WORKER, now).runtime,
    )


def _dump(part: WorkPart | PrPart | RuntimePart) -> dict[str, object]:
    return {name: _plain(held) for name, held in asdict(part).items()}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return show_time(value)
    return value.value if isinstance(value, StrEnum) else value


def _one_of(kind: type[StrEnum]) -> Callable[[object], object]:
    def read(value: object) -> object:
        if not isinstance(value, str):
            raise _Invalid
        try:
            return kind(value)
        except ValueError as error:
            raise _Invalid from error

    return read


def _text(value: object) -> object:
    if value is not None and not isinstance(value, str):
        raise _Invalid
    return value


def _number(value: object) -> object:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise _Invalid
    return value


_SESSION: dict[str, Callable[[object], object]] = {
    "kind": _one_of(Role),
    "state": _one_of(WorkState),
    "reason": _one_of(WorkReason),
    "started_at": parse_time,
    "completed_at": parse_time,
    "terminated_at": parse_time,
    "last_transition_at": parse_time,
}
_PR: dict[str, Callable[[object], object]] = {
    "state": _one_of(PrState),
    "reason": _one_of(PrReason),
    "number": _number,
    "url": _text,
    "last_observed_at": parse_time,
}
_RUNTIME: dict[str, Callable[[object], object]] = {
    "state": _one_of(RuntimeState),
    "reason": _one_of(RuntimeReason),
    "last_observed_at": parse_time,
    "handle": _text,
    "tmux_name": _text,
}


def _part(fallback: Part, value: object, readers: Mapping[str, Callable[[object], object]]) -> Part:
    if not isinstance(value, dict):
        raise _Invalid
    known: dict[str, Any] = {name: read(value[name]) for name, read in readers.items() if name in value}
    whole: dict[str, Any] = asdict(fallback) | known
    return type(fallback)(**whole)
