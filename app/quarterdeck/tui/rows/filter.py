"""The filter's little language: words, `state: agent: repo: needs: name:`, and `!not`."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.session import RowKind
from quarterdeck.tui.rows.session_row import agent_of, branch_of, kind_of, name_of, repo_of, saying, title_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from quarterdeck.core.session import Session


def _detached(session: Session) -> str:
    """Nobody looks for what has a pane as nearly all have."""
    return session.kind.value if session.kind is RowKind.DETACHED else ""


_FIELDS: dict[str, Callable[[Session], str]] = {
    "name": lambda session: f"{name_of(session)} {title_of(session)}",
    "agent": agent_of,
    "repo": repo_of,
    "state": lambda session: (
        f"{kind_of(session).value} {session.state.value} {session.rest_state.value} {_detached(session)}"
    ),
    "needs": lambda session: session.needs.value if session.needs else "",
    "branch": branch_of,
    "thought": lambda session: saying(session, kind_of(session)),
}
FILTER_FIELDS = tuple(_FIELDS)
_LOOSE = ("name", "repo", "agent", "branch")
"""Short enough to be matched letter by letter."""
_EXACT = ("state", "thought")
"""Long, so that a word must stand there whole: scattered letters would match every sentence."""


class Term(Struct, frozen=True):
    """One word of a filter."""

    word: str
    field: str = ""
    """"" = any."""
    is_not: bool = False


def parse(text: str) -> tuple[Term, ...]:
    """The terms of a filter, all of which must hold. Anything can be typed: what is no field is a word."""
    terms: list[Term] = []
    for part in text.casefold().split():
        is_not = part.startswith("!")
        body = part[1:] if is_not else part
        field, colon, word = body.partition(":")
        if not colon or field not in _FIELDS:
            field, word = "", body
        if word:
            terms.append(Term(word, field, is_not))
    return tuple(terms)


def matches(terms: tuple[Term, ...], session: Session) -> bool:
    """Whether every term holds for the session."""
    return all(_holds(term, session) is not term.is_not for term in terms)


def _holds(term: Term, session: Session) -> bool:
    if term.field == "needs" and term.word == "any":
        return session.needs is not None
    if term.field:
        return any(alternative and alternative in _text(term.field, session) for alternative in term.word.split(","))
    if any(term.word in _text(field, session) for field in (*_LOOSE, *_EXACT)):
        return True
    # A word that excludes must be meant: letters strewn over a name do not count.
    return not term.is_not and any(_strewn(term.word, _text(field, session)) for field in _LOOSE)


def _text(field: str, session: Session) -> str:
    return _FIELDS[field](session).casefold()


@lru_cache(maxsize=8192)
def _strewn(word: str, text: str) -> bool:
    """Whether the letters stand in the text in this order, close enough to be what was meant."""
    if len(word) > len(text):
        return False
    from textual.fuzzy import FuzzySearch  # Not needed before something is typed.

    score, positions = FuzzySearch().match(word, text)
    return score > 0 and positions[-1] - positions[0] < 3 * len(word)
