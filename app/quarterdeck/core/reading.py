"""A reading: one channel's claim about what a session is doing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from datetime import datetime

    from quarterdeck.core.session import Confidence, Need, SessionState, Source


class Reading(Struct, frozen=True, kw_only=True):
    """What one source says, how sure it is, and for how long that holds without being said again."""

    source: Source
    state: SessionState
    cause: str
    confidence: Confidence
    at: datetime
    detail: str = ""
    """The rule and the matched text, for `show --why`."""
    needs: Need | None = None
    question: str = ""
    """What is asked, when `needs` is permission or question."""
    choices: tuple[str, ...] = ()
    ticks: tuple[bool | None, ...] = ()
    """Which choices are ticked, where several may be (None = cannot be); none = one choice is the answer."""
    marked: int | None = None
    """Position of the choice under the agent's cursor."""
    until: datetime | None = None
    """When a limit that stopped the session ends, if that was told."""
    lasts: float | None = None
    """Seconds this claim holds without fresh support; None = until another reading of the same source."""
