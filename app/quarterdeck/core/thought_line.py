"""A thought as it may stand in a row: one line, short, without markup, decoration or secrets."""

from __future__ import annotations

import re

from quarterdeck.core.redact import redact_firmly
from quarterdeck.core.text import clean

LONGEST = 120
READ_LIMIT = 4_000
"""Characters looked at; what a thought is lies at the beginning."""

_DECORATION = re.compile(r"[\u2300-\u23ff\u2500-\u27bf\u2800-\u28ff\u2b00-\u2bff\ue000-\uf8ff\ufffd]+")
"""Boxes, blocks, spinners and what only some fonts have: pieces of a screen, not of a sentence."""
_TAGS = re.compile(r"</?[A-Za-z][^<>]{0,200}>|\[/?[a-z][a-z0-9 #_.@=-]{0,40}\]|```\w*")
_LINKS = re.compile(r"!?\[([^\[\]]{1,200})\]\([^()]{0,500}\)")
_EMPHASIS = re.compile(r"\*\*|__|~~")
_LEAD = re.compile(r"^(?:[#>*•·-]+\s+|\d{1,2}[.)]\s+)+")


def tidy(text: str) -> str:
    """The text as one line of at most `LONGEST` characters."""
    text = _DECORATION.sub(" ", clean(text[:READ_LIMIT]))
    text = " ".join(redact_firmly(text).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 3].rstrip() + "..."


def tidy_answer(text: str) -> str:
    """What a model said: its first line with words, without markup or quotes around it."""
    for line in text[:READ_LIMIT].splitlines():
        found = plain_words(line)
        if any(map(str.isalnum, found)):
            return tidy(found)
    return ""


def plain_words(text: str) -> str:
    """Text without the marks of Markdown, HTML and terminals' own markup."""
    text = _EMPHASIS.sub("", _TAGS.sub("", _LINKS.sub(r"\1", clean(text)))).strip()
    text = _LEAD.sub("", text).strip()
    while len(text) > 1 and text[0] in "\"'`“" and text[-1] in "\"'`”" and text[1:-1].count(text[0]) == 0:
        text = text[1:-1].strip()
    return text
