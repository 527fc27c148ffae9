"""What every test stands on: no user config, no inherited tmux, a private home."""

from __future__ import annotations

import gc
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from quarterdeck.programs import tmux_program
from support.patience import PATIENCE
from support.warm import PROCESS_ASKED_FOR

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

# The program starts a thousand times here. Where it may keep no bytecode beside its code, it would compile all of it
# each time, which takes longer than what it does.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = str(
        Path(__file__).parents[1] / ".pytest_cache" / "bytecode"
    )
    sys.dont_write_bytecode = False

# Hours on the screen are those of the machine.
os.environ["TZ"] = "UTC"
time.tzset()

FOREIGN = ("TMUX", "TMUX_PANE", "TMUX_TMPDIR", "NO_COLOR", "CLICOLOR", "FORCE_COLOR")
"""Variables of the developer's own terminal that would change what a test sees."""


WITH_PROCESSES = {"tmux_socket", "server", "stage", "repository"}
"""The fixtures whose users all start processes; other tests that do carry the marker in their module."""
STARTS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "os.system", PROCESS_ASKED_FOR}
"""The audit events of what starts a process."""


class Guard:
    """Holds that a test without the marker `process` starts none: who changes a line waits for these tests alone."""

    def __init__(self) -> None:
        self.test: pytest.Item | None = None
        self.started: list[str] = []
        # The interpreter's own word for it: it hears of every way there is, in any thread, whoever goes it.
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: tuple[object, ...]) -> None:
        if event in STARTS and self.test is not None:
            self.started.append(f"{event} {args}")
            raise AssertionError(f"a test without the marker `process` starts one: {self.started[-1]}")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self.test = None if item.get_closest_marker("process") else item
        try:
            return (yield)
        finally:
            self.test = None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self) -> Generator[None, None, None]:
        yield
        # What was raised may have been caught by what the test looks at.
        started, self.started = self.started, []
        assert not started, f"the test lacks the marker `process`: {started}"


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Watch what tests start, and say how Hypothesis draws."""
    config.pluginmanager.register(Guard(), "guard of processes")
    # Not at the top: pytest compiles all of it, and may keep the result only now.
    from hypothesis import HealthCheck, settings

    # A busy machine is no reason for a property to fail, nor is luck: each run tries the same examples. Others, and
    # more of them, are tried with --hypothesis-profile=hunt.
    patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile("patient", patient, derandomize=True)
    settings.register_profile("hunt", patient, max_examples=3000)
    settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark who starts processes, as far as its fixtures tell."""
    for item in items:
        if item.get_closest_marker("agents") or WITH_PROCESSES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.process)


def pytest_collection_finish() -> None:
    """Leave what is here for good out of every later search for what can go: that is half of what it goes through."""
    gc.collect()
    gc.freeze()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """How many tests run at once: those with processes wait half of their time, and real agents fill a core."""
    if config.option.markexpr == "agents":
        return 1
    cores = os.cpu_count() or 1
    return cores if config.option.markexpr == "not process" else cores * 2


NUMBERS = count()
"""Of the folders of tests: pytest's own way to a free name looks at all that are there, for each test again."""


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder with the test's name."""
    name = re.sub(r"\W", "_", request.node.name)[:30]
    folder = tmp_path_factory.getbasetemp() / f"{name}{next(NUMBERS)}"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture(autouse=True)
def private_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Take the operator's settings, state and tmux away, and give the test a home of its own, not yet made."""
    for name in list(os.environ):
        if name in FOREIGN or name.startswith("QUARTERDECK_"):
            monkeypatch.delenv(name)
    home = tmp_path_factory.getbasetemp() / f"quarterdeck-home{next(NUMBERS)}"
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
