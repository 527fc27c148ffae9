"""Work records as text, and back: checked, since the file may have been written by anybody."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct, convert
from msgspec.structs import asdict

from quarterdeck.core.lifecycle import dump, parse, synthesise
from quarterdeck.core.pull_request import PullRequest  # noqa: TC001 — read at run time, with what is kept
from quarterdeck.core.session import SessionId
from quarterdeck.core.times import show_time
from quarterdeck.core.work import Role
from quarterdeck.core.work_record import WorkRecord
from quarterdeck.errors import StoreError
from quarterdeck.values import replace


class BadWork(StoreError):
    """A kept record that cannot be one."""


class _Work(Struct, kw_only=True):
    """What is kept of one. What is missing takes its default, and what is not known is left out."""

    project: str
    role: Role = Role.WORKER
    agent: str = ""
    model: str | None = None
    status: str = "spawning"
    """Only of records without a lifecycle."""
    lifecycle: Any = None
    repository: str = ""
    worktree: str | None = None
    branch: str | None = None
    tmux_server: str = ""
    tmux_name: str | None = None
    issue: str | None = None
    issue_title: str | None = None
    prompt: str | None = None
    display_name: str | None = None
    is_named_by_user: bool = False
    prs: tuple[PullRequest, ...] = ()
    finds_prs: bool = True
    agent_session_id: str | None = None
    restore_fallback: str | None = None
    created_at: datetime
    restored_at: datetime | None = None
    last_active_at: datetime | None = None
    report_state: str | None = None
    report_note: str = ""
    reported_at: datetime | None = None
    kept_ref: str | None = None
    extra: dict[str, str] = {}


def write_work(record: WorkRecord) -> str:
    """A record as JSON. Its status is not written: it follows from the lifecycle."""
    value: dict[str, Any] = {}
    for name, held in asdict(record).items():
        value[name] = show_time(held) if isinstance(held, datetime) else held
    value["lifecycle"] = dump(record.lifecycle)
    value["prs"] = [pr.as_json() for pr in record.prs]
    value["extra"] = dict(record.extra)
    del value["session_id"]
    # A lone surrogate in what a tracker or a prompt said must not make the record unwritable.
    return json.dumps(value, ensure_ascii=True)


def read_work(session_id: str, body: str) -> WorkRecord:
    """A record as kept; raises BadWork when it cannot be one."""
    try:
        row = convert(json.loads(body), _Work, strict=False)
    except (ValueError, OverflowError, RecursionError) as error:
        raise BadWork(str(error)) from error
    created_at = row.created_at.replace(tzinfo=row.created_at.tzinfo or UTC).astimezone(UTC)
    fallback = synthesise(
        session_id=session_id,
        status=row.status,
        role=row.role,
        pr_url=row.prs[0].url if row.prs else None,
        at=created_at,
    )
    record = WorkRecord(
        session_id=SessionId(session_id),
        project=row.project,
        lifecycle=parse(row.lifecycle, fallback),
        created_at=created_at,
    )
    plain = set(_Work.__struct_fields__) - {"status", "lifecycle", "created_at", "project"}
    known: dict[str, Any] = {name: getattr(row, name) for name in plain}
    return replace(record, **known)
