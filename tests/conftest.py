"""What every test stands on: no user config, no inherited tmux, a private home."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from quarterdeck.programs import tmux_program
from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

# The program starts a thousand times here. Where it may keep no bytecode beside its code, it would compile all of it
# each time, which takes longer than what it does.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
    os.environ["PYTHONPYCACHEPREFIX"] = str(Path(__file__).parents[1] / ".pytest_cache" / "bytecode")

# Hours on the screen are those of the machine.
os.environ["TZ"] = "UTC"
time.tzset()

# A busy machine is no reason for a property to fail, nor is luck: each run tries the same examples. Others, and more of
# them, are tried with --hypothesis-profile=hunt.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("patient", patient, derandomize=True)
settings.register_profile("hunt", patient, max_examples=3000)
settings.load_profile("patient")

FOREIGN = ("TMUX", "TMUX_PANE", "TMUX_TMPDIR", "NO_COLOR", "CLICOLOR", "FORCE_COLOR")
"""Variables of the developer's own terminal that would change what a test sees."""


def pytest_xdist_auto_num_workers() -> int:
    """How many tests run at once: some of a test's time is waiting for tmux, git and other processes."""
    return (os.cpu_count() or 1) * 3 // 2


@pytest.fixture(autouse=True)
def private_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Take the operator's settings, state and tmux away, and give the test a home of its own."""
    for name in list(os.environ):
        if name in FOREIGN or name.startswith("QUARTERDECK_"):
            monkeypatch.delenv(name)
    home = tmp_path / "quarterdeck-home"
    monkeypatch.setenv("QUARTERDECK_HOME", str(home))
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    # One that reads no start files: theirs may take a minute, or wait for a lock that another shell has left.
    monkeypatch.setenv("SHELL", "/bin/sh")
    monkeypatch.setenv("COLORTERM", "truecolor")
    return home


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder with a short name: tmux takes a socket path of at most 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="qd-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def tmux_socket(short_folder: Path) -> Iterator[Path]:
    """A socket path for a private tmux server, which is killed afterwards.

    Every call is `tmux -S <socket> -f /dev/null …`.
    """
    socket = short_folder / "s"
    yield socket
    if socket.exists():
        subprocess.run(
            [tmux_program(), "-S", str(socket), "kill-server"], capture_output=True, check=False, timeout=PATIENCE
        )
