"""Judges kept values that are not exactly as we write them: what fits is taken, what is missing takes its default.

The models are made from the dataclasses themselves, so a new field is kept without a word here.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar, get_type_hints

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, PlainValidator, create_model

from quarterdeck.core.ids import PaneId, SessionId, TmuxSessionId
from quarterdeck.core.session import ActionCue, Ask, Evidence, Session
from quarterdeck.core.thought import ThoughtSnapshot
from quarterdeck.core.work import Work

V = TypeVar("V", Session, ThoughtSnapshot, Work, Evidence, Ask, ActionCue)


def validated(kind: type[V], found: object) -> V:
    """The value that an object stands for; raises ValueError or TypeError when it stands for none."""
    row = _model(kind).model_validate(found)
    return kind(**{name: getattr(row, name) for name in type(row).model_fields})


def _nested(kind: type[V]) -> object:
    def read(found: object) -> V:
        return validated(kind, found)

    return Annotated[Any, PlainValidator(read)]


def _in_utc(at: datetime) -> datetime:
    return at.astimezone(UTC)


_NAMES: dict[str, object] = {
    "datetime": Annotated[AwareDatetime, AfterValidator(_in_utc)],
    "Evidence": _nested(Evidence),
    "Ask": _nested(Ask),
    "ActionCue": _nested(ActionCue),
    "Work": _nested(Work),
    "PaneId": PaneId,
    "SessionId": SessionId,
    "TmuxSessionId": TmuxSessionId,
}
"""What the annotations' names mean here: values inside a row are validated like the row itself."""


_MODELS: dict[type[object], type[BaseModel]] = {}


def _model(kind: type[V]) -> type[BaseModel]:
    if kind not in _MODELS:
        _MODELS[kind] = _make_model(kind)
    return _MODELS[kind]


def _make_model(kind: type[V]) -> type[BaseModel]:
    hints = get_type_hints(kind, localns=_NAMES, include_extras=True)
    defaults: dict[str, Any] = {field.name: (hints[field.name], _default(field)) for field in fields(kind)}
    return create_model(f"{kind.__name__}Row", __config__=ConfigDict(extra="ignore"), **defaults)


def _default(field: Any) -> Any:
    if field.default is not MISSING:
        return field.default
    return field.default_factory() if field.default_factory is not MISSING else ...
