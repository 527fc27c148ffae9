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

NOTHING_SEEN = frozenset({"initial_state", "nothing_known", "supervisor_placeholder"})
"""Causes that only fill a place until something has been seen."""

REPORTED = "self_report"
"""The cause of a question that an agent reported itself, with `report needs_input`."""

_IN_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "api_delete": "it was ended from here",
        "attention_timer_expired": "it has rested for five minutes since it worked",
        "bell": "it rang the bell",
        "dismiss_attention": "you have looked",
        "error_pattern": "its screen shows an error",
        "error_timer_expired": "its error was a while ago",
        "fallback_non_prompt_output": "its screen shows no prompt",
        "fallback_prompt_detected": "its screen shows a prompt",
        "initial_state": "nothing was seen yet",
        "liveness_has_children": "something runs in its shell",
        "liveness_no_children": "nothing runs in its shell",
        "local_input": "something was typed there",
        "osc133_command": "its shell says that a command began",
        "osc133_prompt": "its shell says that it waits for a command",
        "output_silence_expired": "it has been silent",
        "process_exit": "its program has ended",
        REPORTED: "its agent reported that it needs input",
        "startup_missing_tmux": "tmux had no such session at the start",
    }
)
"""What the causes of plain sessions mean; those of agents read well as they are."""


def in_words(cause: str) -> str:
    """A cause as a human says it."""
    return _IN_WORDS.get(cause, cause.replace("_", " "))


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
