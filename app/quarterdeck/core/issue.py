"""Issues of a tracker, and how to tell "there is no such issue" from "the tracker could not be asked"."""

from __future__ import annotations

import re
from enum import StrEnum

from msgspec import Struct

LONGEST_BODY = 16_000
"""Characters of an issue that an agent is told; the rest it reads itself."""


class IssueState(StrEnum):
    """Where an issue stands."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Issue(Struct, frozen=True, kw_only=True):
    """One issue. All text in it is foreign."""

    id: str
    title: str
    body: str = ""
    url: str = ""
    state: IssueState = IssueState.OPEN
    labels: tuple[str, ...] = ()
    priority: str | None = None
    branch: str | None = None
    """The branch the tracker itself proposes."""

    @property
    def is_completed(self) -> bool:
        """Whether nothing is left to do about it."""
        return self.state in (IssueState.CLOSED, IssueState.CANCELLED)


_NOT_FOUND = re.compile(
    r"no issue found|could not find issue|could not resolve to an issue|no issue with identifier|invalid issue format"
    r"|issue\b.*\b(?:not found|does not exist)|(?:not found|does not exist)\b.*\bissue",
    re.IGNORECASE | re.DOTALL,
)


def means_not_found(message: str) -> bool:
    """Whether a tracker's message says that there is no such issue, and not that it could not be asked."""
    return bool(_NOT_FOUND.search(message))


def issue_number(text: str) -> str | None:
    """The number in `12`, `#12` or an issue's address; None when there is none."""
    match = re.fullmatch(r"#?(\d{1,9})", text.strip()) or re.search(r"/issues/(\d{1,9})(?:[/?#]|$)", text.strip())
    return match[1] if match else None


def issue_text(issue: Issue) -> str:
    """An issue as an agent is told of it."""
    facts = [f"Labels: {', '.join(issue.labels)}"] if issue.labels else []
    if issue.priority:
        facts.append(f"Priority: {issue.priority}")
    body = issue.body.strip()
    if len(body) > LONGEST_BODY:
        body = f"{body[:LONGEST_BODY]}\n\n(The rest is left out; read it at {issue.url or issue.id}.)"
    head = f"Issue {issue.id}: {issue.title}"
    return "\n\n".join(part for part in (head, issue.url, "\n".join(facts), body) if part)
