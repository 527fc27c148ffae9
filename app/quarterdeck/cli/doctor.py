"""`doctor`: what is wrong, why, and what to do about it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from quarterdeck.cli.output import print_json, print_table
from quarterdeck.operations.doctor import CHECKS, Status, examine

if TYPE_CHECKING:
    from quarterdeck.cli.call import Call


def run(call: Call) -> int:
    """Run every check; 1 if any failed."""
    findings = asyncio.run(examine(call.places, CHECKS))
    if call.json:
        print_json(findings)
    else:
        rows = [(finding.status, finding.name, finding.cause, finding.cure) for finding in findings]
        print_table(("", "CHECK", "FOUND", "CURE"), rows)
    return 1 if any(finding.status is Status.FAIL for finding in findings) else 0
