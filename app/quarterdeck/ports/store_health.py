"""How the place where state lasts is doing."""

from __future__ import annotations

from quarterdeck.values import value


@value(kw_only=True)
class StoreHealth:
    """How the store is doing."""

    ok: bool = True
    pending: int = 0
    """Writes held in memory until they can be made."""
    error: str = ""
    notice: str = ""
    """Something to be said once, such as a damaged file set aside."""
    dropped: int = 0
    """Activity that was given up because too much had to wait."""
