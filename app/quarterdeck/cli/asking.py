"""Asking the operator, where there is one."""

from __future__ import annotations

import sys

from quarterdeck.core.text import clean_lines
from quarterdeck.errors import Refused


def agrees(question: str, *, otherwise: str, hint: str = "") -> bool:
    """Whether the operator says yes; an empty line is no. Raises Refused with `otherwise` where nobody can be asked."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Refused(otherwise, hint=hint)
    sys.stderr.write(f"{clean_lines(question)} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
