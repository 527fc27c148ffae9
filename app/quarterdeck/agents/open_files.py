"""Which transcript a live process has open: exact, where the system tells (Linux)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

DEEPEST = 3


def open_match(pid: int, pattern: re.Pattern[str]) -> re.Match[str] | None:
    """The first open file of a process, or of one it started, whose path matches."""
    for each in _family(pid, DEEPEST):
        try:
            with os.scandir(f"/proc/{each}/fd") as entries:
                links = [entry.path for entry in entries]
        except OSError:
            continue
        for link in links:
            try:
                found = pattern.search(str(Path(link).readlink()))
            except OSError:
                continue
            if found:
                return found
    return None


def _family(pid: int, depth: int) -> Iterator[int]:
    yield pid
    if not depth:
        return
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return
    for child in children.split()[:20]:
        yield from _family(int(child), depth - 1)
