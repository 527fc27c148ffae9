"""Work records as text, and back: checked, since the file may have been written by anybody."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from msgspec import convert
from msgspec.structs import asdict

from quarterdeck.core.lifecycle import dump, parse, synthesise
from quarterdeck.core.times import show_time
from quarterdeck.core.work_record import WorkRecord
from quarterdeck.errors import StoreError


class BadWork(StoreError):
    """A kept record that cannot be one."""


class _Kept(WorkRecord, frozen=True, kw_only=True):
    """A record as it is kept. What is missing takes its default, and what is not known is left out."""

    lifecycle: Any = None
    status: str = "spawning"
    """Only of records without a lifecycle."""


def write_work(record: WorkRecord) -> str:
    """A record as JSON. Its status is not written: it follows from the lifecycle."""
    kept = asdict(record).items()
    value: dict[str, Any] = {name: show_time(held) if isinstance(held, datetime) else held for name, held in kept}
    value["lifecycle"] = dump(record.lifecycle)
    value["prs"] = [pr.as_json() for pr in record.prs]
    value["extra"] = dict(record.extra)
    del value["session_id"]
    # A lone surrogate in what a tracker or a prompt said must not make the record unwritable.
    return json.dumps(value, ensure_ascii=True)


def read_work(session_id: str, body: str) -> WorkRecord:
    """A record as kept; raises BadWork when it cannot be one."""
    try:
        row = convert(json.loads(body) | {"session_id": session_id}, _Kept, strict=False)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise BadWork(str(error)) from error
    created_at = row.created_at.replace(tzinfo=row.created_at.tzinfo or UTC).astimezone(UTC)
    fallback = synthesise(
        session_id=session_id,
        status=row.status,
        role=row.role,
        pr_url=row.prs[0].url if row.prs else None,
        at=created_at,
    )
    kept = {name: getattr(row, name) for name in WorkRecord.__struct_fields__}
    return WorkRecord(**kept | {"lifecycle": parse(row.lifecycle, fallback), "created_at": created_at})
