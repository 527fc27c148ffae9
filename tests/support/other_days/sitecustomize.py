"""Python sleeps until a moment of its own clock, which libfaketime takes for one of the clock that it moved."""

import select
import time
from typing import SupportsIndex


def sleep(seconds: float | SupportsIndex) -> None:
    """As `time.sleep` does, by another call of the system."""
    select.select((), (), (), float(seconds))


time.sleep = sleep
