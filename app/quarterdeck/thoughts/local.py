"""Thoughts without a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.core.thought import tidy

if TYPE_CHECKING:
    from quarterdeck.core.insight import Insight


def line_of(insight: Insight) -> str | None:
    """What to say of a session now; None = nothing, so what was said stays; "" = nothing goes on any more."""
    # Each is loaded with the first session of its kind.
    if insight.agent:
        from quarterdeck.thoughts.agent_line import agent_line

        said = agent_line(insight)
    else:
        from quarterdeck.thoughts.plain_terminal import terminal_line

        said = terminal_line(insight)
    return tidy(said) if said else said
