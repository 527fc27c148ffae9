"""What sessions and their branches are called: names for new ones, and the session that a word names."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Final

from quarterdeck.core.session import SessionState
from quarterdeck.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from quarterdeck.core.session import Session

MATCHES_SHOWN = 8
SLUG_MAX = 60
_NUMBER = r"[0-9]{1,18}"
STEM_MAX = 40
"""Characters of a name that is made here."""
LONGEST_NAME = 80
"""Characters of a session's name where people read it."""
CONSOLE_NAME: Final = "quarterdeck"
"""What the session is called that the console's key makes; further ones get a number."""


def find_session(word: str, sessions: Sequence[Session]) -> Session | None:
    """The session a word names: by id, by exact tmux name, or by an unambiguous prefix of either.

    An exact hit always wins over a prefix, and among exact ones a live row over one that has ended, and then the last.
    What is over is meant by a prefix only where nothing else is.
    """
    if not word:
        return None
    exact = [s for s in sessions if s.session_id == word] or [s for s in sessions if s.tmux_name == word]
    if exact:
        return min(exact, key=lambda s: (s.is_stale, -s.ended_at.timestamp() if s.ended_at else float("-inf")))
    begin_so = [s for s in sessions if s.session_id.startswith(word) or s.tmux_name.startswith(word)]
    in_use = [s for s in begin_so if s.is_stale or s.state is not SessionState.EXITED]
    matches = {s.session_id: s for s in in_use or begin_so}
    if len(matches) > 1:
        shown = [f"{s.session_id} ({s.tmux_name})" for s in matches.values()][:MATCHES_SHOWN]
        more = ", …" if len(matches) > MATCHES_SHOWN else ""
        raise UsageError(
            f'"{word}" could be any of {len(matches)} sessions: {", ".join(shown)}{more}.',
            hint="Give more of the name, or the id.",
        )
    return next(iter(matches.values()), None)


def next_numeric_name(names: Iterable[str]) -> int:
    """The number after the highest name that is a number."""
    return max([0, *(int(name) + 1 for name in names if re.fullmatch(_NUMBER, name))])


def free_names(stem: str, names: Collection[str]) -> Iterator[str]:
    """Names nobody has: made of the stem where it has something a name can be made of, else the next numbers.

    What is counted has an underscore before it, so that it is never taken for a worker's id, which has a dash.
    """
    stem = re.sub(r"[^\w-]+", "_", stem).strip("_-")[:STEM_MAX]
    if not stem or re.fullmatch(_NUMBER, stem):
        yield from map(str, itertools.count(next_numeric_name(names)))
    for attempt in itertools.count(1):
        name = stem if attempt == 1 else f"{stem}_{attempt}"
        if name not in names:
            yield name


def is_safe_branch(name: str) -> bool:
    """Whether git takes this as a branch name, and takes it for nothing else."""
    return not (
        not name
        or name in ("@", "HEAD")
        or name.startswith((".", "/", "-"))
        or name.endswith((".", "/", ".lock"))
        or any(bad in name for bad in ("..", "//", "/.", "@{", ".lock/"))
        or re.search(r"[\x00-\x20\x7f~^:?*\[\\\s]", name)
    )


def slug(text: str, fallback: str) -> str:
    """An issue id as a part of a branch name: itself where that works, else lower case and dashes, else `fallback`."""
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", text) and ".." not in text and is_safe_branch(text):
        return text
    dashed = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return dashed[:SLUG_MAX].strip("-") or fallback


def choose_branch(
    session_id: str,
    *,
    explicit: str | None = None,
    issue: str | None = None,
    issue_branch: str | None = None,
    tracker_branch: str | None = None,
) -> str:
    """The branch for a new worker.

    `explicit` is the operator's; `issue_branch` what the issue itself proposes and `tracker_branch` what its tracker
    would call it, both only of an issue that was found.
    """
    if explicit:
        return explicit
    for proposed in (issue_branch, tracker_branch):
        if proposed and is_safe_branch(proposed):
            return proposed
    if issue:
        return f"feat/{slug(issue, session_id)}"
    return f"session/{session_id}"


def session_numbers(prefix: str, heads: list[str]) -> frozenset[int]:
    """The numbers that `session/<prefix>-<n>` branches use."""
    pattern = re.compile(rf"(?:refs/heads/)?session/{re.escape(prefix)}-(\d{{1,9}})")
    return frozenset(int(found[1]) for head in heads if (found := pattern.fullmatch(head.strip())))


def display_name(issue_title: str | None, prompt: str | None) -> str | None:
    """The issue's title, else the prompt's first line that says something; None when neither does."""
    first = next((line for line in (prompt or "").splitlines() if line.strip(" \t#")), "")
    return shorten(issue_title or "") or shorten(re.sub(r"^\s*#{1,6}\s+", "", first)) or None


def shorten(text: str) -> str:
    """One line of at most 80 characters; a longer one ends in an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_NAME else line[: LONGEST_NAME - 1] + "…"
