"""What a plain terminal's screen says of the program in it. Where it says nothing clearly, so do we."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from quarterdeck.core.command_failure import output_of_last, progress_in
from quarterdeck.core.detector import FAILURES
from quarterdeck.core.process_tree import SHELLS
from quarterdeck.core.screen_text import is_prompt, last_line
from quarterdeck.core.session import Need, SessionState
from quarterdeck.core.text import clean_lines

if TYPE_CHECKING:
    from quarterdeck.core.insight import Insight

SAYS_NOTHING = SHELLS | {"pwsh", "login", "tmux"}
"""Programs whose name says nothing of what is done."""
LOOKED_AT = 12
"""Lines from the end among which something worth saying is looked for."""

_FAULT = re.compile(r"\berror\b|\bfail(?:ed|ure)?\b|\bfatal\b|\bpanic|\bexception\b|denied|not found", re.IGNORECASE)
_FRAME = re.compile(r"[\u2500-\u259f]")
_LEAD = re.compile(r"^[\W_]+(?=[\w/`\"'(\[*])")


def terminal_line(insight: Insight) -> str | None:
    """What the program says it does; None = nothing worth saying, "" = nothing goes on any more."""
    session = insight.session
    program = insight.program or ("" if session.current_command in SAYS_NOTHING else session.current_command or "")
    if session.needs is Need.QUESTION and session.asks is not None and session.asks.text:
        return f"asks: {session.asks.text.splitlines()[-1]}"
    if session.state is SessionState.IDLE:
        return f"{program}: serving" if session.state_evidence.cause == "serves" else ""
    if insight.is_full_screen:
        return None
    lines = _telling_lines(insight.screen, is_over=session.state is SessionState.ERROR)
    if session.state is SessionState.ERROR and session.state_evidence.cause in FAILURES:
        return f"failed: {session.state_evidence.detail}"
    if session.state is SessionState.ERROR:
        found = next((line for line in lines if _FAULT.search(line)), "")
        return f"failed: {found}" if found else None
    if session.state is not SessionState.BUSY:
        return None
    told = progress_in(last_line(clean_lines(insight.screen))) or next(iter(lines), "")
    if not told or not program:
        return program or told or None
    return told if told.lower().startswith(program.lower()) else f"{program}: {told}"


def matched_line(insight: Insight) -> str:
    """The screen's line that the evidence of the state is drawn from, with the one it runs on into."""
    match = insight.session.state_evidence.detail.partition(": ")[2].splitlines()
    words = match[0].strip() if match else ""
    if not words:
        return ""
    lines = [line.strip() for line in clean_lines(insight.screen).splitlines()]
    at = next((i for i in range(len(lines) - 1, -1, -1) if words in lines[i]), None)
    if at is None or (not _FAULT.search(lines[at] + words) and "retry" not in lines[at].lower()):
        return words if _FAULT.search(words) else ""
    line = _LEAD.sub("", _FRAME.sub(" ", lines[at])).strip()
    follows = at + 1 < len(lines) and line.count("{") > line.count("}")
    return f"{line} {lines[at + 1]}" if follows else line


def _telling_lines(screen: str, *, is_over: bool) -> list[str]:
    """The last lines with words in them, newest first; prompts and pieces of frames left out."""
    found: list[str] = []
    for line in reversed(output_of_last(clean_lines(screen), is_over=is_over)[-LOOKED_AT:]):
        words = " ".join(_FRAME.sub(" ", line).split())
        letters = sum(map(str.isalpha, words))
        if letters >= 3 and letters * 3 >= len(words) and not is_prompt(line.rstrip()):
            found.append(words)
    return found
