"""What a spawned session is called where people read it."""

from __future__ import annotations

import re

LONGEST = 80


def display_name(issue_title: str | None, prompt: str | None) -> str | None:
    """The issue's title, else the prompt's first line that says something; None when neither does."""
    first = next((line for line in (prompt or "").splitlines() if line.strip(" \t#")), "")
    return shorten(issue_title or "") or shorten(re.sub(r"^\s*#{1,6}\s+", "", first)) or None


def shorten(text: str) -> str:
    """One line of at most 80 characters; a longer one ends in an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
