"""Where in a text secrets stand: by their look, by their name, and by looking drawn by lot."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from quarterdeck.core.secret_shapes import Span

SHORTEST = 12
"""Characters of a secret that has nothing beside it that tells of it."""
HINTS = (
    "pass", "pwd", "secret", "token", "cred", "cookie", "session", "mnemonic", "seed", "dsn", "key", "auth", "bearer",
    "basic", "login", "://", "-----", "curl", "wget", "mysql", "mariadb", "redis", "ldap", "zip", "7z", "mongo",
    "openssl", "smb",
)  # fmt: skip
"""Words without which nothing shorter is a secret."""
LEAST_BROKEN_WIDTH = 30
"""Columns of a line that a terminal may have broken."""
MARGIN = 4
"""Columns by which such a line may be shorter than the longest: programs that break lines leave some room."""

_BREAK = re.compile(r"[ \t]*[│┃|]?[ \t]*\n[ \t]*[│┃|]?[ \t]*")
"""Between two lines of a terminal, with the frame that may stand around them."""
_FRAME = " \t│┃|"
"""What a line may end with behind its words."""
_PROMPT = re.compile(r"[\w.-]{1,60}@[\w.-]{1,60}[ :]|\S{0,60}[$#%>❯](?: |$)")
_PLAIN_WORDS = re.compile(r"(?:[A-Z]?[a-z]*[.,:;!?]?\s*+)*+")
_GOES_ON = re.compile(r"[A-Za-z0-9_+/=.:~@%-]")


def secret_spans(text: str) -> list[Span]:
    """Beginnings and ends in order, none over another; also of what was broken over lines."""
    lowered = text.lower()
    # A cheap first look: what a start says and logs needs none of the patterns.
    if not any(hint in lowered for hint in HINTS) and max(map(len, lowered.split()), default=0) < SHORTEST:
        return []
    return list(_merged([*_found(text), *_found_over_lines(text)]))


def _found(text: str) -> Iterator[Span]:
    # Imported when there is something to look at: many verbs mask nothing.
    from quarterdeck.core.secret_names import named
    from quarterdeck.core.secret_shapes import opaque_words, shapes

    lowered = text.lower()
    if len(lowered) != len(text):
        # Each letter has to stay at its place.
        lowered = "".join(char.lower() if len(char.lower()) == 1 else char for char in text)
    # Most words of a screen are there more than once, and blanks are most of it.
    words = "\n".join(set(lowered.split()))
    yield from shapes(text, lowered, words)
    yield from named(text, lowered, words)
    yield from _issued(text, words)
    yield from opaque_words(text)


@cache
def _rules() -> dict[str, list[tuple[float, str]]]:
    """Least entropy and pattern of what is tried for each keyword."""
    from quarterdeck.core.secret_rules import COMPANIES, FORMAT_RULES, GIVEN

    rules: dict[str, list[tuple[float, str]]] = {}
    for line in FORMAT_RULES.splitlines():
        _, keywords, least, pattern = line.split("\t")
        for keyword in keywords.split("|"):
            rules.setdefault(keyword, []).append((float(least), pattern))
    for word in COMPANIES.split():
        company, _, key = word.partition(":")
        for keyword in company.split("|"):
            rules.setdefault(keyword, []).append((2.0, rf"(?i)(?:{company}){GIVEN}({key})(?![\w+/-])"))
    return rules


def _issued(text: str, words: str) -> Iterator[Span]:
    from quarterdeck.core.secret_shapes import compiled, entropy

    for rules in [rules for keyword, rules in _rules().items() if keyword in words]:
        for least, pattern in rules:
            for found in compiled(pattern).finditer(text):
                span = found.span(found.lastindex or 0)
                secret = text[slice(*span)]
                # Without a beginning of its own it must at least be no word.
                if not least or (any(map(str.isdigit, secret)) and entropy(secret) > least):
                    yield span


def _found_over_lines(text: str) -> Iterator[Span]:
    """What stands in lines that were broken because they were too long for the terminal."""
    pieces = _pieces(text)
    places = [0, *accumulate(end - start for start, end in pieces)]
    for start, end in _found("".join(text[first:last] for first, last in pieces)) if pieces else ():
        for index in range(bisect_right(places, start) - 1, len(pieces)):
            if places[index] >= end:
                break
            shift = pieces[index][0] - places[index]
            first, last = max(pieces[index][0], start + shift), min(pieces[index][1], end + shift)
            # A line that is the longest by chance ends with its secret; the next one begins with a word.
            if places[index] <= start or not _PLAIN_WORDS.fullmatch(text, first, last):
                yield first, last


def _pieces(text: str) -> list[Span]:
    """The parts of the lines that a terminal broke, without those breaks."""
    lines = text.split("\n")
    least = max(LEAST_BROKEN_WIDTH, max(map(len, lines)) - MARGIN)
    pieces: list[Span] = []
    start = place = 0
    is_broken = False
    for line, after in pairwise(lines):
        cut = _break(text, place + len(line.rstrip(_FRAME))) if len(line) >= least and after else None
        place += len(line) + 1
        if cut is not None:
            pieces.append((start, cut[0]))
            start = cut[1]
        else:
            if is_broken:
                pieces.append((start, place))
            start = place
        is_broken = cut is not None
    return [*pieces, (start, len(text))] if is_broken else pieces


def _break(text: str, place: int) -> Span | None:
    """What stands between two lines that may have been one."""
    found = _BREAK.match(text, place)
    if found is None or found.end() >= len(text) or place == 0 or _PROMPT.match(text, found.end()):
        return None
    return found.span() if _GOES_ON.match(text[place - 1]) and _GOES_ON.match(text[found.end()]) else None


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    """The spans in order, those that touch as one; blanks at their ends are left out of none."""
    current: Span | None = None
    for start, end in sorted(spans):
        if start >= end:
            continue
        if current is not None and start <= current[1]:
            current = current[0], max(current[1], end)
            continue
        if current is not None:
            yield current
        current = start, end
    if current is not None:
        yield current
