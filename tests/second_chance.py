#!/usr/bin/env python3
"""Run the tests that the last run left red once more, one after the other: `python tests/second_chance.py`.

A busy machine may take more time from a test than it can spare. What is green now counts, and is named `UNSTEADY` so
that it is mended next; a test that is red again is red, and so is a run with more than a few of them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

FAILED = Path(".pytest_cache/v/cache/lastfailed")
"""Where pytest keeps what failed, for its own `--last-failed`."""
AT_MOST = 3
"""More than this many at once is no accident."""


def failed_tests() -> list[str]:
    """The tests that are red."""
    try:
        return sorted(json.loads(FAILED.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return []


def main() -> int:
    """Give them their second chance; 0 when all are green now."""
    unsteady = failed_tests()
    if not unsteady:
        print("no test is red, so what failed is something else")
        return 1
    if len(unsteady) > AT_MOST:
        print(f"{len(unsteady)} tests are red, and at most {AT_MOST} get a second chance")
        return 1
    again = [sys.executable, "-m", "pytest", "--last-failed", "--last-failed-no-failures=none", "-n0"]
    if code := subprocess.run(again, check=False).returncode:
        return code
    for name in unsteady:
        print(f"UNSTEADY {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
