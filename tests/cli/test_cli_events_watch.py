"""`events` and `thoughts ingest` as their user sees them: times, names, ends of pipes."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from quarterdeck.cli.events_watch import moment_of
from quarterdeck.core.session import SessionId
from quarterdeck.errors import UsageError
from quarterdeck.ports.store import Activity
from quarterdeck.store.sqlite import SqliteStore
from support.cli import cli_env, run_cli
from support.patience import PATIENCE
from support.store import session

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def record(home: Path, activities: Sequence[Activity]) -> None:
    async def write() -> None:
        home.mkdir(mode=0o700, exist_ok=True)
        async with SqliteStore(home / "state.db") as store:
            await store.checkpoint([session(1, "wörk")])
            for activity in activities:
                await store.record(activity)

    asyncio.run(write())


def told(number: int, session_id: str = "sess_1") -> Activity:
    return Activity(kind="a.b", at=NOW, source="test", session_id=SessionId(session_id), summary=f"number {number}")


@pytest.mark.parametrize("text", ["999999w", "", "soon", "0000-01-01", "10", "-5m", "10001-01-01"])
def test_what_is_no_time_is_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError):
        moment_of(text, NOW)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("90s", datetime(2026, 11, 21, 11, 58, 30, tzinfo=UTC)),
        ("2d", datetime(2026, 11, 19, 12, tzinfo=UTC)),
        ("2026-03-08T14:00Z", datetime(2026, 3, 8, 14, tzinfo=UTC)),
        ("2026-03-08T14:00+02:00", datetime(2026, 3, 8, 12, tzinfo=UTC)),
    ],
)
def test_ages_and_dates_are_times(text: str, wanted: datetime) -> None:
    assert moment_of(text, NOW) == wanted


@pytest.mark.process
def test_odd_numbers_are_wrong_usage() -> None:
    for words in (["events", "--limit", "0"], ["events", "--limit", "-1"], ["show", "x", "--lines", "-5"]):
        done = run_cli(*words)
        assert done.code == 2
        assert "not a whole number of at least" in done.err


@pytest.mark.process
def test_events_of_a_session_are_found_by_its_name_and_by_an_id_no_longer_kept(private_home: Path) -> None:
    record(private_home, [told(1), told(2, "sess_77")])

    by_name, by_id = run_cli("events", "--session", "wörk", "--json"), run_cli("events", "--session", "sess_77")

    assert json.loads(by_name.out)["summary"] == "number 1"
    assert by_id.out.endswith("number 2\n")


@pytest.mark.process
def test_following_tells_what_comes_once_and_in_order_and_ends_quietly_when_nobody_reads(private_home: Path) -> None:
    record(private_home, [])
    following = subprocess.Popen(
        [sys.executable, "-m", "quarterdeck", "events", "--follow", "--json", "--limit", "3"],
        env=cli_env(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert following.stdout is not None
    record(private_home, [told(number) for number in range(10)])
    summaries = [json.loads(following.stdout.readline())["summary"] for _ in range(3)]
    rest = {int(summary.split()[1]) for summary in summaries}
    following.stdout.close()
    while following.poll() is None:
        record(private_home, [told(100)])
    assert following.stderr is not None

    assert summaries == sorted(summaries)
    assert len(rest) == 3
    assert (following.returncode, following.stderr.read()) == (141, "")
    following.stderr.close()


@pytest.mark.parametrize("words", [("events",), ("thoughts", "ingest")])
@pytest.mark.process
def test_a_full_disk_behind_the_output_is_one_sentence(private_home: Path, words: tuple[str, ...]) -> None:
    record(private_home, [told(1)])
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "quarterdeck", "-S", str(private_home / "s"), *words],
            env=cli_env(),
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
    sentence = "quarterdeck: The output cannot be written: No space left on device.\n"
    assert (done.returncode, done.stderr) == (1, sentence)
