"""What we ask of the place where messages wait: none is lost, none goes twice, each session's keep their order."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from datetime import datetime

    from quarterdeck.core.session import SessionId


class Stage(StrEnum):
    """How far a message has come."""

    WAITING = "waiting"
    """Nothing of it has reached the session."""
    FOR_AGENT = "for_agent"
    """The same, and it is for an agent alone: whatever else runs there, such as a shell, must never get it."""
    TYPED = "typed"
    """It was put into the session's input line, or may have been: it must never be put there again."""


class Turn(StrEnum):
    """Whether a message may go now."""

    GO = "go"
    BUSY = "busy"
    """Another one for the session is being delivered this moment."""
    BEHIND = "behind"
    """Earlier ones for the session wait."""
    GONE = "gone"
    """It was withdrawn, or another process has delivered it."""


class Held(Struct, frozen=True, kw_only=True):
    """A message that has not been handed over yet."""

    id: int
    session_id: SessionId
    text: str
    at: datetime
    why: str = ""
    """Why it waits."""
    stage: Stage = Stage.WAITING
    is_sending: bool = False
    """Whether somebody is delivering it this moment."""


class MessageStore(Protocol):
    """Messages on their way. Each method is one transaction; processes may race."""

    async def post(self, session_id: SessionId, text: str, owner: str, stage: Stage = Stage.WAITING) -> Held:
        """Keep a message that `owner` is about to deliver."""

    async def turn(self, message_id: int, owner: str, *, overtake: bool = False) -> Turn:
        """Whether it is this message's turn; when it is, it is the owner's to deliver for the next two minutes."""

    async def typing(self, message_id: int) -> bool:
        """Note that it is about to be typed; False when somebody else has been there. On disk when this returns."""

    async def hold(self, message_id: int, why: str, stage: Stage | None = None) -> Held | None:
        """Let it wait, come as far as `stage` (None: as far as was noted); None when it is gone."""

    async def settle(self, message_id: int) -> None:
        """It is done with: its words are removed."""

    async def take(self, session_id: SessionId, owner: str) -> Held | None:
        """Take a session's oldest message for delivery; None when none waits, or one is being delivered."""

    async def waiting(self, session_id: SessionId | None = None, *, with_sending: bool = False) -> list[Held]:
        """What waits, oldest first; `with_sending`: also what is being delivered this moment."""

    async def rewrite(self, message_id: int, text: str) -> Held:
        """Change the words of one that waits; raises NotFound or Refused."""

    async def withdraw(self, message_id: int) -> Held:
        """Take back one that waits; raises NotFound or Refused."""
