"""How Gemini CLI's screen is built; what it means is in `rules/gemini.toml`."""

from __future__ import annotations

import itertools
import re

from quarterdeck.agents.dialogs import CHOICE_LENGTH, dialog_of, find_options, last_frame, option_at, question_text
from quarterdeck.agents.screen import DialogText, Parts, ScreenLayout
from quarterdeck.core.answer_choice import SUBMIT

_BOX_LOWER = re.compile(r"^\s*(?:▀{8,}|╰─{8,}╯|─{8,})$")
_BOX_UPPER = re.compile(r"^\s*(?:▄{8,}|╭─{8,}╮|─{8,})$")
_BOX_LINE = re.compile(r"^\s*│?\s*(?:>|\*|\(r:\))\s")
"""Not the `!` before a line that a shell runs."""
_MESSAGE = re.compile(r"^(?:[✦✕ℹ⚠]|\s*[╭╰│])")
_CHROME = re.compile(
    r"^─{8,}$|^\s*(?:Shift\+Tab to|shift\+tab to|YOLO mode|auto-accept|plan mode|manual)\b", re.IGNORECASE
)
_SUBMITS = re.compile(r"^\s*Enter to submit · .*Esc to cancel$")
_OWN_LINE = re.compile(r"^\s*> ")
_ARROWS = ("▲", "▼")
_LAST_CHOICE = re.compile(r"^(?P<mark>● )?\s+(?P<label>Done)$")
"""Has no number, though its key is the next one."""
_RULE_LINE = re.compile(r"^─{8,}$")
FOOT_LINES = 6
DRAFT_LINES = 14
"""A draft is drawn up to this high; a longer paste is folded."""


def split(lines: tuple[str, ...]) -> Parts:
    """A dialog is a frame that ends the screen; the prompt box is the last prompt sign under a bar or a rule."""
    framed = last_frame(lines)
    if framed:
        top, inside = framed
        scrolled = _scrolled(inside)
        if scrolled:
            return Parts(body=lines[:top], dialog=scrolled)
        if find_options(inside):
            question = any("Enter to select" in line for line in inside[-3:])
            return Parts(body=lines[:top], dialog=dialog_of(inside, join=not question))
        if inside[-1:] and _SUBMITS.match(inside[-1]):
            return Parts(body=lines[:top], dialog=_without_choices(inside))
    for index in range(len(lines) - 1, -1, -1):
        if _MESSAGE.match(lines[index]) and not _BOX_LOWER.match(lines[index]):
            break
        if len([line for line in lines[index + 1 :] if line.strip()]) > FOOT_LINES + DRAFT_LINES:
            break
        if not _BOX_LINE.match(lines[index]):
            continue
        after = lines[index + 1 + len(_draft_lines(lines[index + 1 :])) :]
        if len([line for line in after if line.strip()]) > FOOT_LINES:
            break
        end = _chrome_top(lines, index)
        if end is not None:
            return Parts(body=lines[:end], box=lines[index : index + 1], foot=lines[index + 1 :])
    return Parts(body=lines)


def _scrolled(inside: tuple[str, ...]) -> DialogText | None:
    """A question with more choices than are shown: some of them, between two arrows."""
    arrows = [at for at, line in enumerate(inside) if line.strip() in _ARROWS]
    if [inside[at].strip() for at in arrows] != list(_ARROWS):
        return None
    top, bottom = arrows
    shown = [option for at in range(top, bottom) if (option := option_at(at, inside[at]))]
    last = next((found for at in range(top, bottom) if (found := _LAST_CHOICE.match(inside[at]))), None)
    if not shown:
        return None
    hidden = shown[0].number - 1
    labels, ticks = [option.label for option in shown], [option.ticked for option in shown]
    marked = next((option.number - 1 for option in shown if option.marked), None)
    if last:
        marked = hidden + len(labels) if last["mark"] else marked
        labels, ticks = [*labels, last["label"]], [*ticks, None]
    several = any(tick is not None for tick in ticks)
    return DialogText(
        question=question_text(inside[:top]),
        choices=("",) * hidden + tuple(label[:CHOICE_LENGTH] for label in labels),
        hint="\n".join(line.strip() for line in inside[bottom + 1 :] if line.strip()),
        ticks=(None,) * hidden + tuple(ticks) if several else (),
        marked=marked,
        scrolls=True,
    )


def _without_choices(inside: tuple[str, ...]) -> DialogText:
    """A question that is answered in words, or the page where all answers are submitted."""
    asked = [line for line in inside[:-1] if not _OWN_LINE.match(line)]
    is_review = any("Review your answers" in line for line in asked)
    return DialogText(question_text(asked), (SUBMIT,) if is_review else (), inside[-1].strip())


def _draft_lines(foot: tuple[str, ...]) -> tuple[str, ...]:
    """The further lines of a draft, under its first: up to a bar or a blank line."""
    return tuple(itertools.takewhile(lambda line: line.strip() and not _BOX_LOWER.match(line), foot))


def _chrome_top(lines: tuple[str, ...], prompt: int) -> int | None:
    """Where what belongs to the prompt box begins above it: its bar (drawn in true colour only), a hint and a rule."""
    top = None
    for index in range(prompt - 1, -1, -1):
        if _BOX_UPPER.match(lines[index]) or _RULE_LINE.match(lines[index]):
            top = index
        elif lines[index].strip() and not _CHROME.match(lines[index]):
            break
    return top


LAYOUT = ScreenLayout(
    split=split,
    draft=lambda parts: (*(parts.box or ()), *_draft_lines(parts.foot)),
)
