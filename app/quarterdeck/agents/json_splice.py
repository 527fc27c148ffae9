"""Adding to JSON text and taking out of it without touching a character of anything else."""

from __future__ import annotations

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]  # typeshed leaves it out
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

BOM = "\ufeff"
"""The mark that some editors put in front of UTF-8."""
SPACE = " \t\r\n"
"""What JSON takes for space."""
_STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_COMMENT = r"//[^\r\n]*|/\*.*?\*/"
_SPACE = re.compile(rf"[{SPACE}]*")
_PLAIN_KEY = re.compile(rf'[{SPACE}]*"([^"\\\x00-\x1f]*)"[{SPACE}]*:[{SPACE}]*')
"""One step for what nearly every key is; what else a key may be takes three."""
_NOT_SPACE = re.compile(r"[^\r\n]")
_STRING_OR_COMMENT = re.compile(rf"{_STRING}|{_COMMENT}", re.DOTALL)
_TOKEN = re.compile(rf"{_STRING}|{_COMMENT}|[\[\]{{}}]|[^{SPACE},:\"\[\]{{}}]+", re.DOTALL)
_FIRST_INDENT = re.compile(r"\n([ \t]+)\S")


class NotPlainJson(ValueError):
    """The text is no plain JSON: it has comments where none may be, trailing commas, or is broken."""


def _no_number(name: str) -> NoReturn:
    raise NotPlainJson(f"{name} is not JSON")


# What is not looked into is passed over at the speed of C. Its numbers are not worked out: they may be of any length.
_decoder = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_no_number)
_scan: Callable[[str, int], tuple[object, int]] = _decoder.scan_once  # type: ignore[attr-defined]  # as above


class JsonNode(Struct):
    """A value and where it stands in the text."""

    start: int
    end: int = 0
    value: object = None
    """The value itself, where nothing inside it has a place. Numbers are strings."""
    members: dict[str, JsonNode] | None = None
    """For objects that were looked into: the members that were, too."""
    items: list[JsonNode] | None = None
    """For arrays that were looked into."""
    spans: list[tuple[int, int]] = field(default_factory=list)
    """From where to where each member goes, with its key, or each item."""


class JsonEdit(NamedTuple):
    """A stretch of the text and what takes its place."""

    start: int
    end: int
    new: str


def blanked(text: str, *, comments: bool) -> str:
    """The text with spaces for what is not JSON and still allowed, so that every place stays what it is."""

    def without_comment(found: re.Match[str]) -> str:
        return found[0] if found[0][0] == '"' else _NOT_SPACE.sub(" ", found[0])

    text = _STRING_OR_COMMENT.sub(without_comment, text) if comments else text
    return " " + text[1:] if text.startswith(BOM) else text


def tokens(text: str) -> list[str]:
    """What a text says, comments included: two texts with the same tokens differ in space and commas only."""
    return _TOKEN.findall(text)


def parse(text: str, *, depth: int = 3, only: str | None = None) -> JsonNode:
    """The text's value with the places in it, so deep; of the outermost members those of `only` alone, if given.

    Raises NotPlainJson.
    """
    try:
        node, end = _value(text, _skip(text, 0), depth, only)
    except RecursionError as error:
        raise NotPlainJson("it is nested too deeply") from error
    if _skip(text, end) != len(text):
        raise NotPlainJson(f"something follows the value, line {_line(text, end)}")
    return node


def applied(text: str, edits: Iterable[JsonEdit]) -> str:
    """The text with all edits made; none may overlap another."""
    parts, at = [], 0
    for start, end, new in sorted(edits):
        parts += [text[at:start], new]
        at = end
    return "".join([*parts, text[at:]])


def adding(text: str, owner: JsonNode, values: Sequence[tuple[str | None, object]]) -> JsonEdit:
    """Puts more members (or items, which have no key) at the end of an object (or array), laid out as the text is."""
    leads = ["" if key is None else f"{json.dumps(key)}: " for key, _ in values]
    last = owner.spans[-1][1] if owner.spans else None
    if last is not None and text.find("\n", owner.start, owner.end) < 0:
        shown = [lead + json.dumps(each, ensure_ascii=False) for lead, (_, each) in zip(leads, values, strict=True)]
        return JsonEdit(last, last, "".join(f", {each}" for each in shown))
    first = _FIRST_INDENT.search(text)
    unit = first[1] if first else "  "
    line = text[text.rfind("\n", 0, owner.start) + 1 : owner.start].removeprefix(BOM)
    outer = line[: len(line) - len(line.lstrip(SPACE))]
    inner = f"\n{outer}{unit}"
    shown = [
        lead + json.dumps(each, indent=unit, ensure_ascii=False).replace("\n", inner)
        for lead, (_, each) in zip(leads, values, strict=True)
    ]
    new = inner + f",{inner}".join(shown)
    start, end = owner.start + 1, owner.end - 1
    if last is not None:
        start = end = last
        new = "," + new
    elif text[start:end].strip(SPACE):
        end = start  # a comment, which stays
    else:
        new = f"{new}\n{outer}"
    break_at = text.find("\n")
    return JsonEdit(start, end, new.replace("\n", "\r\n") if break_at > 0 and text[break_at - 1] == "\r" else new)


def removing(text: str, plain: str, owner: JsonNode, places: Collection[int]) -> Iterator[JsonEdit]:
    """Takes members or items out. Comments around them stay; `plain` is the text with those blanked."""
    spans = owner.spans
    kept = [place for place in range(len(spans)) if place not in places]
    if not kept:
        yield _cut(text, plain, owner.start + 1, owner.end - 1, spans)
        return
    for before, after in zip([-1, *kept], [*kept, len(spans)], strict=True):
        if after - before == 1:
            continue
        gone = spans[before + 1 : after]
        if before < 0:
            yield _cut(text, plain, gone[0][0], spans[after][0], gone)
        else:
            yield _cut(text, plain, spans[before][1], gone[-1][1], gone)


def _cut(text: str, plain: str, start: int, end: int, gone: Sequence[tuple[int, int]]) -> JsonEdit:
    """Takes a stretch out, of which only the comments stay that are not inside what goes."""
    edges = [start, *(edge for span in gone for edge in span), end]
    gaps = list(zip(edges[::2], edges[1::2], strict=True))
    if all(text[a:b] == plain[a:b] for a, b in gaps):
        return JsonEdit(start, end, "")
    return JsonEdit(start, end, "".join(text[at] for a, b in gaps for at in range(a, b) if plain[at] != ","))


def _value(text: str, at: int, depth: int, only: str | None = None) -> tuple[JsonNode, int]:
    sign = text[at : at + 1]
    if depth and sign in {"{", "["}:
        node = _object(text, at, depth, only) if sign == "{" else _array(text, at, depth)
    else:
        found, end = _passed_over(text, at)
        node = JsonNode(at, end, found)
    return node, node.end


def _passed_over(text: str, at: int) -> tuple[object, int]:
    try:
        return _scan(text, at)
    except (StopIteration, json.JSONDecodeError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else _line(text, at)
        raise NotPlainJson(f"line {line} is not plain JSON") from error


def _object(text: str, at: int, depth: int, only: str | None) -> JsonNode:
    members: dict[str, JsonNode] = {}
    spans: list[tuple[int, int]] = []
    keys: set[str] = set()
    place = _skip(text, at + 1)
    while text[place : place + 1] != "}":
        if spans:
            place = _expect(text, place, ",")
        key_at, key, place = _key(text, place)
        if key in keys:
            raise NotPlainJson(f"{key!r} is there twice, line {_line(text, key_at)}")
        keys.add(key)
        if only is None or key == only:
            members[key], place = _value(text, place, depth - 1)
        else:
            _, place = _passed_over(text, place)
        spans.append((key_at, place))
        if text[place : place + 1] != ",":
            place = _skip(text, place)
    return JsonNode(at, place + 1, members=members, spans=spans)


def _array(text: str, at: int, depth: int) -> JsonNode:
    items: list[JsonNode] = []
    place = _skip(text, at + 1)
    while text[place : place + 1] != "]":
        if items:
            place = _skip(text, _expect(text, place, ","))
        item, place = _value(text, place, depth - 1)
        items.append(item)
        place = _skip(text, place)
    return JsonNode(at, place + 1, items=items, spans=[(item.start, item.end) for item in items])


def _key(text: str, at: int) -> tuple[int, str, int]:
    """Where a member begins, its key, and where its value begins."""
    plain = _PLAIN_KEY.match(text, at)
    if plain:
        return plain.start(1) - 1, plain[1], plain.end()
    at = _skip(text, at)
    if text[at : at + 1] != '"':
        raise NotPlainJson(f"line {_line(text, at)} is not plain JSON")
    try:
        found, end = scanstring(text, at + 1, True)
    except ValueError as error:
        raise NotPlainJson(f"line {_line(text, at)} is not plain JSON") from error
    return at, found, _skip(text, _expect(text, _skip(text, end), ":"))


def _expect(text: str, at: int, sign: str) -> int:
    if text[at : at + 1] != sign:
        raise NotPlainJson(f"line {_line(text, at)}: {sign!r} expected")
    return at + 1


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
