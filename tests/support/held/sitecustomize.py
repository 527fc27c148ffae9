"""Makes a part of the program wait for ever in a system call, as a dead disk would.

Python runs this at its start where its folder is on PYTHONPATH; the program knows nothing of it. `QD_HELD` says what is
held, and `QD_HELD_MARK` names the file that appears when it is.
"""

from __future__ import annotations

import importlib
import os
from pathlib import Path

HELD = {
    "a thread": ("quarterdeck.supervisor.repo_themes", "RepoThemes", "_look"),
    "the loop": ("quarterdeck.tui.app", "ConsoleApp", "look_again"),
}


def hold(*_: object) -> None:
    """Wait for what never comes."""
    reads, _writes = os.pipe()
    Path(os.environ["QD_HELD_MARK"]).touch()
    os.read(reads, 1)


if "QD_HELD" in os.environ:
    module, kind, name = HELD[os.environ["QD_HELD"]]
    setattr(getattr(importlib.import_module(module), kind), name, hold)
