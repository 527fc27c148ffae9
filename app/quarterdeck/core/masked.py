"""Sessions as they may leave the process: what foreign words are in them has its secrets taken out.

In memory a question in a dialog stays as the screen shows it, since an answer is given to that question alone.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from quarterdeck.core.redact import redact
from quarterdeck.values import replace

if TYPE_CHECKING:
    from quarterdeck.core.session import Ask, Evidence, Session
    from quarterdeck.core.work import Work


@lru_cache(maxsize=2048)
def masked(text: str) -> str:
    """The same as `redact`, remembered: rows are made again and again of the same words."""
    return redact(text)


def masked_ask(ask: Ask) -> Ask:
    """A question as it is shown and kept."""
    return replace(ask, text=masked(ask.text), choices=tuple(map(masked, ask.choices)))


def masked_session(session: Session) -> Session:
    """A session as it is listed and kept."""
    return replace(
        session,
        asks=masked_ask(session.asks) if session.asks is not None else None,
        state_evidence=_evidence(session.state_evidence),
        thought=masked(session.thought) if session.thought else session.thought,
        title=masked(session.title),
        work=masked_work(session.work) if session.work is not None else None,
    )


def _evidence(evidence: Evidence) -> Evidence:
    return replace(evidence, detail=masked(evidence.detail)) if evidence.detail else evidence


def masked_work(work: Work) -> Work:
    """A work record as a session shows it."""
    return replace(
        work,
        display_name=masked(work.display_name) if work.display_name else work.display_name,
        prs=tuple(masked_values(request) for request in work.prs),
        lifecycle=masked_values(work.lifecycle),
    )


def masked_values(value: Any) -> Any:
    """The same value with every text in it masked."""
    match value:
        case str():
            return masked(value)
        case dict():
            return {key: masked_values(each) for key, each in value.items()}
        case list() | tuple():
            return type(value)(masked_values(each) for each in value)
        case _:
            return value
