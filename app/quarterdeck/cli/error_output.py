"""How an error is shown on stderr."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from quarterdeck.cli.output import json_text
from quarterdeck.core.redact import redact
from quarterdeck.core.text import clean_lines

if TYPE_CHECKING:
    from quarterdeck.errors import QuarterdeckError


def show(error: QuarterdeckError, *, as_json: bool) -> None:
    """Write the error: a sentence and its hint, or one JSON object."""
    message, hint = clean_lines(redact(error.message)), clean_lines(error.hint)
    if as_json:
        text = json_text({"error": {"code": error.code, "message": message, "hint": hint}})
    else:
        also = [clean_lines(note) for note in getattr(error, "__notes__", ())]
        text = "\n".join(part for part in (f"quarterdeck: {message}", hint, *also) if part)
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
