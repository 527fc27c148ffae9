"""Which skill or command the operator asked an agent for, from the words of a prompt."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

LONGEST_PROMPT = 8_192
BUILT_IN_SKILLS = frozenset({"commit", "describe", "domain-planner", "gog"})

_NAME = r"[A-Za-z][A-Za-z0-9._/-]{0,63}"
_BLOCK = re.compile(rf"<skill\b[^>]*>(?:(?!</skill>).)*?<name>\s*({_NAME})\s*</name>", re.DOTALL | re.IGNORECASE)
_PATTERNS = (
    re.compile(rf"(?<![\w$])\$({_NAME})"),
    re.compile(rf"^\s*/({_NAME})(?=\s|$)", re.MULTILINE),
    re.compile(rf"\busing\s+(?:the\s+)?skill\s+[`'\"]?({_NAME})", re.IGNORECASE),
)
_FOLDERS = frozenset(
    {"bin", "dev", "etc", "home", "lib", "media", "mnt", "opt", "proc", "root", "run", "sbin", "srv", "sys", "tmp"}
    | {"usr", "var", "users", "private", "library", "volumes", "applications"}
)
_END = "._/-"


def last_skill(prompt: str, installed: Collection[str] = ()) -> str | None:
    """The skill named last in a prompt, or None; `installed` are the names besides the built-in ones.

    A block that names a skill is believed as it is. A bare name (`$name`, `/name`, "using the skill name") counts only
    when there is such a skill, so that paths and shell variables are none.
    """
    if len(prompt) > LONGEST_PROMPT:
        return None
    known = BUILT_IN_SKILLS | {name.lower() for name in installed}
    found = [(match.start(), match[1].lower()) for match in _BLOCK.finditer(prompt)]
    for pattern in _PATTERNS:
        for match in pattern.finditer(prompt):
            name = match[1].lower().rstrip(_END)
            if name in known and name.partition("/")[0] not in _FOLDERS:
                found.append((match.start(), name))
    return max(found)[1] if found else None
