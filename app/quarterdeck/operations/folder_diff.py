"""What changed in a folder since its last commit."""

from __future__ import annotations

from quarterdeck.errors import QuarterdeckError
from quarterdeck.process import run

DIFF_SECONDS = 5.0
DIFF_BYTES = 200_000


async def folder_diff(folder: str) -> str:
    """What changed in a folder's repository against its last commit; "" when it is none or nothing did."""
    if not folder:
        return ""
    argv = ["git", "-C", folder, "--no-optional-locks", "diff", "--no-color", "--no-ext-diff", "HEAD"]
    try:
        result = await run(argv, timeout=DIFF_SECONDS, limit_bytes=DIFF_BYTES)
    except QuarterdeckError:
        return ""
    return result.out if result.code == 0 else ""
