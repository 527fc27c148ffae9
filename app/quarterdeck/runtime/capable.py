"""What the console can do on a tmux server; known before anything is opened, so that the first foot line is right."""

from __future__ import annotations

from quarterdeck.tui.backend import Capability

WORKS = frozenset(
    {
        Capability.LOOK,
        Capability.GO,
        Capability.NEW,
        Capability.KILL,
        Capability.SEND,
        Capability.ANSWER,
        Capability.ADOPT,
        Capability.DISMISS,
        Capability.ACTIVITY,
        Capability.RESTORE,
        Capability.SETTINGS,
        Capability.SPAWN,
        Capability.CLEANUP,
    }
)
"""What works wherever the console runs."""
