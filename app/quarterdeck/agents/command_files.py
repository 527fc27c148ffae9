"""Slash commands that an operator has written as files, in the folders in which several agents look for them."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_OWN_COMMANDS = 500
DEEPEST_FOLDER = 4


def command_names(folder: Path, suffixes: tuple[str, ...]) -> Iterator[str]:
    """The names of the commands in a folder: `folder/sub/name.md` is called `sub:name`."""
    return islice(_names(folder, suffixes), MOST_OWN_COMMANDS)


def _names(folder: Path, suffixes: tuple[str, ...]) -> Iterator[str]:
    for where, below, files in os.walk(folder):
        path = Path(where).relative_to(folder).parts
        if len(path) >= DEEPEST_FOLDER:
            below.clear()
        yield from (":".join((*path, Path(file).stem)) for file in files if file.endswith(suffixes))
