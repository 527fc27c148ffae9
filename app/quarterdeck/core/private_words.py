"""What is put in the place of names and secrets of this machine and its people, before a recording leaves it."""

from __future__ import annotations

import re
from functools import cached_property, partial
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from quarterdeck.core.redact import REDACTED, redact

if TYPE_CHECKING:
    from collections.abc import Sequence

HOME, USER, HOST, PORT = "$HOME", "USER", "HOST", "$PORT"
LONGEST_TEXT = 1_500
"""Characters of one value; what is longer is cut, and its length is told."""
DEEPEST_VALUE = 30
_LOCAL_PORT = re.compile(r"(?<=127\.0\.0\.1:)\d+|(?<=localhost:)\d+|(?<=\[::1\]:)\d+|(?<=--port )\d+|(?<=--port=)\d+")
_BREAK = r"(?:[ \t│┃|]*\n[ \t│┃|]*)?"
"""Where a screen breaks a path over two lines, a frame around it or not."""
_NOT_A_WORD = re.compile(r"[^A-Za-z0-9]")
_SECRET_OPTION = re.compile(r"-.*(?:key|token|secret|passw)", re.IGNORECASE)
_SAYS_NOTHING = frozenset({"root", "user", "admin", "home", "localhost"})
"""Names that are nobody's own; in the place of some of them every text would be full of holes."""


class PrivateWords(Struct, frozen=True, dict=True):
    """What is not to be told."""

    homes: tuple[str, ...]
    """Home folders, ours and the agent's."""
    user: str = ""
    hosts: tuple[str, ...] = ()
    """Names of this machine, and its number."""

    @cached_property
    def _in_texts(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        return self._names("")

    @cached_property
    def _on_screens(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        return self._names(_BREAK)

    def _names(self, between: str) -> tuple[tuple[re.Pattern[str], str], ...]:
        """What is looked for, and the word for it; `between` may stand between two letters of a path."""
        homes = sorted({home.rstrip("/") for home in self.homes} - {""}, key=len, reverse=True)
        # Some agents name folders after paths, with dashes for all else than letters and digits.
        dashed = [_NOT_A_WORD.sub("-", home) for home in homes if home.count("/") > 1]
        names = (*((host, HOST) for host in self.hosts), (self.user, USER))
        return (
            *((re.compile(rf"{between.join(map(re.escape, home))}(?![\w-])"), HOME) for home in homes),
            *((re.compile(rf"{between.join(name)}(?![A-Za-z0-9])"), _NOT_A_WORD.sub("-", HOME)) for name in dashed),
            *(
                (re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])", re.IGNORECASE), word)
                for name, word in names
                if len(name) > 2 and name.lower() not in _SAYS_NOTHING
            ),
            (_LOCAL_PORT, PORT),
        )

    def hide(self, text: str) -> str:
        """The text without them."""
        for pattern, word in self._in_texts:
            text = pattern.sub(word, text)
        return redact(text)

    def hide_on_screen(self, screen: str) -> str:
        """The screen without them; what stands behind a name stays in its column."""
        for pattern, word in self._on_screens:
            screen = pattern.sub(partial(_in_place, word), screen)
        return redact(screen)

    def hide_in(self, value: Any, depth: int = 0) -> Any:
        """The same value with every text in it without them, and none of them longer than is kept."""
        match value:
            case str():
                hidden = self.hide(value[: 4 * LONGEST_TEXT])
                if len(value) <= LONGEST_TEXT:
                    return hidden
                return f"{hidden[:200]}… ({len(value)} characters in all)"
            case dict() | list() | tuple() if depth >= DEEPEST_VALUE:
                return None
            case dict():
                return {
                    self.hide(str(key)[:LONGEST_TEXT]): REDACTED
                    if isinstance(each, str) and each and _SECRET_OPTION.fullmatch(f"-{key}")
                    else self.hide_in(each, depth + 1)
                    for key, each in value.items()
                }
            case list() | tuple():
                return [self.hide_in(each, depth + 1) for each in value]
            case _:
                return value

    def hide_argv(self, argv: Sequence[str]) -> list[str]:
        """A command line without them, nor what stands behind an option that names a secret."""
        return [
            REDACTED if _SECRET_OPTION.match(before) and not word.startswith("-") else self.hide_in(word)
            for before, word in zip(("", *argv), argv, strict=False)
        ]


def _in_place(word: str, found: re.Match[str]) -> str:
    """The word letter by letter in the place of what was found; where that was broken, it is broken too."""
    letters = chain(word, repeat("_"))
    return re.sub(rf"{_BREAK[:-1]}|.", lambda each: each[0] if "\n" in each[0] else next(letters), found[0])
