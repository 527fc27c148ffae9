from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.core.session_names import choose_branch, is_safe_branch, session_numbers, slug


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ABC-12", "ABC-12"),
        ("v1.2_x", "v1.2_x"),
        ("Fix the login!", "fix-the-login"),
        ("#42", "42"),
        ("a..b", "a-b"),
        ("../../etc", "etc"),
        ("...", "app-1"),
        ("", "app-1"),
        ("日本語", "app-1"),
        ("x.lock", "x-lock"),
        ("-rf", "rf"),
        ("a" * 59 + " bcd", "a" * 59),
        ("word " * 40, ("word-" * 12).strip("-")),
    ],
)
def test_an_issue_becomes_a_part_of_a_branch(text: str, expected: str) -> None:
    assert slug(text, "app-1") == expected


@pytest.mark.parametrize(
    "name",
    [
        "",
        "@",
        ".x",
        "/x",
        "x.",
        "x/",
        "x.lock",
        "a..b",
        "a//b",
        "a/.b",
        "a@{b",
        "a b",
        "a\tb",
        "a\x07b",
        "a~b",
        "a^b",
        "a:b",
        "a?b",
        "a*b",
        "a[b",
        "a\\b",
        "-x",
        "a.lock/b",
        "HEAD",
    ],
)
def test_names_git_refuses_or_mistakes_are_not_safe(name: str) -> None:
    assert not is_safe_branch(name)


@given(st.text(alphabet=st.sampled_from("aZ9./-_@{}~^: \\\x07é"), max_size=12))
@settings(max_examples=40, deadline=None)
@pytest.mark.process
def test_what_we_call_safe_git_takes(name: str) -> None:
    git = shutil.which("git")
    assert git
    if is_safe_branch(name):
        # check-ref-format is the judge of branch names.
        judged = subprocess.run([git, "check-ref-format", "--branch", name], capture_output=True, check=False)
        assert judged.returncode == 0


@given(st.text(max_size=100))
def test_a_slug_is_always_a_safe_branch(text: str) -> None:
    assert is_safe_branch(f"feat/{slug(text, 'app-1')}")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, "session/app-3"),
        ({"explicit": "mine"}, "mine"),
        ({"explicit": "mine", "issue": "7", "issue_branch": "theirs"}, "mine"),
        ({"issue": "7", "issue_branch": "theirs/7", "tracker_branch": "feat/issue-7"}, "theirs/7"),
        ({"issue": "7", "issue_branch": "bad name", "tracker_branch": "feat/issue-7"}, "feat/issue-7"),
        ({"issue": "Fix It"}, "feat/fix-it"),
        ({"issue": "!!!"}, "feat/app-3"),
    ],
)
def test_the_branch_of_a_worker(arguments: dict[str, str], expected: str) -> None:
    assert choose_branch("app-3", **arguments) == expected


def test_numbers_are_read_from_session_branches_of_this_prefix_alone() -> None:
    heads = [
        "refs/heads/session/app-3",
        "session/app-12",
        "refs/heads/session/app-x",
        "refs/heads/session/application-9",
        "refs/heads/feat/app-99",
        "refs/heads/session/app-4-old",
    ]

    assert session_numbers("app", heads) == {3, 12}
