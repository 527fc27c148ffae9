"""Names for identifiers, so that the types keep them apart."""

from __future__ import annotations

from typing import NewType

SessionId = NewType("SessionId", str)
"""Ours: `sess_<n>`, `<prefix>-<n>` or `<prefix>-orchestrator`. Never used twice."""
TmuxSessionId = NewType("TmuxSessionId", str)
"""tmux's `$3`: unique within one run of a server."""
WindowId = NewType("WindowId", str)
"""tmux's `@5`."""
PaneId = NewType("PaneId", str)
"""tmux's `%12`."""
