"""Thought updates from an outside engine: one JSON object a line, judged one by one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from msgspec import Struct, field
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from quarterdeck.core.redact import redact
from quarterdeck.core.session import ActionCue, ActionCueKind, RestState, ThoughtSource, ThoughtState
from quarterdeck.core.text import clean
from quarterdeck.core.thought import LONGEST_THOUGHT, ThoughtSnapshot, ThoughtUpdate

if TYPE_CHECKING:
    from quarterdeck.ports.store import Store

LONGEST_LINE = 8 * 1024 * 1024
Count = Annotated[int, Field(ge=0, le=2**53)]


class _Cue(BaseModel):
    kind: ActionCueKind
    evidence: tuple[str, ...] = ()


class _Update(BaseModel):
    """What an engine sends. Other names are ignored, so that newer engines go on working."""

    model_config = ConfigDict(extra="ignore")

    session_id: Annotated[str, Field(min_length=1, max_length=500)]
    thought: str | None = None
    thought_state: ThoughtState = ThoughtState.HOLDING
    thought_source: ThoughtSource = ThoughtSource.CARRY_FORWARD
    rest_state: RestState = RestState.ACTIVE
    token_count: Count = 0
    context_limit: Count = 0
    commit_candidate: bool = False
    action_cues: tuple[_Cue, ...] = ()
    objective_changed: bool = False
    objective_changed_at: AwareDatetime | None = None
    objective_fingerprint: str | None = None
    updated_at: AwareDatetime | None = None
    stream_instance_id: str | None = None
    emission_seq: Count | None = None


class Tally(Struct):
    """How many updates counted, and why others did not."""

    accepted: int = 0
    dropped: int = 0
    waiting: int = 0
    """Accepted ones that were last seen only in memory, since the state could not be written."""
    complaints: list[str] = field(default_factory=list)


def parse_update(line: str, now: datetime) -> ThoughtUpdate:
    """The update a line holds; raises ValueError with what is wrong with it."""
    if len(line) > LONGEST_LINE:
        raise ValueError(f"longer than {LONGEST_LINE} characters")
    try:
        value = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError("not JSON") from error
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - what is wrong is the text, not the type of an argument
    try:
        # JSON has no enums or times of its own, so the values are read the lax way.
        update = _Update.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{'.'.join(map(str, first['loc'])) or 'update'}: {first['msg']}") from error
    snapshot = ThoughtSnapshot(
        # Masked before it is cut: half a secret looks like none.
        thought=clean(redact(clean(update.thought)), LONGEST_THOUGHT) if update.thought is not None else None,
        thought_state=update.thought_state,
        thought_source=update.thought_source,
        rest_state=update.rest_state,
        commit_candidate=update.commit_candidate,
        action_cues=tuple(ActionCue(kind=cue.kind, evidence=cue.evidence) for cue in update.action_cues),
        objective_changed_at=update.objective_changed_at,
        objective_fingerprint=update.objective_fingerprint,
        token_count=update.token_count,
        context_limit=update.context_limit,
        updated_at=(update.updated_at or now).astimezone(UTC),
        stream_instance_id=update.stream_instance_id,
        emission_seq=update.emission_seq or 0,
    )
    return ThoughtUpdate(session_id=update.session_id, snapshot=snapshot, objective_changed=update.objective_changed)


async def ingest(store: Store, line: str, number: int, now: datetime, tally: Tally) -> None:
    """Judge one line and keep what counts. Blank lines are ignored."""
    if not line.strip():
        return
    try:
        update = parse_update(line, now)
    except ValueError as error:
        tally.dropped += 1
        tally.complaints.append(f"line {number}: {error}")
        return
    if await store.save_thought(update) is None:
        tally.dropped += 1
    else:
        tally.accepted += 1
        tally.waiting = 0 if store.health().ok else tally.waiting + 1
