"""How Claude Code's screen is built; what it means is in `rules/claude.toml`."""

from __future__ import annotations

import itertools
import re

from quarterdeck.agents.dialogs import dialog_of, find_menu, find_options
from quarterdeck.agents.screen import Parts, ScreenLayout
from quarterdeck.agents.side_panel import without_side_panel

_RULE_LINE = re.compile(r"^─{8,}(?:[^─]{1,60}─+)?$")
_BOX_START = re.compile(r"^[❯>!#&](?:\s|$)")
_FENCE = re.compile(r"^\s*╌{8,}\s*$")
_BAR = re.compile(r"^\s*│ ?")
_TIP = re.compile(r"^\s*Tip: .*\n(?:\s*[a-z].*\n)*", re.MULTILINE)
"""A hint, with the lines it is wrapped into; what follows it begins with a capital."""
_MODAL = re.compile(r"^▔{8,}$")
"""Above a page or a list that covers the lower part of the screen."""
_SECTION = re.compile(r"^  (?:Needs input|Working|Completed)$")
"""Heads a part of the list of all sessions, whose input line begins another one."""
_LIST_FRAME = re.compile(r"^.{0,12}New sessions: |^\s+enter to \w+ · ")
"""Its second line, and its last."""
_CHIPS = re.compile(r"^\s*(?:[☐☒] \S.{0,30}|←\s+[☐☒] .*→)\s*$")
"""Heads a question with a word for it."""


def split(lines: tuple[str, ...]) -> Parts:
    """The prompt box is the last pair of full-width rules whose first line between starts with the prompt sign."""
    lines = without_side_panel(lines)
    if _is_list_of_sessions(lines):
        return Parts(body=(), foot=lines)
    rules = [index for index, line in enumerate(lines) if _RULE_LINE.match(line)]
    modal = next((index for index in range(len(lines) - 1, -1, -1) if _MODAL.match(lines[index])), -1)
    if modal > max(rules, default=-1):
        covering = lines[modal + 1 :]
        return Parts(body=lines[:modal], foot=covering, dialog=dialog_of(covering, join=True))
    for upper, lower in reversed(list(itertools.pairwise(rules))):
        if lower > upper + 1 and _BOX_START.match(lines[upper + 1]):
            return Parts(body=lines[:upper], box=lines[upper + 1 : lower], foot=lines[lower + 1 :])
    options = find_options(lines) or find_menu(lines)
    if not options:
        return Parts(body=lines, foot=lines[rules[-1] + 1 :] if rules else ())
    above = [index for index in rules if index < options[0].line]
    top = above[-1] + 1 if above else 0
    question = any("Enter to select" in line for line in lines[options[-1].line :])
    asked = _command_first(_without_tip(_without_chips(lines[top : options[0].line])))
    dialog = dialog_of((*asked, *lines[options[0].line :]), join=not question)
    return Parts(body=lines[: max(top - 1, 0)], dialog=dialog)


def _is_list_of_sessions(lines: tuple[str, ...]) -> bool:
    in_frame = any(_LIST_FRAME.match(line) for line in (*lines[:4], *lines[-1:]))
    return in_frame and sum(bool(_SECTION.match(line)) for line in lines) > 1


def _without_chips(asked: tuple[str, ...]) -> tuple[str, ...]:
    """Drop the line that names the pages of a question, as chips or as tabs; a blank line is under it."""
    first = next((index for index, line in enumerate(asked) if line.strip()), None)
    if first is None or not _CHIPS.match(asked[first]) or any(line.strip() for line in asked[first + 1 : first + 2]):
        return asked
    return asked[first + 1 :]


def _without_tip(asked: tuple[str, ...]) -> tuple[str, ...]:
    """Drop the hint about Claude Code itself: above what is fenced, or else right under the title."""
    fence = next((index for index, line in enumerate(asked) if _FENCE.match(line)), None)
    title = next((index for index, line in enumerate(asked) if line.strip()), 0)
    if fence is None and not any(line.lstrip().startswith("Tip: ") for line in asked[title + 1 : title + 2]):
        return asked
    told = "".join(f"{line}\n" for line in asked[:fence])
    return (*_TIP.sub("", told, count=1).splitlines(), *(asked[fence:] if fence is not None else ()))


def _command_first(asked: tuple[str, ...]) -> tuple[str, ...]:
    """Put a fenced command right under its title, before the hints and the description that stand above the fence."""
    fences = [index for index, line in enumerate(asked) if _FENCE.match(line)]
    title = next((index for index, line in enumerate(asked) if line.strip()), None)
    if title is None or len(fences) < 2 or not asked[title].rstrip().endswith(" command"):
        return asked
    command = [_BAR.sub("", line) for line in asked[fences[0] + 1 : fences[1]]]
    return (asked[title], *command, *asked[title + 1 : fences[0]], *asked[fences[1] + 1 :])


LAYOUT = ScreenLayout(split=split)
