"""What a check of `doctor` is, and what it finds; the checks are in `operations/doctor` and `runtime/setup_checks`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from quarterdeck.paths import Places


class CheckStatus(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Finding(Struct, frozen=True):
    """What one check found: the cause in words, and what to do about it unless all is well."""

    name: str
    status: CheckStatus
    cause: str
    cure: str = ""


class Check(Struct, frozen=True):
    """One thing that is looked at."""

    name: str
    look: Callable[[Places], Awaitable[Finding | Sequence[Finding]]]
    """Looks without changing anything, bounded in time; a QuarterdeckError counts as failed."""
