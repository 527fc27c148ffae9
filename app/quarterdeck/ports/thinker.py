"""What we ask of a model that puts into words why an agent does what it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from quarterdeck.core.insight import Insight

if TYPE_CHECKING:
    from quarterdeck.config.settings import ThoughtSettings
    from quarterdeck.core.model_calls import Cadence

LineMaker = Callable[[Insight], str | None]
"""Says at once, and without a model, what a session does.

None = nothing to say, so what was said stays; "" = nothing goes on any more.
"""


class Subject(Struct, frozen=True, kw_only=True):
    """What a model is to describe."""

    insight: Insight
    earlier: tuple[str, ...] = ()
    """The latest thoughts about the session, newest last."""
    described: str = ""
    """A plain terminal's text as it was at the last thought."""


class Answer(Struct, frozen=True):
    """What a model said, as it came, and what it cost."""

    text: str
    sent_tokens: int = 0
    received_tokens: int = 0


class Thinker(Protocol):
    """A model, or a program that asks one."""

    @property
    def name(self) -> str:
        """What it is, and which model, in a few words."""

    def prompt(self, subject: Subject) -> str:
        """The words it would be sent about a subject, with every secret masked."""

    async def think(self, prompt: str) -> Answer:
        """Send a prompt; raises ThinkerError with what went wrong, within its own time-out."""

    async def models(self) -> list[str]:
        """The models that can be asked for; none where that cannot be found out."""

    async def close(self) -> None:
        """Let go of connections."""


class EngineSetup(Struct, frozen=True, kw_only=True):
    """How the engine is to work; replaced whole when a setting changes."""

    is_enabled: bool = True
    thinker: Thinker | None = None
    """None = every line is made here, without a model."""
    cadence: Cadence
    concurrency: int


class Thinkers(Protocol):
    """Makes the model that the settings name."""

    def setup(self, thoughts: ThoughtSettings) -> EngineSetup:
        """How the engine is to work."""

    def thinker(self, thoughts: ThoughtSettings) -> Thinker | None:
        """The model alone; None where none is to be asked."""

    async def spent(self, thoughts: ThoughtSettings) -> str:
        """What models have cost, and may cost, in words."""
