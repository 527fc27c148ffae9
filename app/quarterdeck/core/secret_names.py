"""Secrets that are known by the name they are given to: `MY_TOKEN=…`, `password: …`, `"apiKey": "…"`, `--secret …`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from quarterdeck.core.secret_shapes import at_places, compiled, is_opaque

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quarterdeck.core.secret_shapes import Span

_NAMES = (
    ("pass", r"passw(?:or)?d|passwort|passphrase|(?<![a-z])pass(?![a-z])"),
    ("pwd", r"(?<![a-z])pwd(?![a-z])"),
    ("secret", "secret"),
    ("token", "token"),
    ("credential", "credentials?"),
    ("cookie", "cookie"),
    ("session", r"session[_-]?(?:id|key)"),
    ("mnemonic", "mnemonic"),
    ("seed", r"seed[ _-]?phrase"),
    ("dsn", r"(?<![a-z])dsn"),
    *((kind, rf"{kind}[ _-]?key") for kind in (
        "api", "access", "account", "auth", "private", "encryption", "signing", "master", "license", "shared",
        "storage", "deploy", "webhook", "hmac", "consumer", "function", "ssh", "aes", "rsa", "cipher", "admin",
        "server", "root",
    )),
)  # fmt: skip
"""What a name of a secret begins with, and the whole of it, in small letters."""
_NAME = re.compile("|".join(pattern for _, pattern in _NAMES))
_GENERIC = re.compile(
    r"(?<![A-Za-z0-9])[A-Z][A-Z0-9_]{1,40}_(?:KEY|AUTH|PW|PAT|SALT|CERT)=([^\s\"']{16,500}|\"[^\"\n]{16,500}\"|'[^'\n]{16,500}')"
)
_MORE = re.compile(r"[\w-]{0,30}")
_GIVEN = re.compile(
    # A type may stand between a name and what it is given.
    r"""["'`]?\]?(?:\s{0,3}:[ ]?[A-Za-z_][\w.\[\]|, ]{0,40}?\s?=(?![=>])|[ \t]{0,8}(?::=|=>|[:=](?![=>])))[ \t]{0,8}"""
)
_OPTION = re.compile(r"(?<![\w-])--?[\w-]{0,40}\Z")
_OPTION_GIVEN = re.compile(r"[ \t]{0,8}=?[ \t]{0,8}")
_QUOTED = re.compile(
    r"""[brfu]{0,2}(?:"((?:[^"\\\r\n]|\\.){0,500}+)"|'((?:[^'\\\r\n]|\\.){0,500}+)'|`([^`\r\n]{0,500}+)`)"""
)
_BARE = re.compile(r"[^\s\"'`]\S{0,500}")
_TO_LINE_END = re.compile(r"[^\r\n\"'`]{1,1000}")
_VARIABLE_NAME = re.compile(r"[A-Z][A-Z0-9_]*\Z")

_IS_ABOUT = re.compile(
    r"(?:count|limit|type|kind|file|path|dir|folder|ur[il]|host|port|name|id|length|len|size|budget|usage|used?|field|hint"
    r"|policy|reset|env|var|variable|expir\w{0,8}|endpoint|prefix|suffix|ttl|age|manager|store|less|iz\w{1,8}|ref|class|style"
    r"|label|placeholder|input|error|status|state|mode|required|enabled|disabled|version|provider|source|param|header|index|stream"
    r"|rotat\w{1,4}|created|updated|valid\w{0,6}|strength|min|max|rules?|check|prompt|text|title|message|domain|samesite"
    r"|secure|httponly|consent|jar|banner|pool|rate|cost|price|window|alg|algorithm|scopes?|format|stdin|command|cmd|helper"
    r"|regex|pattern|ary|ariat|per[_-]?\w{1,8}|ed|s)s?\Z"
)
"""What a name that only speaks about a secret goes on with."""
_IS_NONE = re.compile(
    r"(?:eos|bos|pad|unk|sep|cls|mask|stop|start|end|special|next|prev|first|last|has|is|show|hide|forgot|use|needs?|requires?"
    r"|allow|cancel\w{0,6}|publishable|public|max|min|num|no|unexpected|invalid|unknown|compas|bypas)['\"]?[ _-]?\Z"
)
"""What stands before a name that is none."""

_NO_SECRET = re.compile(
    # References to where it is kept, and what stands for it.
    r"\\?\$(?:[A-Za-z_]\w*|[({].*)|%\w+%|\{\{?.*|<[^>]*>?.*|\*{2,}.*|[x.•…_-]{2,}|\[redacted\].*|\[.*|\(.*|\|.*|>[-+]?"
    r"|&\w+|!\w+|(?:process\.env|os\.(?:environ|getenv)|env|secrets|vars|import\.meta|ENV|System\.getenv)[.\[(].*"
    r"|https?://.*|!.*",
    re.DOTALL,
)
_SAID = """
    a all an and any are argument as at auth await be bearer been before bool boolean but by bytes can changed
    char cleartext const default deleted did disabled does empty enabled env error exists expired expires fail
    failed fails false field file flag for found from function generated given got has have hidden if ignored
    import in include incorrect inherit input instead int integer into invalid is it its json let long manager
    match maybe mismatch missing must my never new nil no none not null num number object of off ok omit on only
    option optional or other our out passed placeholder plain plaintext prompt provided random read redacted ref
    refresh rejected removed required reset return revoked same-origin saved secretstr self set should so some str
    string strong text than that the their them then there this to too true type undefined unknown unset
    unsupported updated usage use used using valid value var void was weak what when where which will with without
    wrong yes you your
"""
"""What code and prose say in the place of a value."""
_WORDS_OF_OURS = frozenset(_SAID.split())
_CODE = re.compile(r"(?:await\s+|new\s+)?[A-Za-z_$][\w$]*(?:(?:\.|::|->|\?\.)[A-Za-z_$][\w$]*)*")
_PARTS = re.compile(r"[_.]|(?<=[a-z])(?=[A-Z])|::|->")
_LEAST = 3
_NEXT = re.compile(r"[,;&](?=[\w.\[\]-]{1,40}[=:])|[,;](?=[\"'\[{])|(?<=\w)[)\]}]{1,3}[.,;:]?\Z")
_CLOSING = "\"'`),;]}>|│"


def named(text: str, lowered: str, words: str) -> Iterator[Span]:
    """Where something stands that its name says is secret; `words` has each word of `lowered` once."""
    for start, pattern in _NAMES:
        if start not in words:
            continue
        done = 0
        for found in at_places(lowered, lowered, start, compiled(pattern)):
            span = _value(text, lowered, found) if found.start() >= done else None
            if span is not None:
                done = span[1]
                yield span
    for found in _GENERIC.finditer(text):
        value = found[1].strip("\"'")
        if is_opaque(value) or (any(map(str.isdigit, value)) and not _NO_SECRET.fullmatch(value) and "/" not in value):
            yield found.span(1)


def _value(text: str, lowered: str, found: re.Match[str]) -> Span | None:
    """Where the value of a name stands, if it has one that may be a secret."""
    before = lowered[max(0, found.start() - 14) : found.start()]
    more = _MORE.match(lowered, found.end())
    assert more is not None
    if _IS_NONE.search(before) or _IS_ABOUT.search(more[0]):
        return None
    option = _OPTION.search(text, max(0, found.start() - 42), found.start())
    given = _GIVEN.match(text, more.end()) or (_OPTION_GIVEN.match(text, more.end()) if option else None)
    if given is None or given.end() == more.end():
        return None
    start, word = given.end(), found[0]
    quoted = _QUOTED.match(text, start)
    if quoted is not None:
        value = quoted[quoted.lastindex or 0]
        return quoted.span() if _is_secret_text(value) else None
    if not option and (word in {"passphrase", "mnemonic"} or word.startswith("seed")):
        line = _TO_LINE_END.match(text, start)
        return line.span() if line is not None and _is_secret(line[0].split(" ")[0], word, is_code=True) else None
    bare = _BARE.match(text, start)
    if bare is None or (option and bare[0].startswith("-")):
        return None
    is_variable = given[0] == "=" and _VARIABLE_NAME.search(text, max(0, found.start() - 40), more.end()) is not None
    # What is given to another name behind it is no part of it.
    value = bare[0] if is_variable else _NEXT.split(bare[0], maxsplit=1)[0]
    value = value.rstrip(_CLOSING)
    # `pass: 12` counts tests, `cookie: accepted` tells of a setting.
    is_weak = word == "cookie" or (word == "pass" and not is_variable and given[0][:1] not in {'"', "'"})
    if is_weak and (value.isalpha() or value.isdigit()):
        return None
    return (start, start + len(value)) if _is_secret(value, word, is_code=not is_variable) else None


def _is_secret_text(value: str) -> bool:
    """Whether what stands in quotes may be a secret, and not a placeholder or a label."""
    text = value.strip()
    if len(text) < _LEAST or _NO_SECRET.fullmatch(text) or text.lower() in _WORDS_OF_OURS:
        return False
    is_label = _NAME.search(text.lower()) is not None and not any(map(str.isdigit, text))
    return not (is_label and (" " in text or "_" in text or _NAME.fullmatch(text.lower())))


def _is_secret(value: str, word: str, *, is_code: bool) -> bool:
    """Whether what stands bare behind a name may be a secret; what code says in its place is none."""
    plain = value.lower().rstrip(".,:;!?")
    if len(value) < _LEAST or _NO_SECRET.fullmatch(value) or plain in _WORDS_OF_OURS or _NAME.fullmatch(plain):
        return False
    if value.isdigit() and (len(value) < 8 and not word.startswith(("passw", "pwd", "pass"))):
        return False
    if value.startswith(("/", "~/", "./", "../")) and not is_opaque(value.replace("/", "")):
        return False
    return not (is_code and _is_code(value))


def _is_code(value: str) -> bool:
    """Whether a value is an expression: a call, a field of something, or a variable that is named after a secret."""
    found = _CODE.match(value)
    if found is None:
        return False
    rest = value[found.end() :]
    if rest.startswith(("(", "[")):
        return True
    parts = _PARTS.split(found[0])
    if rest or len(parts) < 2:
        return False
    is_field = any(sign in found[0] for sign in (".", "::", "->"))
    has_digit = any(map(str.isdigit, found[0]))
    return not has_digit and (is_field or _NAME.search(found[0].lower()) is not None)
