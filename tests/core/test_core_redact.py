from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.core.redact import redact, safe_data, safe_summary

# Put together here, so that no scanner takes this file for a leak.
SECRETS = {
    "openai": "sk-" + "proj-abcDEF0123456789abcDEF",
    "anthropic": "sk-" + "ant-api03-abcDEF_0123456789-xyz",
    "github": "ghp_" + "a1B2" * 9,
    "github fine-grained": "github_pat_" + "11ABCDEFG0" * 4,
    "gitlab": "glpat-" + "x1Y2z3" * 4,
    "aws": "AKIA" + "IOSFODNN7EXAMPLE",
    "slack": "xoxb-" + "1234567890-abcdef",
    "jwt": "eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4fwpM",
    "pem": "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEow\nAAA\n-----END RSA PRIVATE KEY-----",
}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize("around", ["{}", "use {} now", "key={}", '"{}"', "({}),", "https://x.org/?k={}&b=1"])
def test_what_looks_like_a_secret_is_taken_out(secret: str, around: str) -> None:
    said = redact(around.format(secret))

    assert secret not in said
    assert "[redacted]" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: [redacted]"),
        ("curl -H 'Authorization: Bearer abcdefgh12345' x", "curl -H 'Authorization: [redacted]' x"),
        ("bearer abcdefgh12345", "bearer [redacted]"),
        ("password = hunter2", "password = [redacted]"),
        ('{"password": "hunter2 and more"}', '{"password": [redacted]}'),
        ("DB_PASSWORD='hunter2' run", "DB_PASSWORD=[redacted] run"),
        ("GITHUB_TOKEN=abc123def", "GITHUB_TOKEN=[redacted]"),
        ("my-api-key: abc123", "my-api-key: [redacted]"),
        ("postgres://me:pw@db/x and https://tok@h/", "postgres://[redacted]@db/x and https://[redacted]@h/"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbn", "[redacted]\n"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAA", "[redacted]"),
    ],
)
def test_only_the_secret_goes(text: str, said: str) -> None:
    assert redact(text) == said


@pytest.mark.parametrize(
    "text",
    [
        "the quick brown fox",
        "feat: rotate tokens in the background",
        "https://example.org/a/b?c=d#e",
        "task-sk-1 and risk-averse-and-so-on",
        "mail me@example.org",
        "3 tokens: 12000 of 200000",
        "a commit 0123456789abcdef0123456789abcdef01234567",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


def test_values_under_secret_names_go_whatever_they_are() -> None:
    data = {
        "api_key": "short",
        "Set-Cookie": ["a", "b"],
        "nested": {"clientSecret": {"x": 1}},
        "token_count": 12,
        "tokens": 7,
        "has_password": True,
        "password": "",
    }

    assert safe_data(data) == {
        "api_key": "[redacted]",
        "Set-Cookie": "[redacted]",
        "nested": {"clientSecret": "[redacted]"},
        "token_count": 12,
        "tokens": 7,
        "has_password": True,
        "password": "",
    }


def test_values_that_json_does_not_know_become_text() -> None:
    circle: dict[str, Any] = {"name": "a"}
    circle["again"] = [circle]
    deep: list[Any] = []
    for _ in range(100):
        deep = [deep]

    said = safe_data(
        {
            "when": datetime(2026, 11, 21, tzinfo=UTC),
            "where": Path("/tmp/x"),
            "set": {2, 1},
            "nan": float("nan"),
            "big": 2**60,
            "circle": circle,
            "deep": deep,
            5: "five",
        }
    )

    assert "[circular]" in json.dumps(said)
    assert "[too deep]" in json.dumps(said)
    assert isinstance(said, dict)
    assert (said["when"], said["where"], said["set"], said["nan"], said["5"]) == (
        "2026-11-21 00:00:00+00:00",
        "/tmp/x",
        [1, 2],
        "nan",
        "five",
    )
    assert said["big"] == hex(2**60)


@pytest.mark.parametrize("text", ["a" * 200_000, "password=" * 20_000, "-----BEGIN " * 20_000, "http://" * 30_000])
def test_long_text_costs_little(text: str) -> None:
    began = time.process_time()

    assert len(safe_summary(text)) <= 500

    assert time.process_time() - began < 5


def test_a_secret_that_the_cut_would_halve_is_still_seen() -> None:
    assert SECRETS["github"][:10] not in safe_summary("x" * 485 + " " + SECRETS["github"])


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(), st.lists))
def test_anything_becomes_json(value: object) -> None:
    json.dumps(safe_data(value), allow_nan=False)
