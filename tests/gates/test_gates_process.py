"""A test that starts a process says so: the others are what is run while one works."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from support.warm import WarmProcess

if TYPE_CHECKING:
    from collections.abc import Callable

WAYS: dict[str, Callable[[], object]] = {
    "subprocess": lambda: subprocess.run(["true"], check=False),
    "spawn": lambda: os.posix_spawn("/bin/true", ["true"], {}),
    "the warm server": lambda: WarmProcess("quarterdeck", "--version", env=os.environ),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_test_without_the_marker_starts_no_process_and_cannot_hide_that_it_tried(
    way: str, pytestconfig: pytest.Config
) -> None:
    guard = pytestconfig.pluginmanager.get_plugin("guard of processes")
    assert guard is not None

    with pytest.raises(AssertionError, match="without the marker `process`"):
        WAYS[way]()

    assert len(guard.started) == 1, "the test would fail at its end, had it caught what was raised"
    guard.started.clear()
