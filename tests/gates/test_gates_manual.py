"""The manual page says what there is."""

from __future__ import annotations

import shutil
import subprocess

import pytest

import manual
from quarterdeck.cli.verbs import VERBS
from support.patience import PATIENCE


def test_the_page_is_that_of_the_code() -> None:
    assert manual.PAGE.read_text(encoding="utf-8") == manual.page(), "run: python tests/manual.py"


def test_every_verb_is_in_it_and_no_hidden_one() -> None:
    page = manual.page().replace("\\-", "-")

    assert [verb.name for verb in VERBS if (f".SS quarterdeck {verb.name}" in page) == verb.hidden] == []
    assert "--client" not in page


def test_lines_that_begin_as_requests_of_roff_are_text() -> None:
    assert manual.text(".TH x") == "\\&.TH x"
    assert manual.text("'a' \\ -b") == "\\&\\(aqa\\(aq \\e \\-b"


@pytest.mark.skipif(shutil.which("man") is None, reason="there is no man")
@pytest.mark.process
def test_man_shows_it_without_a_complaint() -> None:
    done = subprocess.run(
        ["man", "--warnings", "-l", str(manual.PAGE)],
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANPAGER": "cat", "MANWIDTH": "80"},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )

    assert done.stderr == ""
    assert "quarterdeck spawn" in done.stdout
