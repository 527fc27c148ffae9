"""Claude Code's screen and title: how it is built, and the rules on it (seen with 2.1.197 and 2.1.329)."""

from __future__ import annotations

import itertools
import re

from quarterdeck.agents.dialogs import dialog_of, find_menu, find_options
from quarterdeck.agents.drafts import without_sign
from quarterdeck.agents.screen import Meaning, Parts, Region, ScreenLayout, ScreenRule, in_order
from quarterdeck.agents.title_rules import SPINNER, TitleRule

_RULE_LINE = re.compile(r"^─{8,}(?:[^─]{1,60}─+)?$")
_BOX_START = re.compile(r"^[❯>!#&](?:\s|$)")
_FENCE = re.compile(r"^\s*╌{8,}\s*$")
_BAR = re.compile(r"^\s*│ ?")
_TIP = re.compile(r"^\s*Tip: .*\n(?:\s*[a-z].*\n)*", re.MULTILINE)
"""A hint, with the lines it is wrapped into; what follows it begins with a capital."""
_CHIPS = re.compile(r"^\s*(?:[☐☒] \S.{0,30}|←\s+[☐☒] .*→)\s*$")
"""Heads a question with a word for it."""
_GLYPH = r"[·✢✳✶✻✽✦∗*]"
_FAILED = re.compile(
    r"^[●⏺] (?:API Error(?:: | \()|You've (?:hit|reached) your (?:[\w-]+ ){0,3}limit\b|Please run /login\b"
    r"|(?:Credit balance is too low|Invalid API key|Prompt is too long)(?: ·|$)"
    r"|(?:[\w-]+ ){1,3}limit reached(?: [·∙|]|\. Your limit |$))"
)
"""What stands there instead of an answer. Each is told whole, since answers may well begin with such words."""


def split(lines: tuple[str, ...]) -> Parts:
    """The prompt box is the last pair of full-width rules whose first line between starts with the prompt sign."""
    rules = [index for index, line in enumerate(lines) if _RULE_LINE.match(line)]
    for upper, lower in reversed(list(itertools.pairwise(rules))):
        if lower > upper + 1 and _BOX_START.match(lines[upper + 1]):
            return Parts(body=lines[:upper], box=lines[upper + 1 : lower], foot=lines[lower + 1 :])
    options = find_options(lines) or find_menu(lines)
    if not options:
        return Parts(body=lines)
    above = [index for index in rules if index < options[0].line]
    top = above[-1] + 1 if above else 0
    question = any("Enter to select" in line for line in lines[options[-1].line :])
    asked = _command_first(_without_chips(lines[top : options[0].line]))
    dialog = dialog_of((*asked, *lines[options[0].line :]), top=0, join=not question)
    return Parts(body=lines[: max(top - 1, 0)], dialog=dialog)


def _without_chips(asked: tuple[str, ...]) -> tuple[str, ...]:
    """Drop the line that names the pages of a question, as chips or as tabs; a blank line is under it."""
    first = next((index for index, line in enumerate(asked) if line.strip()), None)
    if first is None or not _CHIPS.match(asked[first]) or any(line.strip() for line in asked[first + 1 : first + 2]):
        return asked
    return asked[first + 1 :]


def _command_first(asked: tuple[str, ...]) -> tuple[str, ...]:
    """Put a fenced command right under its title, before the hints and the description that stand above the fence."""
    fences = [index for index, line in enumerate(asked) if _FENCE.match(line)]
    title = next((index for index, line in enumerate(asked) if line.strip()), None)
    if title is None or len(fences) < 2 or not asked[title].rstrip().endswith(" command"):
        return asked
    command = [_BAR.sub("", line) for line in asked[fences[0] + 1 : fences[1]]]
    about = _TIP.sub("", "".join(f"{line}\n" for line in asked[title + 1 : fences[0]])).splitlines()
    return (asked[title], *command, *about, *asked[fences[1] + 1 :])


LAYOUT = ScreenLayout(
    split=split,
    head=re.compile(r"^[^\s⎿│╰╭]"),
    prompt=re.compile(r"^[❯>]"),
    draft=lambda parts: without_sign(parts.box or (), re.compile(r"^[❯>]\s?")),
    queueing=re.compile(r"^[❯>]\s+Press up to edit queued messages", re.MULTILINE),
)

RULES = in_order(
    (
        ScreenRule(
            id="claude.transcript_view",
            means=Meaning.UNCLEAR,
            region=Region.END,
            pattern=re.compile(r"Showing detailed transcript|ctrl\+o to toggle", re.IGNORECASE),
            priority=9,
        ),
        ScreenRule(
            id="claude.trust",
            means=Meaning.PERMISSION,
            region=Region.DIALOG,
            pattern=re.compile(r"Quick safety check|Do you trust the files|Yes, I trust this folder|Yes, I accept"),
        ),
        ScreenRule(
            id="claude.permission",
            means=Meaning.PERMISSION,
            region=Region.DIALOG,
            pattern=re.compile(
                r"(?m)^(?:Do you want to [^\n]{1,300}\?"
                r"|Would you like to proceed\?|Exit plan mode\?|Enter plan mode\?|Claude wants to [^\n]+)$"
            ),
        ),
        ScreenRule(
            id="claude.permission_wrapped",
            means=Meaning.PERMISSION,
            region=Region.DIALOG,
            pattern=re.compile(
                r"(?s)(?:^|\n)(?:Do you want to |Would you like to ).{1,400}\?\n.*\bEsc to (?:cancel|exit)",
                re.IGNORECASE,
            ),
            priority=-1,
        ),
        ScreenRule(
            id="claude.question",
            means=Meaning.QUESTION,
            region=Region.DIALOG,
            pattern=re.compile(
                r"Enter to select\b.*\bEsc to cancel|Ready to submit your answers\?|Review your answers", re.DOTALL
            ),
        ),
        ScreenRule(
            id="claude.retrying",
            means=Meaning.WORKING,
            region=Region.NEAR,
            pattern=re.compile(rf"^{_GLYPH} .*\bRetrying in \d+"),
        ),
        ScreenRule(
            id="claude.spinner",
            means=Meaning.WORKING,
            region=Region.NEAR,
            pattern=re.compile(rf"^{_GLYPH} [^\s].*…(?:\s*\(.*)?$"),
        ),
        ScreenRule(
            id="claude.interrupt_hint",
            means=Meaning.WORKING,
            region=Region.FOOT,
            pattern=re.compile(r"(?:^|·)\s*esc to interrupt\b", re.IGNORECASE | re.MULTILINE),
        ),
        ScreenRule(
            id="claude.error",
            means=Meaning.ERROR,
            region=Region.HEAD,
            pattern=_FAILED,
        ),
        ScreenRule(
            id="claude.error_over",
            means=Meaning.ERROR,
            region=Region.PREVIOUS,
            pattern=_FAILED,
        ),
        ScreenRule(
            id="claude.interrupted",
            means=Meaning.INTERRUPTED,
            region=Region.UNDER_HEAD,
            pattern=re.compile(r"(?m)^\s+⎿\s+(?:Interrupted\b|\[Request interrupted|User rejected )"),
            needs_box=True,
        ),
        ScreenRule(
            id="claude.turn_over",
            means=Meaning.FINISHED,
            region=Region.HEAD,
            pattern=re.compile(rf"^{_GLYPH} [^\s…]+ for (?:\d+[dhms] ?)+(?: · .*)?$"),
            needs_box=True,
        ),
        ScreenRule(
            id="claude.command_done",
            means=Meaning.IDLE,
            region=Region.UNDER_HEAD,
            pattern=re.compile(r"\A\s+⎿\s+(?:Compacted|\(no content\)|Set |Total cost|Kept )"),
            needs_box=True,
        ),
        ScreenRule(
            id="claude.fresh",
            means=Meaning.IDLE,
            region=Region.BODY,
            pattern=re.compile(r"Claude Code v\d[^\n]*(?:\n(?![●⏺❯✻✳✶✢✽]|\* )[^\n]*)*\Z"),
            needs_box=True,
        ),
    )
)

TITLES = (
    TitleRule(id="claude.title_spinner", means=Meaning.WORKING, pattern=re.compile(rf"^{SPINNER}(?:\s|$)")),
    # Newer versions show this glyph all the time when they run in a multiplexer.
    TitleRule(id="claude.title_rest", means=Meaning.IDLE, pattern=re.compile(r"^✳(?:\s|$)"), exact=False),
)
