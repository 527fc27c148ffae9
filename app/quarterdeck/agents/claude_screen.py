"""Claude Code's screen and title: how it is built, and the rules on it (seen with 2.1.197 and 2.1.329)."""

from __future__ import annotations

import itertools
import re

from quarterdeck.agents.dialogs import dialog_of, find_menu, find_options
from quarterdeck.agents.screen import SPINNER, Meaning, Parts, Region, ScreenLayout, ScreenRule, TitleRule

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
    dialog = dialog_of((*asked, *lines[options[0].line :]), join=not question)
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
    head=r"^[^\s⎿│╰╭]",
    prompt=r"^[❯>]",
    sign=r"^[❯>]\s?",
    queueing=r"(?m)^[❯>]\s+Press up to edit queued messages",
)

RULES = (
    ScreenRule("claude.transcript_view", Meaning.UNCLEAR, Region.END,
               r"(?i)Showing detailed transcript|ctrl\+o to toggle", priority=9),
    ScreenRule("claude.trust", Meaning.PERMISSION, Region.DIALOG,
               r"Quick safety check|Do you trust the files|Yes, I trust this folder|Yes, I accept"),
    ScreenRule("claude.permission", Meaning.PERMISSION, Region.DIALOG,
               r"(?m)^(?:Do you want to [^\n]{1,300}\?"
               r"|Would you like to proceed\?|Exit plan mode\?|Enter plan mode\?|Claude wants to [^\n]+)$"),
    ScreenRule("claude.permission_wrapped", Meaning.PERMISSION, Region.DIALOG,
               r"(?is)(?:^|\n)(?:Do you want to |Would you like to ).{1,400}\?\n.*\bEsc to (?:cancel|exit)",
               priority=-1),
    ScreenRule("claude.question", Meaning.QUESTION, Region.DIALOG,
               r"(?s)Enter to select\b.*\bEsc to cancel|Ready to submit your answers\?|Review your answers"),
    ScreenRule("claude.retrying", Meaning.WORKING, Region.NEAR, rf"^{_GLYPH} .*\bRetrying in \d+"),
    ScreenRule("claude.spinner", Meaning.WORKING, Region.NEAR, rf"^{_GLYPH} [^\s].*…(?:\s*\(.*)?$"),
    ScreenRule("claude.interrupt_hint", Meaning.WORKING, Region.FOOT, r"(?im)(?:^|·)\s*esc to interrupt\b"),
    ScreenRule("claude.error", Meaning.ERROR, Region.HEAD, _FAILED),
    ScreenRule("claude.error_over", Meaning.ERROR, Region.PREVIOUS, _FAILED),
    ScreenRule("claude.interrupted", Meaning.INTERRUPTED, Region.UNDER_HEAD,
               r"(?m)^\s+⎿\s+(?:Interrupted\b|\[Request interrupted|User rejected )", needs_box=True),
    ScreenRule("claude.turn_over", Meaning.FINISHED, Region.HEAD,
               rf"^{_GLYPH} [^\s…]+ for (?:\d+[dhms] ?)+(?: · .*)?$", needs_box=True),
    ScreenRule("claude.command_done", Meaning.IDLE, Region.UNDER_HEAD,
               r"\A\s+⎿\s+(?:Compacted|\(no content\)|Set |Total cost|Kept )", needs_box=True),
    ScreenRule("claude.fresh", Meaning.IDLE, Region.BODY,
               r"Claude Code v\d[^\n]*(?:\n(?![●⏺❯✻✳✶✢✽]|\* )[^\n]*)*\Z", needs_box=True),
)  # fmt: skip

TITLES = (
    TitleRule("claude.title_spinner", Meaning.WORKING, rf"^{SPINNER}(?:\s|$)"),
    # Newer versions show this glyph all the time when they run in a multiplexer.
    TitleRule("claude.title_rest", Meaning.IDLE, r"^✳(?:\s|$)", exact=False),
)
