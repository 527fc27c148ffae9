from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import quarterdeck
from quarterdeck.core.session import ExitReason, Need, SessionState
from quarterdeck.errors import StoreError, StoreTooNew
from quarterdeck.store.glances import glance
from quarterdeck.store.migrations import SCHEMA_VERSION
from quarterdeck.values import replace
from support.store import NEXT_RUN, SERVER, open_store, session


async def test_a_glance_counts_live_sessions_by_state_and_need(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    async with open_store(path) as store:
        await store.checkpoint(
            [
                replace(session(1), state=SessionState.BUSY),
                replace(session(2), state=SessionState.BUSY, needs=Need.PERMISSION),
                session(3),
                session(4),
                replace(session(5), tmux_server="/tmp/other"),
            ]
        )
        await store.end([session(3)], ExitReason.PROCESS_EXIT)

        counts = {("busy", None): 1, ("busy", "permission"): 1, ("idle", None): 1}
        assert glance(path, SERVER) == counts
        assert glance(path) == counts | {("idle", None): 2}
    assert glance(path, SERVER) == counts


async def test_after_a_restart_nothing_is_live_until_it_was_seen_again(tmp_path: Path) -> None:
    async with open_store(tmp_path / "state.db") as store:
        await store.checkpoint([session(1)])
        await store.claim(SERVER, NEXT_RUN, [])

    assert glance(tmp_path / "state.db") == {}


def test_before_the_first_start_there_is_nothing_to_see(tmp_path: Path) -> None:
    assert glance(tmp_path / "state.db") == {}
    assert not list(tmp_path.glob("state.db*"))


async def test_a_glance_at_what_cannot_be_read_says_so(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(b"garbage" * 100)
    with pytest.raises(StoreError, match="cannot be read"):
        glance(path)

    path.unlink()
    async with open_store(path):
        pass
    with contextlib.closing(sqlite3.connect(path)) as direct:
        direct.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(StoreTooNew):
        glance(path)


@pytest.mark.process
@pytest.mark.parametrize(
    ("module", "names"),
    [("glances", ("pydantic", "asyncio", "textual")), ("sqlite", ("pydantic",))],
    ids=["a glance", "the store, until rows are read"],
)
def test_what_is_heavy_is_not_loaded(module: str, names: tuple[str, ...]) -> None:
    sources = Path(quarterdeck.__file__).parents[1]
    program = f"import sys, quarterdeck.store.{module}; print(set({names}) & set(sys.modules))"

    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(sources)},
        check=True,
    )

    assert done.stdout == "set()\n"
