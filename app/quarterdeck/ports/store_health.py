"""How the place where state lasts is doing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from quarterdeck.core.session import SessionId


class StoreHealth(Struct, frozen=True, kw_only=True):
    """How the store is doing."""

    ok: bool = True
    pending: int = 0
    """Writes held in memory until they can be made."""
    error: str = ""
    notice: str = ""
    """Something to be said once, such as a damaged file set aside."""
    unkept: frozenset[SessionId] = frozenset()
    """Identities that were given in memory, and are not on disk yet."""
    dropped: int = 0
    """Activity that was given up because too much had to wait."""
