"""A time as values hold it that are kept."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta

AwareTime = Annotated[datetime, Meta(tz=True)]
"""One that says in which zone it is: any other cannot be compared with now, and is refused when it is read."""
