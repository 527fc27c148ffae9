"""Which branch a worker gets, and which names git takes."""

from __future__ import annotations

import re

SLUG_MAX = 60

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\\s]")


def is_safe_branch(name: str) -> bool:
    """Whether git takes this as a branch name, and takes it for nothing else."""
    return not (
        not name
        or name in ("@", "HEAD")
        or name.startswith((".", "/", "-"))
        or name.endswith((".", "/", ".lock"))
        or any(bad in name for bad in ("..", "//", "/.", "@{", ".lock/"))
        or _FORBIDDEN.search(name)
    )


def slug(text: str, fallback: str) -> str:
    """An issue id as a part of a branch name: itself where that works, else lower case and dashes, else `fallback`."""
    if _PLAIN.fullmatch(text) and ".." not in text and is_safe_branch(text):
        return text
    dashed = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return dashed[:SLUG_MAX].strip("-") or fallback


def session_branch(session_id: str) -> str:
    """The branch of a worker that has no issue."""
    return f"session/{session_id}"


def orchestrator_branch(session_id: str) -> str:
    """The branch of an orchestrator."""
    return f"orchestrator/{session_id}"


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
    return session_branch(session_id)


_SESSION_HEAD = re.compile(r"(?:refs/heads/)?session/(?P<id>.+)")


def session_numbers(prefix: str, heads: list[str]) -> frozenset[int]:
    """The numbers that `session/<prefix>-<n>` branches use."""
    found = set()
    for head in heads:
        match = _SESSION_HEAD.fullmatch(head.strip())
        number = match and re.fullmatch(re.escape(prefix) + r"-(\d{1,9})", match["id"])
        if number:
            found.add(int(number[1]))
    return frozenset(found)
