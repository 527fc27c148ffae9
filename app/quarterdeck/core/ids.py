"""Names for identifiers, so that the types keep them apart."""

from __future__ import annotations

import re
from typing import NewType

SessionId = NewType("SessionId", str)
"""Ours: `sess_<n>`, `<prefix>-<n>` or `<prefix>-orchestrator`. Never used twice."""
TmuxSessionId = NewType("TmuxSessionId", str)
"""tmux's `$3`: unique within one run of a server."""
WindowId = NewType("WindowId", str)
"""tmux's `@5`."""
PaneId = NewType("PaneId", str)
"""tmux's `%12`."""

_COUNTER = re.compile(r"sess_(\d+)")


def next_session_counter(session_id: str) -> int | None:
    """The counter after this id (`sess_41` → 42), or None when it is not one of ours."""
    match = _COUNTER.fullmatch(session_id)
    return int(match[1]) + 1 if match else None
