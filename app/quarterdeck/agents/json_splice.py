"""Adding to JSON text and taking out of it without touching a character of anything else."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from json.decoder import scanstring  # type: ignore[attr-defined]  # typeshed leaves it out

DEEPEST = 100
_SPACE = re.compile(r"[ \t\r\n]*")
_SCALAR = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null")
_FIRST_INDENT = re.compile(r"\n([ \t]+)\S")


class NotPlainJson(ValueError):
    """The text is no plain JSON: it has comments, trailing commas, or is broken."""


@dataclass(slots=True)
class Node:
    """A value and where it stands in the text."""

    start: int
    end: int = 0
    value: object = None
    """The value itself, for scalars and strings."""
    members: dict[str, Node] | None = None
    """For objects."""
    items: list[Node] | None = None
    """For arrays."""
    keys: dict[str, int] = field(default_factory=dict)
    """Where each member's key starts."""


def parse(text: str) -> Node:
    """The text's value with its places; raises NotPlainJson."""
    node, end = _value(text, _skip(text, 0), 0)
    if _skip(text, end) != len(text):
        raise NotPlainJson(f"something follows the value, line {_line(text, end)}")
    return node


def add_member(text: str, owner: Node, key: str, value: object) -> str:
    """The text with one more member at an object's end."""
    assert owner.members is not None
    last = max((each.end for each in owner.members.values()), default=None)
    return _add(text, owner, last, f"{json.dumps(key)}: ", value)


def add_item(text: str, owner: Node, value: object) -> str:
    """The text with one more item at an array's end."""
    assert owner.items is not None
    return _add(text, owner, owner.items[-1].end if owner.items else None, "", value)


def remove_member(text: str, owner: Node, key: str) -> str:
    """The text without one member of an object."""
    assert owner.members is not None
    order = list(owner.members)
    place = order.index(key)
    starts = [owner.keys[each] for each in order]
    ends = [owner.members[each].end for each in order]
    return _remove(text, owner, starts, ends, place)


def remove_item(text: str, owner: Node, place: int) -> str:
    """The text without one item of an array."""
    assert owner.items is not None
    return _remove(text, owner, [each.start for each in owner.items], [each.end for each in owner.items], place)


def _remove(text: str, owner: Node, starts: list[int], ends: list[int], place: int) -> str:
    if len(starts) == 1:
        return text[: owner.start + 1] + text[owner.end - 1 :]
    if place == 0:
        return text[: starts[0]] + text[starts[1] :]
    return text[: ends[place - 1]] + text[ends[place] :]


def _add(text: str, owner: Node, last: int | None, lead: str, value: object) -> str:
    unit = _unit(text)
    if "\n" not in text[owner.start : owner.end] and last is not None:
        return f"{text[:last]}, {lead}{json.dumps(value, ensure_ascii=False)}{text[last:]}"
    outer = _indent_at(text, owner.start)
    inner = outer + unit
    shown = json.dumps(value, indent=unit, ensure_ascii=False).replace("\n", "\n" + inner)
    if last is None:
        return f"{text[: owner.start + 1]}\n{inner}{lead}{shown}\n{outer}{text[owner.end - 1 :]}"
    return f"{text[:last]},\n{inner}{lead}{shown}{text[last:]}"


def _unit(text: str) -> str:
    found = _FIRST_INDENT.search(text)
    return found[1] if found else "  "


def _indent_at(text: str, place: int) -> str:
    """The indent of the line a place is on."""
    line = text[text.rfind("\n", 0, place) + 1 : place]
    return line[: len(line) - len(line.lstrip())]


def _value(text: str, at: int, depth: int) -> tuple[Node, int]:
    if depth > DEEPEST:
        raise NotPlainJson("it is nested too deeply")
    match text[at : at + 1]:
        case "{":
            return _object(text, at, depth)
        case "[":
            return _array(text, at, depth)
        case '"':
            found, end = _string(text, at)
            return Node(at, end, found), end
    scalar = _SCALAR.match(text, at)
    if not scalar:
        raise NotPlainJson(f"line {_line(text, at)} holds no plain JSON")
    return Node(at, scalar.end(), json.loads(scalar[0])), scalar.end()


def _object(text: str, at: int, depth: int) -> tuple[Node, int]:
    node = Node(at, members={})
    assert node.members is not None
    place = _skip(text, at + 1)
    while text[place : place + 1] != "}":
        if node.members:
            place = _skip(text, _expect(text, place, ","))
        key_at = place
        key, place = _string(text, place)
        if key in node.members:
            raise NotPlainJson(f"{key!r} is there twice, line {_line(text, key_at)}")
        place = _skip(text, _expect(text, _skip(text, place), ":"))
        node.members[key], place = _value(text, place, depth + 1)
        node.keys[key] = key_at
        place = _skip(text, place)
    node.end = place + 1
    return node, place + 1


def _array(text: str, at: int, depth: int) -> tuple[Node, int]:
    node = Node(at, items=[])
    assert node.items is not None
    place = _skip(text, at + 1)
    while text[place : place + 1] != "]":
        if node.items:
            place = _skip(text, _expect(text, place, ","))
        item, place = _value(text, place, depth + 1)
        node.items.append(item)
        place = _skip(text, place)
    node.end = place + 1
    return node, place + 1


def _string(text: str, at: int) -> tuple[str, int]:
    if text[at : at + 1] != '"':
        raise NotPlainJson(f"line {_line(text, at)} holds no plain JSON")
    try:
        found, end = scanstring(text, at + 1, True)
    except ValueError as error:
        raise NotPlainJson(f"line {_line(text, at)}: {error}") from error
    return found, end


def _expect(text: str, at: int, sign: str) -> int:
    if text[at : at + 1] != sign:
        raise NotPlainJson(f"line {_line(text, at)}: {sign!r} expected")
    return at + 1


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
