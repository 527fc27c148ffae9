"""The thought engine's set-up, made from the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.cadence import Cadence
from quarterdeck.ports.thinker import EngineSetup

if TYPE_CHECKING:
    from quarterdeck.config.settings import Thoughts
    from quarterdeck.ports.thinker import Thinker


def engine_setup(thoughts: Thoughts, thinker: Thinker | None = None) -> EngineSetup:
    """How the engine is to work."""
    return EngineSetup(
        is_enabled=thoughts.enabled,
        thinker=thinker,
        cadence=Cadence(
            tick=thoughts.tick_seconds,
            hot=thoughts.cadence_hot_seconds,
            warm=thoughts.cadence_warm_seconds,
            cold=thoughts.cadence_cold_seconds,
        ),
        concurrency=thoughts.concurrency,
    )
