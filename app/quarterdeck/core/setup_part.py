"""The parts of the set-up that can be turned on from the console."""

from __future__ import annotations

from enum import StrEnum


class SetupPart(StrEnum):
    """What can be turned on from the console."""

    HOOKS = "hooks"
    KEY = "key"
