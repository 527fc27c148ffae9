"""Lines of keys in TOML texts."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.config.toml_lines import key_lines, line_of

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = '''# a comment with [brackets] and = signs
top = 1

[tmux]   # another
"poll_seconds" = 0.5
dotted.inner . "odd key" = { a = 1, b = [2,
  3] }
many = """
[not a table]
fake = 1
"""
literal = \'\'\'
fake2 = 2\'\'\'
list = [ # comment ]
  "]", # "
  1,
]
[projects."a.b"]
path = 'C:\\x'
[[agents.mine.rules]]
name = "one"
[[agents.mine.rules]]
name = "two"
[agents.mine.rules.below]
x = "tab\\t\\"quoted\\" #"
y = 2
'''


def test_each_key_is_found_on_its_line() -> None:
    lines = key_lines(TEXT)

    assert tomllib.loads(TEXT)
    assert {".".join(path): line for path, line in lines.items()} == {
        "top": 2,
        "tmux": 4,
        "tmux.poll_seconds": 5,
        "tmux.dotted": 6,
        "tmux.dotted.inner": 6,
        "tmux.dotted.inner.odd key": 6,
        "tmux.many": 8,
        "tmux.literal": 12,
        "tmux.list": 14,
        "projects.a.b": 18,
        "projects.a.b.path": 19,
        "agents.mine.rules": 20,
        "agents.mine.rules.0": 20,
        "agents.mine.rules.0.name": 21,
        "agents.mine.rules.1": 22,
        "agents.mine.rules.1.name": 23,
        "agents.mine.rules.1.below": 24,
        "agents.mine.rules.1.below.x": 25,
        "agents.mine.rules.1.below.y": 26,
    }


def test_what_has_no_line_of_its_own_gets_that_of_what_is_around_it() -> None:
    lines = key_lines("[a]\nb = { c = [1, { d = 2 }] }\n")

    assert line_of(lines, ("a", "b", "c", "1", "d")) == 2
    assert line_of(lines, ("a", "missing")) == 1
    assert line_of(lines, ("missing",)) is None


KEYS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=8)
SCALARS = (
    st.integers(-(2**40), 2**40)
    | st.booleans()
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=30)
)
TREES = st.dictionaries(
    KEYS,
    st.recursive(
        SCALARS, lambda below: st.dictionaries(KEYS, below, max_size=3) | st.lists(SCALARS, max_size=3), max_leaves=8
    ),
    max_size=4,
)


def quoted(text: str) -> str:
    """A TOML basic string."""
    escaped = (f"\\u{ord(c):04x}" if ord(c) < 32 or ord(c) == 127 else f"\\{c}" if c in '"\\' else c for c in text)
    return f'"{"".join(escaped)}"'


def written(value: object, *, spread: bool) -> str:
    """A value in TOML; lists over several lines when `spread`."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        gap = "\n  # [ a comment\n  " if spread else " "
        return f"[{gap}{f',{gap}'.join(written(item, spread=spread) for item in value)}{gap}]"
    if isinstance(value, str) and "\n" in value and spread and not any(ord(c) < 32 and c != "\n" for c in value):
        return '"""\n' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\x7f", "\\u007f") + '"""'
    return quoted(value) if isinstance(value, str) else str(value)


def tables(tree: dict[str, object], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], dict[str, object]]]:
    yield path, {key: value for key, value in tree.items() if not isinstance(value, dict)}
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from tables(value, (*path, key))


@given(TREES, st.booleans())
def test_every_key_of_any_text_is_found_where_it_was_written(tree: dict[str, object], spread: bool) -> None:
    text = ""
    expected: dict[tuple[str, ...], int] = {}
    for path, values in tables(tree, ()):
        if path:
            expected.setdefault(path, text.count("\n") + 1)
            text += f"[{' . '.join(map(quoted, path))}] # = [\n"
        for key, value in values.items():
            expected[(*path, key)] = text.count("\n") + 1
            text += f"{quoted(key)} = {written(value, spread=spread)} # = ]\n\n"

    assert tomllib.loads(text) == tree
    assert dict(key_lines(text)) == expected
