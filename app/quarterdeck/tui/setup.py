"""What the console asks of the set-up: whether all it stands on is right, and what could be turned on."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from quarterdeck.values import value

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from quarterdeck.operations.doctor import Finding


class Part(StrEnum):
    """What can be turned on from the console."""

    HOOKS = "hooks"
    KEY = "key"


class Done(NamedTuple):
    """What was done."""

    said: str
    command: str = ""
    """What only the operator can do about the rest of it."""


@value(kw_only=True)
class Offer:
    """Something that is off and could be on; nothing is touched before it is accepted."""

    off: str
    """What is off, as a sentence."""
    question: str
    why: str
    change: tuple[str, ...]
    """What would be different, as `diff` says it; a long change in short."""
    whole: tuple[str, ...] = ()
    """The same line by line, where `change` is in short."""
    accept: Callable[[], Awaitable[Done]]
    """Do just what was shown. Raises when it cannot be done."""


class Setup(Protocol):
    """The set-up of this machine, as far as it is ours."""

    pictures: Path
    """The folder that takes pictures of the screen; it need not exist."""

    async def findings(self) -> Sequence[Finding]:
        """Look whether everything is right, without changing anything."""

    async def offer(self, part: Part) -> Offer | None:
        """What turning this part on would do; None when it is on, or there is nothing to turn on."""
