from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.pull_request import PullRequest, dedupe, parse_pull_request


@pytest.mark.parametrize(
    ("url", "number", "owner", "repo"),
    [
        ("https://github.com/acme/web/pull/12", 12, "acme", "web"),
        (" https://github.com/acme/web/pull/12/files#diff-1 ", 12, "acme", "web"),
        ("https://github.example.org/acme/web/pull/3?x=1", 3, "acme", "web"),
        ("https://gitlab.com/acme/web/-/merge_requests/8", 8, "acme", "web"),
        ("https://gitlab.com/acme/team/web/-/merge_requests/8/diffs", 8, "acme/team", "web"),
        ("gitlab.com/acme/web/-/merge_requests/8", 8, "acme", "web"),
        ("https://forge.example.org/acme/web/pulls/5", 5, "", ""),
    ],
)
def test_addresses_name_their_pull_request(url: str, number: int, owner: str, repo: str) -> None:
    found = parse_pull_request(url)

    assert found is not None
    assert (found.number, found.owner, found.repo) == (number, owner, repo)


@pytest.mark.parametrize("text", ["", "12", "#12", "https://github.com/acme/web", "https://[bad/pull/1", "hello"])
def test_other_text_names_none(text: str) -> None:
    assert parse_pull_request(text) is None


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    found = parse_pull_request(text)

    assert found is None or found.number >= 0


def test_each_pull_request_counts_once_and_the_first_wins() -> None:
    first = PullRequest(number=1, url="https://github.com/acme/web/pull/1", owner="acme", repo="web", title="first")
    again = PullRequest(number=1, url="https://github.com/Acme/web/pull/1/files", owner="Acme", repo="web")
    bare = PullRequest(number=1, url="https://x.org/1")

    assert dedupe([first, again, bare, bare]) == (first, bare)
