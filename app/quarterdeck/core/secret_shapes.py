"""Secrets that are known by how they look or by where they stand: tokens, headers, addresses, words drawn by lot."""

from __future__ import annotations

import binascii
import math
import re
from collections import Counter
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

Span = tuple[int, int]
"""Where in a text a secret begins and ends."""

# How a token begins, and how many characters must follow at least. Longer and looser than their makers say: what is
# cut off, or of a later kind, is masked as well.
_BEGINNINGS = """
    ghp_ 16 gho_ 16 ghu_ 16 ghs_ 16 ghr_ 16 github_pat_ 20 GR1348941 20 glpat- 16 glptt- 16 glrt- 16 glcbt- 16
    gldt- 16 glft- 16 glsoat- 16 gloas- 16 glagent- 16 glimt- 16 glffct- 16 sk_live_ 10 sk_test_ 10 sk_prod_ 10
    rk_live_ 10 rk_test_ 10 rk_prod_ 10 whsec_ 20 npm_ 20 hf_ 20 api_org_ 20 dop_v1_ 20 doo_v1_ 20 dor_v1_ 20 gsk_ 20
    lin_api_ 20 lin_oauth_ 20 xoxa- 10 xoxb- 10 xoxc- 10 xoxd- 10 xoxe- 10 xoxo- 10 xoxp- 10 xoxr- 10 xoxs- 10
    xoxe. 10 xapp- 10 LTAI 20 ABSK 60 bedrock-api-key- 20 AIza 30 ya29. 20 GOCSPX- 20 1//0 30 pypi-Ag 20 shpat_ 20
    shpca_ 20 shppa_ 20 shpss_ 20 SG. 20 sq0atp- 20 sq0csp- 20 EAAA 40 dapi 32 dckr_pat_ 16 dckr_oat_ 16 tskey- 16
    figd_ 20 figo_ 20 figu_ 20 ntn_ 20 r8_ 20 tvly- 16 sbp_ 20 sb_secret_ 10 sgp_ 20 rnd_ 20 fo1_ 20 fm1r_ 20 fm1a_ 20
    fm2_ 20 hvs. 20 hvb. 20 hvr. 20 ATATT3 20 ATCTT3 20 ATBB 24 dp.pt. 20 dp.st. 20 dp.ct. 20 dt0c01. 20 dt0s16. 20
    glc_ 20 glsa_ 20 NRAK- 20 NRII- 20 PMAK- 20 rubygems_ 20 ops_ey 20 lsv2_pt_ 20 lsv2_sk_ 20 phc_ 20 phx_ 20
    pscale_tkn_ 20 pscale_pw_ 20 pscale_oauth_ 20 sntrys_ 20 sntryu_ 20 rdme_ 20 xkeysib- 20 shippo_live_ 20
    shippo_test_ 20 oy2 40 AGE-SECRET-KEY-1 20 sha256~ 30 ctx7sk- 16 cfut_ 20 pnu_ 20 duffel_live_ 20 duffel_test_ 20
    FLWSECK 12 sm_aat_ 16 sm_pat_ 16 sm_sat_ 16 HRKU- 20 CFPAT- 20 glhf_ 20 fw_ 20 jina_ 20 AKCp 40
"""
_REST = r"[\w+/=.%~-]"
_BEFORE = r"(?<![A-Za-z0-9])"
_BASE64 = r"[A-Za-z0-9+/=]"
_BREAK = r"(?:[ \t]*(?:\r?\n|\\r|\\n)[ \t]*|[ ])+"

_AT = (
    # Keys and certificates, also when their end was cut off.
    (
        "-----begin",
        r"-----BEGIN[ ][A-Z0-9 ]{1,40}-----(?:(?:[^-]|-(?!----))*+-----END[ ][A-Z0-9 ]{1,40}-----"
        rf"|(?:(?:{_BREAK})?(?:{_BASE64}{{16,}}|[A-Z][\w-]{{2,20}}:[^\n\\]*))*+(?:{_BREAK}{_BASE64}+(?=[\s\"'\\]*\Z))?)",
    ),
    ("ey", rf"{_BEFORE}ey[JA-Z][\w-]{{5,2000}}+\.[\w-]{{5,8000}}+(?:\.[\w-]{{0,4000}}+){{0,3}}"),
    ("sk-", rf"{_BEFORE}sk-(?:(?=[\w-]{{0,80}}\d)[\w-]{{16,2000}}+|[A-Za-z0-9]{{20,400}}+)"),
    ("akia", rf"{_BEFORE}AKIA[A-Z0-9]{{16}}(?![A-Za-z0-9])"),
    ("asia", rf"{_BEFORE}ASIA[A-Z0-9]{{16}}(?![A-Za-z0-9])"),
    *(
        (word, rf"{_BEFORE}{word}(?=[\w-]{{0,80}}\d)[\w-]{{20,2000}}+")
        for word in ("xai-", "csk-", "nvapi-", "pplx-", "pul-")
    ),
    # What HTTP sends along.
    ("authorization", r"(?i)authorization[\"']?\s{0,3}[:=]\s{0,3}[\"'`]?([^\s\"'`][^\r\n\"'`]{0,2000})"),
    ("bearer", r"(?i)bearer[ \t:=]{1,3}[\"']?((?=[\w.~+/=-]{0,100}\d)[\w.~+/=-]{8,2000}|[\w.~+/=-]{24,2000})"),
    ("cookie", r"(?i)cookie[\"']?[ \t]{0,3}[:=][ \t]{0,3}[\"'`]?([\w.%-]{1,80}=[^\r\n\"'`]{1,4000})"),
    # Addresses that hold a secret beside their user.
    ("://", r"://([^\s/@:\"'`<>\\]{1,100}+:(?!\d{1,5}/)[^\s@\"'`<>\\]{1,300}+)@"),
    ("hooks.slack.com/", r"hooks\.slack\.com/(?:services|workflows|triggers)/([\w/+-]{10,200})"),
    ("/api/webhooks/", r"/api/webhooks/(\d{5,25}/[\w-]{20,200})"),
    ("webhook.office.com/", r"webhook\.office\.com/webhookb2/([\w@/-]{20,400})"),
    ("sig", r"(?i)(?:(?<=[?&])|(?<=[?&]x-amz-))sig(?:nature)?=([\w%+/=-]{16,600})"),
    ("key=", r"(?i)(?<=[?&])key=([\w%+/=.-]{12,600})"),
    ("code=", r"(?i)(?<=[?&])code=((?=[\w-]{0,100}\d)[\w%+/=.-]{16,600})"),
    # Files.
    ("machine", r"\bmachine\s{1,10}\S{1,200}\s{1,10}(?:login\s{1,10}\S{1,200}\s{1,10})?password\s{1,10}(\S{1,500})"),
    ("login", r"(?m)(?<![^\s])login[ \t]{1,10}\S{1,200}\s{1,10}password\s{1,10}(\S{1,500})[ \t]*$"),
    ("<add", r"(?i)<add\s{1,5}key=\"[\w:.-]{0,60}(?:password|secret|token|key)\"\s{1,5}value=\"([^\"\r\n]{1,500})\""),
    ("mfa.", rf"{_BEFORE}mfa\.[\w-]{{50,120}}"),
    ("key-", rf"{_BEFORE}key-[0-9a-f]{{32}}(?![A-Za-z0-9])"),
    ("a3-", rf"{_BEFORE}A3-[A-Z0-9]{{6}}-[A-Z0-9-]{{20,40}}"),
)
"""What a match begins with, in small letters, and the pattern; its group, or all of it, is the secret."""

_WITHIN = (
    # A bot's number, a time, and what proves it.
    (".", rf"{_BEFORE}[MNO][\w-]{{22,30}}\.[\w-]{{6}}\.[\w-]{{25,110}}"),
    (":a", rf"{_BEFORE}\d{{6,12}}:A[\w-]{{32,40}}"),
    ("q~", rf"{_BEFORE}[\w.]{{3}}\dQ~[\w.~-]{{30,40}}"),
    ("", rf"{_BEFORE}(?:SK|AC)[0-9a-f]{{32}}(?![A-Za-z0-9])"),
    ("atlasv1", r"[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{30,80}"),
    ("-us", rf"{_BEFORE}[0-9a-f]{{32}}-us\d{{1,2}}\b"),
    ("</", r"(?i)<[\w:.-]{0,40}(?:password|passwd|secret|token|api_?key)>([^<>\r\n]{1,500})</"),
)
"""The same, where the word stands somewhere in the match."""

_USER_AND = (
    r"(?!\$)(?:\"[^\":\n]{0,200}:([^\"\n]{1,300})\"|'[^':\n]{0,200}:([^'\n]{1,300})'"
    r"|[^\s:\"']{0,200}:([^\s\"'$]\S{0,300}))"
)
_GIVEN = r"(?:\"([^\"\n]{1,300})\"|'([^'\n]{1,300})'|([^\s\"'$-]\S{0,300}))"
_PROGRAMS = (
    ("curl", rf"(?:-u ?|-U ?|--user[ =]|--proxy-user[ =]){_USER_AND}"),
    ("curl", r"(?:-b|--cookie)[ =]?[\"']?([\w.%-]{1,80}=[^\r\n\"']{1,4000})"),
    ("wget", rf"--(?:http-|ftp-|proxy-)?password[ =]{_GIVEN}"),
    ("mysql", rf"-p{_GIVEN}"),
    ("mariadb", rf"-p{_GIVEN}"),
    ("sshpass", rf"-p ?{_GIVEN}"),
    ("redis-cli", rf"(?:-a|--pass) {_GIVEN}"),
    ("login", rf"-p {_GIVEN}"),
    ("ldap", rf"-w ?{_GIVEN}"),
    ("zip", rf"-P ?{_GIVEN}"),
    ("7z", rf"-p{_GIVEN}"),
    ("mongo", rf"-p {_GIVEN}"),
    ("openssl", r"-pass(?:in|out)? pass:(\S{1,300})"),
    ("smbclient", r"(?:-U|--user)[ =]?[^\s%]{1,100}%(\S{1,300})"),
    ("htpasswd", r"-\w{0,6}b\w{0,6} \S{1,200} \S{1,200} (\S{1,300})"),
)
"""Programs, or words of their command, and the option behind which they take a password."""

_AUTHORITY = re.compile(r"://([^\s/?#\"'`<>\\]{1,600}+)")
_END = re.compile(r"-----END [A-Z0-9 ]{1,40}-----")
_KEY_LINE = re.compile(rf"(?:{_BASE64}{{16,}}\\n)*{_BASE64}{{4,}}(?:\\n)?")
_LINES_OF_A_KEY = 400
_ENCODED = re.compile(
    # Letters of ASCII alone; without regard to case the long s and the kelvin sign would be among them.
    r"(?:basic[ \t]+|auth[\"']?[ \t]*[:=][ \t]*[\"']?)((?-i:[A-Za-z0-9_+/-]{6,2000})={0,2})",
    re.IGNORECASE,
)


@cache
def _beginnings() -> tuple[tuple[str, str], ...]:
    """Keyword and pattern of each token that is known by its beginning."""
    words, found = _BEGINNINGS.split(), []
    for start, least in zip(words[::2], words[1::2], strict=True):
        # What ends in `_` begins many a name in code, such as hf_hub_download; a token has more letters in a row.
        more = f"[A-Za-z0-9]{{{least},600}}+{_REST}{{0,2000}}+" if start[-1] == "_" else f"{_REST}{{{least},2000}}+"
        found.append((start.lower(), _BEFORE + re.escape(start) + more))
    return tuple(found)


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Compiled when a text has what it is tried for: all of them would take longer than a start may."""
    return re.compile(pattern)


def at_places(text: str, lowered: str, word: str, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """The matches that begin where a word stands, none within another."""
    place = lowered.find(word)
    while place >= 0:
        found = pattern.match(text, place)
        if found is not None:
            yield found
        place = lowered.find(word, max(place + len(word), found.end() if found is not None else 0))


def shapes(text: str, lowered: str, words: str) -> Iterator[Span]:
    """Where something stands that looks like a secret of a known kind; `words` has each word of `lowered` once."""
    for start, pattern in (*_beginnings(), *_AT):
        if start in words:
            for found in at_places(text, lowered, start, compiled(pattern)):
                yield found.span(found.lastindex or 0)
    for word, pattern in _WITHIN:
        if word in words:
            for found in compiled(pattern).finditer(text):
                yield found.span(found.lastindex or 0)
    for name, option in _PROGRAMS:
        if name in words:
            program = compiled(rf"(?<![A-Za-z0-9_]){name}")
            yield from _options(text, program, compiled(rf"(?<=\s){option}"))
    if "://" in words:
        yield from _addresses(text)
    if "-----end" in words:
        yield from _ends_of_keys(text)
    for word in ("auth", "basic"):
        if word in words:
            yield from _encoded(text, lowered, word)


def _options(text: str, program: re.Pattern[str], option: re.Pattern[str]) -> Iterator[Span]:
    """What a program is given on its command line, which may go on behind a backslash."""
    found = program.search(text)
    while found is not None:
        end = text.find("\n", found.end())
        while end > 0 and text[end - 1] == "\\":
            end = text.find("\n", end + 1)
        end = len(text) if end < 0 else end
        for given in option.finditer(text, found.end(), end):
            yield given.span(given.lastindex or 0)
        found = program.search(text, end)


def _addresses(text: str) -> Iterator[Span]:
    """User and password in addresses. A password may hold `@` itself, so the last one counts."""
    for found in _AUTHORITY.finditer(text):
        user, at, _ = found[1].rpartition("@")
        is_web = text[max(0, found.start() - 1)] in "pPsS"
        if at and user and (is_web or ":" in user):
            yield found.start(1), found.start(1) + len(user)


def _ends_of_keys(text: str) -> Iterator[Span]:
    """The lines above the end of a key whose beginning is not there any more."""
    for found in _END.finditer(text):
        start = found.start()
        line_start = text.rfind("\n", 0, start) + 1
        if not _KEY_LINE.fullmatch(text[line_start:start].strip()) and text[line_start:start].strip():
            continue
        start = line_start
        for _ in range(_LINES_OF_A_KEY):
            above = text.rfind("\n", 0, start - 1) + 1 if start > 0 else 0
            if start == 0 or not _KEY_LINE.fullmatch(text[above : start - 1].strip()):
                break
            start = above
        yield start, found.end()


def _encoded(text: str, lowered: str, name: str) -> Iterator[Span]:
    """`user:password` in base64, as HTTP and Docker have it."""
    for found in at_places(text, lowered, name, _ENCODED):
        word = found[1].rstrip("=").translate({45: 43, 95: 47})
        try:
            plain = binascii.a2b_base64(word + "=" * (-len(word) % 4))
        except binascii.Error:
            continue
        if b":" in plain and plain.isascii() and plain.decode("ascii").isprintable():
            yield found.span(1)


LEAST_WORD_LENGTH = 20
LEAST_OF_TWO = 24
"""Characters of a word that has no capitals, or nothing else."""
LEAST_ENTROPY = 3.5
"""Bits a character; words of a language have less, or change less between letters, capitals and digits."""
MIXED, MIXED_OF_TWO = 0.42, 0.33
"""Share of neighbours that are of different kinds. A name made of words has a third at most."""

# Within a path or an address a long word names a thing; what is secret there is known by its parameter.
_WORD = re.compile(rf"(?<![A-Za-z0-9_+/.\\@%~-])[A-Za-z0-9_+/-]{{{LEAST_WORD_LENGTH},}}+={{0,2}}(?![@\\])")
_HEX = re.compile(r"(?:0x)?[0-9a-fA-F-]+")
_KNOWN = re.compile(
    # Hashes and what goes by one, public keys, names that compilers make, and ids that agents and their models give.
    r"sha\d{1,3}[-_]|md5-|AAAA[A-Z0-9]3NzaC1|AAAAE2VjZHNh|AAAAG|_Z|_R|"
    r"(?:ses|msg|prt|toolu|call|req|resp|run|thread|chatcmpl|item|rs|fc|evt|step|file|batch|asst|cmpl|gen|srvtoolu)[_-]"
)
_HASH_BEFORE = re.compile(r"(?:sha\d{1,3}|h1|md5|fingerprint|base64)[:,]\s?\Z", re.IGNORECASE)
_ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")


def opaque_words(text: str) -> Iterator[Span]:
    """Where such words stand."""
    for found in _WORD.finditer(text):
        start, end = found.span()
        if is_opaque(found[0]) and not _HASH_BEFORE.search(text, max(0, start - 14), start):
            yield start, end


def is_opaque(word: str) -> bool:
    """Whether a word looks as if it had been drawn by lot."""
    word = word.rstrip("=")
    if len(word) < LEAST_WORD_LENGTH or _HEX.fullmatch(word) or _KNOWN.match(word) or _ULID.fullmatch(word):
        return False
    if 8 * sum(map(word.count, "_-/")) > len(word):
        # Made of parts: a name.
        return False
    signs = "".join(filter(str.isalnum, word))
    kinds = ["d" if sign.isdigit() else "u" if sign.isupper() else "l" for sign in signs]
    if "d" not in kinds or len(set(kinds)) < 2:
        return False
    has_all = len(set(kinds)) == 3
    if len(word) < (LEAST_WORD_LENGTH if has_all else LEAST_OF_TWO):
        return False
    changes = sum(one != other for one, other in pairwise(kinds)) / (len(kinds) - 1)
    return changes >= (MIXED if has_all else MIXED_OF_TWO) and entropy(signs) >= LEAST_ENTROPY


def entropy(word: str) -> float:
    """Bits of surprise in a character of the word."""
    return -sum(count / len(word) * math.log2(count / len(word)) for count in Counter(word).values()) if word else 0.0
