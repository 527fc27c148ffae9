"""Which session reads which transcript, so that two sessions in one folder never share a file."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class FileClaims:
    """Implements ports.Claims. Safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owners: dict[Path, object] = {}

    def claim(self, path: Path, owner: object) -> bool:
        """Take a file, giving up any other; False when somebody else holds it."""
        path = path.resolve()
        with self._lock:
            if self._owners.get(path, owner) is not owner:
                return False
            self._drop(owner)
            self._owners[path] = owner
            return True

    def release(self, owner: object) -> None:
        """Give up whatever this owner holds."""
        with self._lock:
            self._drop(owner)

    def _drop(self, owner: object) -> None:
        for path in [path for path, holder in self._owners.items() if holder is owner]:
            del self._owners[path]
