"""Long words that nobody would write by hand: they are taken for secrets unless they are known to be something else."""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quarterdeck.core.secret_shapes import Span

LEAST = 20
LEAST_OF_TWO = 24
"""Characters of a word that has no capitals, or nothing else."""
LEAST_ENTROPY = 3.5
"""Bits a character; words of a language have less, or change less between letters, capitals and digits."""
MIXED, MIXED_OF_TWO = 0.42, 0.33
"""Share of neighbours that are of different kinds. A name made of words has a third at most."""

# Within a path or an address a long word names a thing; what is secret there is known by its parameter.
_WORD = re.compile(rf"(?<![A-Za-z0-9_+/.\\@%~-])[A-Za-z0-9_+/-]{{{LEAST},}}+={{0,2}}(?![@\\])")
_HEX = re.compile(r"(?:0x)?[0-9a-fA-F-]+")
_KNOWN = re.compile(
    # Hashes and what goes by one, public keys, names that compilers make, and ids that agents and their models give.
    r"sha\d{1,3}[-_]|md5-|AAAA[A-Z0-9]3NzaC1|AAAAE2VjZHNh|AAAAG|_Z|_R|"
    r"(?:ses|msg|prt|toolu|call|req|resp|run|thread|chatcmpl|item|rs|fc|evt|step|file|batch|asst|cmpl|gen|srvtoolu)[_-]"
)
_HASH_BEFORE = re.compile(r"(?:sha\d{1,3}|h1|md5|fingerprint|base64)[:,]\s?\Z", re.IGNORECASE)
_ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")


def opaque_words(text: str) -> Iterator[Span]:
    """Where such words stand."""
    for found in _WORD.finditer(text):
        start, end = found.span()
        if is_opaque(found[0]) and not _HASH_BEFORE.search(text, max(0, start - 14), start):
            yield start, end


def is_opaque(word: str) -> bool:
    """Whether a word looks as if it had been drawn by lot."""
    word = word.rstrip("=")
    if len(word) < LEAST or _HEX.fullmatch(word) or _KNOWN.match(word) or _ULID.fullmatch(word):
        return False
    if 8 * sum(map(word.count, "_-/")) > len(word):
        # Made of parts: a name.
        return False
    signs = "".join(filter(str.isalnum, word))
    kinds = ["d" if sign.isdigit() else "u" if sign.isupper() else "l" for sign in signs]
    if "d" not in kinds or len(set(kinds)) < 2:
        return False
    has_all = len(set(kinds)) == 3
    if len(word) < (LEAST if has_all else LEAST_OF_TWO):
        return False
    changes = sum(one != other for one, other in pairwise(kinds)) / (len(kinds) - 1)
    return changes >= (MIXED if has_all else MIXED_OF_TWO) and entropy(signs) >= LEAST_ENTROPY


def entropy(word: str) -> float:
    """Bits of surprise in a character of the word."""
    return -sum(count / len(word) * math.log2(count / len(word)) for count in Counter(word).values()) if word else 0.0
