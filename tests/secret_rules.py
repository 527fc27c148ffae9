#!/usr/bin/env python3
"""The shapes of secrets that gitleaks knows, written out: `python tests/secret_rules.py GITLEAKS_TOML` does it.

Its rules are made for files and for Go; ours look at terminals and run in Python. What that changes is said below.
"""

from __future__ import annotations

import re
import sys
import textwrap
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ROOT = Path(__file__).parents[1]
MODULE = ROOT / "app" / "quarterdeck" / "core" / "secret_rules.py"
HEAD = '''"""Shapes of secrets by who gives them out: `python tests/secret_rules.py` makes this from gitleaks' rules.

A line of `FORMAT_RULES` is a name, what a lower-case text must hold for it to be tried, the least entropy, and the
pattern. A word of `COMPANIES` is a company's name and what its keys look like, where nothing else tells of them:
`GIVEN` stands between the two.

The rules are those of gitleaks (https://github.com/gitleaks/gitleaks), rewritten from Go's syntax, which come with
this notice:

MIT License

Copyright (c) 2019 Zachary Rice

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""

'''
LEFT_OUT = {
    "aws-amazon-bedrock-api-key-short-lived": "core/secret_shapes.py, with more than how it begins",
    "curl-auth-header": "core/secret_shapes.py, which looks at one line",
    "curl-auth-user": "core/secret_shapes.py, which looks at one line",
    "facebook-access-token": "a number and a percent sign are no secret",
    "freemius-secret-key": "core/secret_names.py",
    "generic-api-key": "core/secret_names.py",
    "hashicorp-tf-password": "core/secret_names.py",
    "jwt": "core/secret_shapes.py, in linear time",
    "kubernetes-secret-yaml": "needs the whole file; core/secret_names.py knows its names",
    "nuget-config-password": "core/secret_shapes.py",
    "pkcs12-file": "a file's name",
    "private-key": "core/secret_shapes.py, which knows halves as well",
    "sourcegraph-access-token": "any commit is one where its name stands; those with a prefix are in secret_shapes",
}
"""Rules that are not taken, and what stands in for them."""
IS_PUBLIC = re.compile(r"-(?:client|access|key)-id$|-pub(?:lic)?-key$|-user-api-id$|-browser-api-token$")
"""Names of what everybody may know."""

_ANY_NAME = r"[\w.-]{0,50}?"
_ENDS = (
    r"""(?:[\x60'"\s;]|\\[nr]|$)""",
    r"""(?:[\x60'"\s;]|\\[nr]|$|\b)""",
    r"(?:[^\w-]|\z)",
    r"(?:[^a-zA-Z0-9+/]|\z)",
)
"""What gitleaks wants behind a secret. On a screen it may be anything but more of the same word."""
GIVEN = r"""(?:[ \t\w.-]{0,20})[ \t'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'" \t=]{0,5}"""
"""Between a company's name and its key, once that is written for Python."""
_COMPANY = re.compile(r"\(\?i\)\(\?:([a-z|]+)\)" + re.escape(GIVEN) + r"\((\S+)\)\(\?!\[\\w\+/-\]\)")
_FLAGS = re.compile(r"\(\?i\)")


def rules(config: Mapping[str, Any]) -> Iterator[tuple[str, str, float, str]]:
    """Each rule that is taken: name, keywords, least entropy, pattern."""
    for rule in config["rules"]:
        name = rule["id"]
        if name in LEFT_OUT or IS_PUBLIC.search(name):
            continue
        keywords = "|".join(rule["keywords"])
        pattern = in_python(rule["regex"])
        re.compile(pattern)
        # A shape with a beginning of its own needs no more; one that only follows a company's name does.
        entropy = rule.get("entropy", 2) if names_a_company(rule["regex"]) else 0
        assert "\t" not in pattern + keywords
        yield name, keywords, entropy, pattern


def names_a_company(pattern: str) -> bool:
    """Whether a rule looks for a name and anything that is given to it."""
    return _ANY_NAME in pattern[:20]


def in_python(pattern: str) -> str:
    """A pattern of Go's RE2 as Python's `re` has it, and as a terminal wants it."""
    # What stands before a name is of no interest, and looking for it takes long.
    pattern = pattern.replace("(?i)" + _ANY_NAME, "(?i)", 1) if pattern.startswith("(?i)" + _ANY_NAME) else pattern
    pattern = pattern.removeprefix(_ANY_NAME).replace("(?i:" + _ANY_NAME, "(?i:", 1)
    for end in _ENDS:
        pattern = pattern.replace(end, r"(?![\w+/-])")
    # A name at the end of a line and a word on the next have nothing to do with each other.
    pattern = pattern.replace(r"""[\s'"]{0,3}""", r"""[ \t'"]{0,3}""").replace(r"""[\x60'"\s=]""", r"""[\x60'" \t=]""")
    pattern = pattern.replace("[[:alnum:]]", "[A-Za-z0-9]").replace(r"\z", r"\Z")
    # `_` may stand before a secret, as in TOKEN_ghp...; for `\b` it is a part of the same word.
    pattern = pattern.replace(r"(?i)\b", r"(?i)(?<![A-Za-z0-9])") if pattern.startswith(r"(?i)\b") else pattern
    pattern = r"(?<![A-Za-z0-9])" + pattern.removeprefix(r"\b") if pattern.startswith(r"\b") else pattern
    return bounded(scoped(pattern))


def scoped(pattern: str) -> str:
    """Go lets `(?i)` stand anywhere and hold to the end of its group; Python wants that as a group."""
    whole = pattern.startswith("(?i)")
    pattern = pattern.removeprefix("(?i)")
    while found := _FLAGS.search(pattern):
        end = group_end(pattern, found.end())
        pattern = f"{pattern[: found.start()]}(?i:{pattern[found.end() : end]}){pattern[end:]}"
    return f"(?i){pattern}" if whole else pattern


def group_end(pattern: str, start: int) -> int:
    """Where the group ends that `start` lies in."""
    depth, place, in_class = 0, start, False
    while place < len(pattern):
        char = pattern[place]
        if char == "\\":
            place += 1
        elif in_class:
            in_class = char != "]"
        elif char == "[":
            in_class = True
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth < 0:
                return place
        place += 1
    return len(pattern)


def bounded(pattern: str) -> str:
    """Python goes back step by step, so nothing may be without end."""
    pattern = re.sub(r"\{(\d+),\}", lambda found: f"{{{found[1]},{int(found[1]) + 400}}}", pattern)
    return re.sub(r"(?<=\])\+", "{1,60}", re.sub(r"(?<=\\d)\+", "{1,20}", re.sub(r"(?<=\])\*", "{0,60}", pattern)))


def written(taken: Iterable[tuple[str, str, float, str]]) -> str:
    """The whole module."""
    lines, companies = [], []
    for name, keywords, entropy, pattern in taken:
        found = _COMPANY.fullmatch(pattern)
        if found is not None and (found[1], 2) == (keywords, entropy):
            companies.append(f"{found[1]}:{found[2]}")
        else:
            lines.append(f"{name}\t{keywords}\t{entropy:g}\t{pattern}\n")
    words = textwrap.fill(" ".join(companies), 118, break_long_words=False, break_on_hyphens=False)
    return f'{HEAD}FORMAT_RULES = r"""{"".join(lines)}"""\nGIVEN = r"""{GIVEN}"""\nCOMPANIES = r"""\n{words}\n"""\n'


if __name__ == "__main__":
    with Path(sys.argv[1]).open("rb") as file:
        MODULE.write_text(written(rules(tomllib.load(file))), encoding="utf-8")
