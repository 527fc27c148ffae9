"""Asking the operator, where there is one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from quarterdeck.core.text import clean_lines
from quarterdeck.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable


def agrees(question: str, *, otherwise: str, hint: str = "", more: Callable[[], None] | None = None) -> bool:
    """Whether the operator says yes; an empty line is no. Raises Refused with `otherwise` where nobody can be asked.

    `d` shows more, where there is more, and asks again.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Refused(otherwise, hint=hint)
    while True:
        sys.stderr.write(f"{clean_lines(question)} [{'y/N, d: every line' if more else 'y/N'}] ")
        sys.stderr.flush()
        said = sys.stdin.readline().strip().lower()
        if said != "d" or more is None:
            return said in {"y", "yes"}
        more()
