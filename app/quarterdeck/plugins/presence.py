"""Whether any package brings plugins: `importlib.metadata` takes 20 ms to say what is nearly always no."""

from __future__ import annotations

import os
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def may_be_brought(group: str) -> bool:
    """Whether a package could bring entry points of this group; False is certain."""
    strange = any(hasattr(finder, "find_distributions") and finder is not PathFinder for finder in sys.meta_path)
    return strange or any(_brings(folder or ".", f"[{group}]".encode()) for folder in sys.path)


def _brings(folder: str, header: bytes) -> bool:
    try:
        return any(header in text for text in _entry_points_in(folder))
    except FileNotFoundError:
        return False
    except OSError:
        # A zip file, or what only `importlib.metadata` can read.
        return True


def _entry_points_in(folder: str) -> Iterator[bytes]:
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name.lower()
            if (name.endswith((".dist-info", ".egg-info")) or name == "egg-info") and entry.is_dir():
                try:
                    yield Path(entry.path, "entry_points.txt").read_bytes()
                except FileNotFoundError:
                    continue
