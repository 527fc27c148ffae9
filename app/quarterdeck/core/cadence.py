"""How often a model may be asked about one session: the longer its objective has been stable, the more rarely."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class CadenceTier(StrEnum):
    """How lively a session's objective is."""

    HOT = "hot"
    WARM = "warm"
    COLD = "cold"


class Skip(StrEnum):
    """Why a session was passed over."""

    SLEEPING = "sleeping_static"
    CONTEXT_UNCHANGED = "context_unchanged"
    OBJECTIVE_UNCHANGED = "objective_unchanged"
    PROMPT_UNCHANGED = "prompt_unchanged"
    REPLAY_UNCHANGED = "replay_hash_unchanged"
    EMPTY_CONTEXT = "empty_context"
    DELTA_BELOW_THRESHOLD = "delta_below_threshold"
    CADENCE_GATE = "cadence_gate"
    DUPLICATE = "duplicate_equivalent"
    MODEL_ERROR = "llm_error"
    MODEL_EMPTY = "llm_empty"
    BUDGET = "budget_spent"
    BACK_OFF = "back_off"
    IN_FLIGHT = "in_flight"
    """A model is being asked about this session already."""
    OVERTAKEN = "overtaken"
    """The session moved on before the model had answered."""
    OTHER_ENGINE = "other_engine"
    """An engine outside speaks for this session."""
    STALE_DELIVERY = "stale_delivery"


class Cadence(Struct, frozen=True):
    """Shortest seconds between two questions about a session, by tier, and in any case."""

    tick: float = 15.0
    hot: float = 15.0
    warm: float = 45.0
    cold: float = 120.0

    def tier(self, stable_for: float) -> CadenceTier:
        """The tier of an objective that has been stable for so many seconds."""
        if stable_for < self.warm:
            return CadenceTier.HOT
        return CadenceTier.WARM if stable_for < self.cold else CadenceTier.COLD

    def gap(self, stable_for: float, *, objective_changed: bool) -> float:
        """Seconds that must have passed since the last question."""
        if objective_changed:
            return self.tick
        tier = self.tier(stable_for)
        return max(
            self.tick, {CadenceTier.HOT: self.hot, CadenceTier.WARM: self.warm, CadenceTier.COLD: self.cold}[tier]
        )
