"""Rules as data: a dated file for each agent says what its screen and its title mean.

Ours lie in the folder `rules`. A file of the operator's own goes before ours unless ours is newer, and one that is
wrong counts as if it were not there, but is named.
"""

from __future__ import annotations

import logging
import re
import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct

from quarterdeck.agents.screen import Meaning, Region, ScreenRule, TitleRule, in_order
from quarterdeck.core.session import Confidence
from quarterdeck.errors import SettingsError
from quarterdeck.foreign_files import read_text
from quarterdeck.ports.agent import RulesInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from enum import StrEnum

logger = logging.getLogger(__name__)

RULES_FOLDER = Path(__file__).with_name("rules")
LARGEST_RULES_BYTES = 256 * 1024
MOST_RULES = 200
LONGEST_RULE = 2_000
"""Characters of a pattern, or of another text of a rule."""

_FRAGMENT = re.compile(r"\{\{(\w+)\}\}")
_LAYOUT = frozenset({"head", "prompt", "sign", "hint", "queueing", "unbegun"})
_TOP = frozenset({"agent", "date", "versions", "layout", "fragments", "screen", "title", "tried"})
_PATTERNS = frozenset({"pattern", "unless"})
_KINDS: Mapping[str, type] = {
    "id": str, "means": Meaning, "region": Region, "pattern": str, "unless": str,
    "priority": int, "confidence": Confidence, "needs_box": bool, "exact": bool,
}  # fmt: skip
"""What each key of a rule holds."""
_CALLED = {str: "a text", int: "a whole number", bool: "true or false", date: "a day, as in 2026-11-21"}
_OF_SCREEN = frozenset(_KINDS) - {"exact"}
_OF_TITLE = frozenset({"id", "means", "pattern", "exact"})


class Trial(Struct, frozen=True, kw_only=True):
    """What was tried of an agent with one version of it, and what came of it; None = it was not tried."""

    version: str
    on: date
    live: bool = True
    """False: it could not be started, so all that is known is from what is written about it."""
    states: int = 0
    """States that it was brought into."""
    right: int = 0
    unsure: int = 0
    """States that were shown as unsure."""
    hooks: bool | None = None
    answer: bool | None = None
    send: bool | None = None
    transcript: bool | None = None
    resume: bool | None = None
    detached: bool | None = None
    """Whether one without a pane is a row."""
    note: str = ""

    @property
    def wrong(self) -> int:
        """States that were shown as what they were not."""
        return self.states - self.right - self.unsure


_OF_TRIAL: Mapping[str, type] = {
    "version": str, "on": date, "live": bool, "states": int, "right": int, "unsure": int, "hooks": bool,
    "answer": bool, "send": bool, "transcript": bool, "resume": bool, "detached": bool, "note": str,
}  # fmt: skip


class AgentRules(RulesInfo, frozen=True, kw_only=True):
    """What one file says."""

    agent: str
    layout: Mapping[str, Any]
    """The patterns that say how the screen is laid out, by their names in `ScreenLayout`."""
    screen: tuple[ScreenRule, ...]
    """As they are tried."""
    title: tuple[TitleRule, ...]
    tried: tuple[Trial, ...] = ()


def rules_for(agent: str, folder: Path | None, like: str = "") -> AgentRules | None:
    """The rules an agent is read by; None where no file has any. One that is wrong is a line in the log.

    `folder` holds the operator's own; `like` is the agent whose rules it takes where it has none of its own name.
    """
    shipped = RULES_FOLDER / f"{like or agent}.toml"
    ours = read_rules(shipped, like or agent) if shipped.exists() else None
    if folder is None:
        return ours
    own = _own(folder, agent) or (_own(folder, like) if like else None)
    return own if own is not None and (ours is None or own.date >= ours.date) else ours


def _own(folder: Path, agent: str) -> AgentRules | None:
    file = folder / f"{agent}.toml"
    try:
        return read_rules(file, agent, is_own=True) if file.exists() else None
    except (OSError, SettingsError) as error:
        logger.warning("your own rules for %s are not used: %s", agent, error)
        return None


def faults_in(folder: Path, agents: Iterable[str]) -> list[str]:
    """A sentence for each of the operator's own files that is wrong, or is about no agent there is."""
    known = tuple(agents)
    try:
        files = sorted(file for file in folder.iterdir() if file.suffix == ".toml")
    except OSError:
        return []
    faults = []
    for file in files:
        if file.stem not in known:
            faults.append(f"{file}: there is no agent {file.stem!r}.")
            continue
        try:
            read_rules(file, file.stem, is_own=True)
        except SettingsError as error:
            faults.append(error.message)
    return faults


def read_rules(file: Path, agent: str, *, is_own: bool = False) -> AgentRules:
    """The rules of a file; raises SettingsError that names what is wrong, and where.

    What we bring is compiled when it is first tried, for a test has compiled it; what the operator wrote, now.
    """
    try:
        tree = tomllib.loads(read_text(file, LARGEST_RULES_BYTES))
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file} is not UTF-8 text.") from error
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingsError(f"{file} is not TOML: {error}.") from error
    try:
        return _understood(tree, agent, file, is_own=is_own)
    except _Wrong as error:
        raise SettingsError(f"{file}: {error}.") from error


class _Wrong(Exception):
    """What is wrong in a file, and where in it."""


def _understood(tree: dict[str, object], agent: str, file: Path, *, is_own: bool) -> AgentRules:
    _only(tree, _TOP)
    if tree.get("agent") != agent:
        raise _Wrong(f"agent is {tree.get('agent')!r}, and the file's name says {agent!r}")
    dated = tree.get("date")
    if not isinstance(dated, date) or isinstance(dated, datetime):
        raise _Wrong("date: expected a day, as in date = 2026-11-21")
    versions = tree.get("versions", [])
    if not isinstance(versions, list) or not all(isinstance(each, str) for each in versions):
        raise _Wrong("versions: expected a list of texts")
    trials = tuple(_trials(tree))
    fragments = _texts(tree, "fragments")
    layout = _texts(tree, "layout")
    if unknown := layout.keys() - _LAYOUT:
        raise _Wrong(f"layout: there is no {min(unknown)!r}; known are {', '.join(sorted(_LAYOUT))}")
    filled = {name: _pattern(text, f"layout.{name}", fragments, is_own) for name, text in layout.items()}
    screen = [ScreenRule(**row) for row in _rows(tree, "screen", _OF_SCREEN, fragments, is_own)]
    title = [TitleRule(**row) for row in _rows(tree, "title", _OF_TITLE, fragments, is_own)]
    return AgentRules(
        agent=agent,
        date=dated,
        versions=tuple(dict.fromkeys((*versions, *(trial.version for trial in trials if trial.live)))),
        layout=filled,
        screen=in_order(screen),
        title=tuple(title),
        tried=trials,
        file=file,
        is_own=is_own,
    )


def _only(table: Mapping[str, object], known: frozenset[str], where: str = "") -> None:
    if unknown := table.keys() - known:
        raise _Wrong(f"{where}there is no {min(unknown)!r}; known are {', '.join(sorted(known))}")


def _texts(tree: Mapping[str, object], name: str) -> dict[str, str]:
    found = tree.get(name, {})
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise _Wrong(f"{name}: expected a table of texts")
    return found


def _rows(
    tree: Mapping[str, object], name: str, known: frozenset[str], fragments: Mapping[str, str], is_own: bool
) -> list[dict[str, Any]]:
    made: dict[object, dict[str, Any]] = {}
    for number, row in enumerate(_tables(tree, name), 1):
        where = f"{name} rule {row.get('id') or number}: "
        _only(row, known, where)
        if missing := [key for key in ("id", "means", "region", "pattern") if key in known and not row.get(key)]:
            raise _Wrong(f"{where}{missing[0]} is missing")
        values = {key: _value(_KINDS[key], value, f"{where}{key}") for key, value in row.items()}
        for key in _PATTERNS & values.keys():
            values[key] = _pattern(str(values[key]), f"{where}{key}", fragments, is_own)
        if values["id"] in made:
            raise _Wrong(f"{where}there are two of this id")
        made[values["id"]] = values
    return list(made.values())


def _trials(tree: Mapping[str, object]) -> Iterator[Trial]:
    for number, row in enumerate(_tables(tree, "tried"), 1):
        where = f"tried {row.get('version') or number}: "
        _only(row, frozenset(_OF_TRIAL), where)
        if missing := [key for key in ("version", "on") if not row.get(key)]:
            raise _Wrong(f"{where}{missing[0]} is missing")
        trial = Trial(**{key: _value(_OF_TRIAL[key], value, f"{where}{key}") for key, value in row.items()})
        if min(trial.right, trial.unsure, trial.wrong) < 0:
            raise _Wrong(f"{where}more states are right or unsure than were tried")
        yield trial


def _tables(tree: Mapping[str, object], name: str) -> list[dict[str, Any]]:
    rows = tree.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _Wrong(f"{name}: expected tables, each under [[{name}]]")
    if len(rows) > MOST_RULES:
        raise _Wrong(f"{name}: more than {MOST_RULES} of them")
    return rows


def _value(kind: type, value: object, where: str) -> Any:
    if kind in _CALLED:
        if type(value) is not kind:
            raise _Wrong(f"{where}: expected {_CALLED[kind]}")
        return value
    choices = cast("type[StrEnum]", kind)
    if value not in list(choices):
        raise _Wrong(f"{where}: there is no {value!r}; known are {', '.join(choices)}")
    return choices(str(value))


def _pattern(text: str, where: str, fragments: Mapping[str, str], is_own: bool) -> str:
    """A pattern with its fragments in their places."""

    def filled(found: re.Match[str]) -> str:
        if found[1] not in fragments:
            raise _Wrong(f"{where}: there is no fragment {found[1]!r}")
        return fragments[found[1]]

    whole = _FRAGMENT.sub(filled, text)
    if len(whole) > LONGEST_RULE:
        raise _Wrong(f"{where}: longer than {LONGEST_RULE} characters")
    if is_own:
        try:
            re.compile(whole)
        except (re.error, RecursionError, OverflowError) as error:
            raise _Wrong(f"{where}: not a regular expression ({error})") from error
    return whole
