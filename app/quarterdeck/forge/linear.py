"""Linear's issues, through its GraphQL interface."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from quarterdeck.core.foreign_json import is_object, objects_at, text_at
from quarterdeck.core.issue import Issue, IssueState
from quarterdeck.core.text import clean
from quarterdeck.errors import ForgeError, IssueNotFound
from quarterdeck.forge.answers import ISSUE_SECONDS, Cache

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quarterdeck.core.foreign_json import Json

ADDRESS = "https://api.linear.app/graphql"
LINEAR_SECONDS = 30.0
LONGEST_ANSWER = 4 * 1024 * 1024
_FIELDS = "identifier title description url branchName priorityLabel state { type } labels { nodes { name } }"
_ONE = f"query($id: String!) {{ issue(id: $id) {{ {_FIELDS} }} }}"
_MANY = (
    "query($filter: IssueFilter, $first: Int!) {"
    f" issues(filter: $filter, first: $first, orderBy: createdAt) {{ nodes {{ {_FIELDS} }} }} }}"
)
_STATES = {
    "completed": IssueState.CLOSED,
    "canceled": IssueState.CANCELLED,
    "duplicate": IssueState.CANCELLED,
    "started": IssueState.IN_PROGRESS,
}
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9]{0,9}-\d{1,7}")


class LinearTracker:
    """Implements `ports.forge.Tracker`."""

    name = "Linear"

    def __init__(
        self, environ: Mapping[str, str], *, key_variable: str = "", team: str = "", address: str = ADDRESS
    ) -> None:
        self._environ = environ
        self._key_variable = key_variable or "LINEAR_API_KEY"
        self._team = team
        self._address = address
        self._issues: Cache[Issue] = Cache(ISSUE_SECONDS)

    async def issue(self, issue_id: str) -> Issue:
        """One issue; raises IssueNotFound when there is none of that id."""
        word = issue_id.strip().upper()
        if not _IDENTIFIER.fullmatch(word):
            raise IssueNotFound(f"{issue_id!r} is no issue of Linear's: those are named like ABC-123.")

        async def look() -> Issue:
            found = (await self._ask(_ONE, {"id": word})).get("issue")
            if not is_object(found):
                raise IssueNotFound(f"Linear has no issue {word}.")
            return read_issue(found)

        return await self._issues.get(word, look)

    async def issues(self, *, limit: int = 50) -> list[Issue]:
        """Open issues, the newest first."""
        wanted: dict[str, Any] = {"state": {"type": {"nin": ["completed", "canceled", "duplicate"]}}}
        if self._team:
            wanted["team"] = {"key": {"eq": self._team}}
        found = await self._ask(_MANY, {"filter": wanted, "first": min(limit, 250)})
        return [read_issue(row) for row in objects_at(found, "issues", "nodes")]

    def branch(self, issue_id: str) -> str:
        """What a branch for this issue is called."""
        return f"feat/{issue_id.strip().upper()}"

    async def _ask(self, query: str, variables: dict[str, Any]) -> Json:
        key = self._environ.get(self._key_variable, "").strip()
        if not key:
            hint = f"Set {self._key_variable} to a personal API key of Linear's."
            raise ForgeError("Linear needs a key to be asked with.", hint=hint)
        # 90 ms that only those pay who ask Linear.
        import httpx

        asked = {"query": query, "variables": variables}
        try:
            async with httpx.AsyncClient(timeout=LINEAR_SECONDS, follow_redirects=False) as client:
                answer = await client.post(self._address, json=asked, headers={"Authorization": key})
        except httpx.TimeoutException as error:
            raise ForgeError(f"Linear did not answer within {LINEAR_SECONDS:g} seconds.") from error
        except (httpx.HTTPError, ValueError) as error:
            why = type(error).__name__
            raise ForgeError(f"Linear could not be asked: {why}.", hint="Is there a network?") from error
        if answer.status_code in (401, 403):
            raise ForgeError("Linear does not accept the key.", hint=f"Check {self._key_variable}.")
        if answer.status_code == 429:
            raise ForgeError("Linear allows no more requests for now.", hint="Wait some minutes and try again.")
        if len(answer.content) > LONGEST_ANSWER:
            raise ForgeError("Linear gave an answer that is too long.")
        try:
            value = answer.json()
        except ValueError as error:
            raise ForgeError(f"Linear gave an answer that cannot be read (status {answer.status_code}).") from error
        return _data(value, answer.status_code)


def _data(value: object, status: int) -> Json:
    if not is_object(value):
        raise ForgeError("Linear gave an answer that cannot be read.")
    problems = [clean(text_at(row, "message")) for row in objects_at(value, "errors")]
    if problems:
        said = "; ".join(problems)[:300]
        if re.search(r"entity not found|could not find", said, re.IGNORECASE):
            raise IssueNotFound(f"Linear: {said}")
        if re.search(r"authenticat", said, re.IGNORECASE):
            raise ForgeError("Linear does not accept the key.")
        raise ForgeError(f"Linear could not be asked: {said}")
    data = value.get("data")
    if status >= 400 or not is_object(data):
        raise ForgeError(f"Linear could not be asked (status {status}).")
    return data


def read_issue(row: Json) -> Issue:
    """An issue as Linear tells it."""
    return Issue(
        id=text_at(row, "identifier"),
        title=clean(text_at(row, "title")),
        body=text_at(row, "description"),
        url=text_at(row, "url"),
        state=_STATES.get(text_at(row, "state", "type"), IssueState.OPEN),
        labels=tuple(clean(text_at(label, "name")) for label in objects_at(row, "labels", "nodes")),
        priority=text_at(row, "priorityLabel") or None,
        branch=text_at(row, "branchName") or None,
    )
