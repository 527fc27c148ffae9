"""The verb `doctor` shows findings; most checks are in `operations/doctor`, and `runtime/setup_checks` lists all."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections import Counter
from typing import TYPE_CHECKING

from quarterdeck.cli.output import Colour, coloured, has_unicode, print_json, separated, write
from quarterdeck.core.text import cell_width, clean
from quarterdeck.operations.doctor import examine
from quarterdeck.ports.doctor_check import CheckStatus
from quarterdeck.runtime.setup_checks import all_checks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.cli.call import Call
    from quarterdeck.ports.doctor_check import Finding

LEAST_CAUSE_CELLS = 20
"""Cells for what is said, however narrow the terminal is."""
SIGNS = {
    CheckStatus.OK: ("✓", "ok", Colour.GREEN),
    CheckStatus.WARN: ("!", "!", Colour.YELLOW),
    CheckStatus.FAIL: ("✗", "X", Colour.RED),
}


async def run(call: Call) -> int:
    """Run every check; 1 if any failed."""
    findings = await examine(call.places, all_checks(call.address, lambda: call.settings))
    if call.json:
        print_json(findings)
    elif sys.stdout.isatty():
        _show(findings)
    else:
        write(separated([(found.status, found.name, found.cause, found.cure) for found in findings]))
    return 1 if any(found.status is CheckStatus.FAIL for found in findings) else 0


def _show(findings: Sequence[Finding]) -> None:
    """A line for each finding, its cure below it, and how it went in the end."""
    width = min(30, max(cell_width(clean(found.name)) for found in findings))
    for found in findings:
        sign, plain, colour = SIGNS[found.status]
        name = clean(found.name)
        gap = " " * max(0, width - cell_width(name))
        mark = coloured(f"{sign if has_unicode() else plain:<2}", colour)
        room = max(LEAST_CAUSE_CELLS, shutil.get_terminal_size().columns - 4 - max(width, cell_width(name)))
        first, *more = textwrap.wrap(clean(found.cause), room, break_long_words=False, break_on_hyphens=False) or [""]
        write(f"{mark}{name}{gap}  {first}\n")
        for line in more:
            write(f"  {' ' * width}  {line}\n")
        if found.cure and found.status is not CheckStatus.OK:
            arrow = "→" if has_unicode() else "->"
            write(f"  {' ' * width}  {coloured(f'{arrow} {clean(found.cure)}', Colour.CYAN)}\n")
    counts = Counter(found.status for found in findings)
    words = {CheckStatus.FAIL: "failed", CheckStatus.WARN: "could be better"}
    said = ", ".join(f"{counts[status]} {word}" for status, word in words.items() if counts[status])
    write(f"\n{said or 'All is well'}.\n")
