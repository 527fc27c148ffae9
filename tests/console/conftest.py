from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def stage(short_folder: Path) -> Iterator[Stage]:
    """A watched server and terminals, with nothing in them yet."""
    with Stage(short_folder) as made:
        yield made
