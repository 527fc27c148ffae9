"""What is known of each version of tmux: which are too old, which were tried, and what is to be minded of some."""

from __future__ import annotations

import re
from typing import Final, NamedTuple


class TmuxVersion(NamedTuple):
    """A version that can be compared: `3.3a` comes after `3.3`, and `next-3.8` before `3.8`."""

    major: int
    minor: int
    released: bool = True
    letter: str = ""


class Known(NamedTuple):
    """Something that is so of all versions from one to another."""

    first: TmuxVersion
    last: TmuxVersion
    words: str


NEWEST: Final = TmuxVersion(9_999, 0)
"""Stands for builds of no release, which come from tmux's newest sources."""

OLDEST: Final = "3.2"
"""The oldest version that can be used."""

TRIED: Final = ("3.2a", "3.3a", "3.5a", "3.6b", "3.7c")
"""The versions that the tests which start tmux have passed on, in rising order."""

KNOWN: Final = (
    Known(
        TmuxVersion(0, 0),
        TmuxVersion(3, 5, letter="z"),
        "It loses memory with each capture for a control client, so captures take another way.",
    ),
    Known(
        TmuxVersion(3, 7), NEWEST, "It takes no name with a control character, and doubles each backslash of a title."
    ),
)
"""What is to be minded, and what is done about it."""

_VERSION: Final = re.compile(r"(?:tmux )?(next-)?(\d+)\.(\d+)([a-z]?)(-rc)?")


def tmux_version(answer: str) -> TmuxVersion | None:
    """The version in what `tmux -V` says: `tmux 3.3a`, `tmux next-3.6`, `tmux openbsd-7.4`.

    None when there is no number to compare.
    """
    found = _VERSION.match(answer)
    if found is None:
        return None
    return TmuxVersion(int(found[2]), int(found[3]), not (found[1] or found[5]), found[4])


def is_usable_tmux(answer: str) -> bool:
    """Whether the tmux that gave this answer to `-V` is new enough."""
    return (tmux_version(answer) or NEWEST)[:2] >= _version(OLDEST)[:2]


def verdict(answer: str) -> str:
    """What is known of the tmux that gave this answer to `-V`, in sentences."""
    return " ".join((f"{answer}: {_trial(tmux_version(answer))}.", *minded(answer)))


def minded(answer: str) -> tuple[str, ...]:
    """What is to be minded of the tmux that gave this answer to `-V`."""
    version = tmux_version(answer) or NEWEST
    return tuple(known.words for known in KNOWN if known.first <= version <= known.last)


def _trial(version: TmuxVersion | None) -> str:
    if version is None:
        return "not tried, and of no release"
    older = [tried for tried in TRIED if _version(tried) <= version]
    newer = [tried for tried in TRIED if _version(tried) >= version]
    if older and newer:
        return "tried with the tests" if older[-1] == newer[0] else f"not tried, between {older[-1]} and {newer[0]}"
    return f"not tried, newer than {older[-1]}" if older else f"not tried, older than {newer[0]}"


def _version(text: str) -> TmuxVersion:
    version = tmux_version(text)
    assert version is not None
    return version
