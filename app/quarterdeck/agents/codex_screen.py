"""Codex's screen and title: how it is built, and the rules on it (seen with 0.169)."""

from __future__ import annotations

import itertools
import re

from quarterdeck.agents.dialogs import dialog_of, find_options
from quarterdeck.agents.screen import SPINNER, Meaning, Parts, Region, ScreenLayout, ScreenRule, TitleRule

_HINT = re.compile(r"\benter\b.*\besc\b", re.IGNORECASE | re.DOTALL)
_BOX = re.compile(r"^[›>](?:\s|$)")
_DIALOG_TOP = re.compile(r"^\S")
_MARKED = re.compile(r"^\s*›\s+\d+\.\s")
_ASIDE_QUESTION = re.compile(r"^\s+Question \d+/\d+\b")


def split(lines: tuple[str, ...]) -> Parts:
    """A dialog is the end of the screen and closes with its hint; else the last `›` at the margin is the prompt."""
    options = find_options(lines)
    if options:
        after = "\n".join(lines[options[-1].line + 1 :])
        if _HINT.search(after) and not any(_DIALOG_TOP.match(line) for line in lines[options[-1].line + 1 :]):
            # A dialog's text is indented; it starts under the last line at the margin above its choices.
            margins = (at for at in range(options[0].line - 1, -1, -1) if _DIALOG_TOP.match(lines[at]))
            top = next(margins, -1) + 1
            question = any(_ASIDE_QUESTION.match(line) for line in lines[top : options[0].line])
            return Parts(body=lines[:top], dialog=dialog_of(lines[top:], join=not question))
    for index in range(len(lines) - 1, -1, -1):
        if _ASIDE_QUESTION.match(lines[index]) or _MARKED.match(lines[index]):
            break  # a dialog that is not all drawn yet
        if _BOX.match(lines[index]):
            return Parts(body=lines[:index], box=lines[index : index + 1], foot=lines[index + 1 :])
        if _DIALOG_TOP.match(lines[index]):
            break
    return Parts(body=lines)


LAYOUT = ScreenLayout(
    split=split,
    head=r"^[›>•◦·∙■✔✗⚠✨]",
    prompt=r"^[›>]",
    sign=r"^[›>]\s?",
    # A draft of several lines goes on under its first one, until a blank line.
    draft=lambda parts: (*(parts.box or ()), *itertools.takewhile(str.strip, parts.foot)),
    queueing=r"(?m)^• (?:Queued follow-up inputs|Messages to be submitted)\b",
)

RULES = (
    ScreenRule("codex.trust", Meaning.PERMISSION, Region.DIALOG,
               r"Trust this folder\?|Do you trust the contents of this directory"),
    ScreenRule("codex.permission", Meaning.PERMISSION, Region.DIALOG,
               r"(?m)^(?:Would you like to (?:run|make|grant|send|allow)\b|Do you want to (?:approve|allow|proceed)\b"
               r"|Allow [A-Z`\"]|Implement this plan\?|\d+ hooks? needs? review|Hooks need review)"),
    ScreenRule("codex.question", Meaning.QUESTION, Region.DIALOG, r"(?m)^Question \d+/\d+\b"),
    ScreenRule("codex.status", Meaning.WORKING, Region.NEAR,
               r"^[•◦·∙●] \S.*\(\d[^()]* esc to interrupt\)(?: · |$)", needs_box=True),
    ScreenRule("codex.interrupted", Meaning.INTERRUPTED, Region.HEAD, r"^■ Conversation interrupted\b", needs_box=True),
    ScreenRule("codex.error", Meaning.ERROR, Region.HEAD,
               r"^■ \S.*", unless=r"^■ Conversation interrupted\b", needs_box=True),
    ScreenRule("codex.turn_over", Meaning.FINISHED, Region.LAST,
               r"^  Worked for [<\d][\dhms <]*(?: • .*)?$", needs_box=True),
    ScreenRule("codex.fresh", Meaning.IDLE, Region.BODY,
               r"OpenAI Codex \(v[^\n]*(?:\n(?![›•■✔✗◦])[^\n]*)*\Z", needs_box=True),
)  # fmt: skip

TITLES = (
    TitleRule("codex.title_action", Meaning.ASKS, r"^\[ [!.] \] Action Required\b"),
    TitleRule("codex.title_spinner", Meaning.WORKING, rf"^{SPINNER}(?:\s|$)"),
)
