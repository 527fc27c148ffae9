"""How sure each cause makes us of a state."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from quarterdeck.core.session import Confidence, Evidence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quarterdeck.core.reading import Reading

CONFIDENCE: Mapping[str, Confidence] = MappingProxyType(
    dict.fromkeys(
        (
            "osc133_command",
            "osc133_prompt",
            "error_pattern",
            "process_exit",
            "startup_missing_tmux",
            "liveness_no_children",
            "liveness_has_children",
        ),
        Confidence.HIGH,
    )
    | dict.fromkeys(
        (
            "fallback_non_prompt_output",
            "fallback_prompt_detected",
            "output_silence_expired",
            "local_input",
            "dismiss_attention",
            "error_timer_expired",
            "attention_timer_expired",
        ),
        Confidence.MEDIUM,
    )
)
"""Causes of plain sessions; what is not listed is a low one (`initial_state`, `tmux_reconcile_missing`, …)."""


def confidence_of(cause: str) -> Confidence:
    """How sure a cause makes us."""
    return CONFIDENCE.get(cause, Confidence.LOW)


def evidence_of(reading: Reading) -> Evidence:
    """A reading as the evidence a row carries."""
    return Evidence(
        cause=reading.cause,
        confidence=reading.confidence,
        observed_at=reading.at,
        source=reading.source,
        detail=f"{reading.detail} (until {reading.until:%H:%M} UTC)" if reading.until else reading.detail,
    )
