#!/usr/bin/env python3
"""Run the tests that know dates as if it were another day, elsewhere: `python tests/other_days.py [NAME]`.

It needs libfaketime, Debian's package `faketime`, which moves the clock of a program and of its children.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from second_chance import FAILED

ROOT = Path(__file__).parents[1]
SLEEP = ROOT / "tests" / "support" / "other_days"
# The one for programs with threads: under the other a worker has died once, with nothing but a torn stack to show.
LIBRARIES = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib/faketime/libfaketimeMT.so.1")
ROOMS = ("core", "store", "thoughts", "supervisor", "cli")
A_DATE = re.compile(r"\b(datetime|HandClock|NOON|NOW)\b")
A_PROGRAM = re.compile(
    r"\b(TmuxServer|watching|post_office|private_home|short_folder|subprocess|store_child|run_cli)\b"
)
"""What tells that a test starts programs: a clock that is moved for us and the kernel's own would differ."""


@dataclass(frozen=True, slots=True)
class OtherDay:
    """A moment at which the tests are begun, and where."""

    name: str
    at: datetime
    zone: str


def other_days(now: datetime) -> tuple[OtherDay, ...]:
    """The days that have caught somebody out: far from the tests' own dates, or odd in themselves."""
    return (
        OtherDay("in 400 days, far east", now + timedelta(days=400), "Pacific/Kiritimati"),
        OtherDay("29 February, at midnight", datetime(2032, 3, 1, 3, 29, 50, tzinfo=UTC), "America/St_Johns"),
        OtherDay("an hour that comes twice", datetime(2031, 10, 26, 0, 59, 50, tzinfo=UTC), "Europe/Berlin"),
        OtherDay("an hour that is left out", datetime(2031, 3, 30, 0, 59, 50, tzinfo=UTC), "Europe/Berlin"),
    )


def dated_tests() -> list[str]:
    """The files of tests that know a date and start no program."""
    files = [file for room in ROOMS for file in sorted((ROOT / "tests" / room).glob("test_*.py"))]
    texts = {str(file.relative_to(ROOT)): file.read_text(encoding="utf-8") for file in files}
    return [name for name, text in texts.items() if A_DATE.search(text) and not A_PROGRAM.search(text)]


def is_green_on(day: OtherDay, library: Path, now: datetime) -> bool:
    """Run the dated tests as if it were then and there."""
    environ = os.environ | {
        "LD_PRELOAD": str(library),
        "FAKETIME": f"{(day.at - now).total_seconds():+.0f}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        # It would read its settings anew every ten seconds, whatever a test does to the environment meanwhile.
        "FAKETIME_CACHE_DURATION": "86400",
        "TZ": day.zone,
        "PYTHONPATH": os.pathsep.join([str(SLEEP), str(ROOT / "app")]),
    }
    # What was red before, elsewhere, has no second chance here.
    (ROOT / FAILED).unlink(missing_ok=True)
    is_green = _is_green([sys.executable, "-m", "pytest", "-q", *dated_tests()], environ) or _is_green(
        [sys.executable, str(ROOT / "tests" / "second_chance.py")], environ
    )
    print(f"{'ok ' if is_green else 'RED'} {day.name}", flush=True)
    return is_green


def _is_green(argv: list[str], environ: dict[str, str]) -> bool:
    done = subprocess.run(
        argv, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode or "UNSTEADY" in done.stdout:
        print(done.stdout.rstrip())
    return done.returncode == 0


def main(words: list[str]) -> int:
    """Run them on every day, or on those that are named, up to the first red one."""
    library = next((file for pattern in LIBRARIES for file in Path("/").glob(pattern.lstrip("/"))), None)
    if library is None:
        print("libfaketime is not installed; Debian's package is faketime")
        return 1
    now = datetime.now(UTC)
    days = [day for day in other_days(now) if not words or any(word in day.name for word in words)]
    return 0 if days and all(is_green_on(day, library, now) for day in days) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
