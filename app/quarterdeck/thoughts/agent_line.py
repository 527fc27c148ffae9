"""The line about an agent without a model: made from what it wrote, reported and shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from quarterdeck.core.session import Need, SessionState
from quarterdeck.core.text import clean_lines
from quarterdeck.core.thought import plain_words
from quarterdeck.core.transcript import ActionKind
from quarterdeck.thoughts.phrases import asking, bare_command, check_name, doing, parts_of, verb_of
from quarterdeck.thoughts.plain_terminal import matched_line

if TYPE_CHECKING:
    from quarterdeck.core.insight import Insight
    from quarterdeck.core.session import Ask

TASK_LINE_LENGTH = 60
FOOT_LENGTH = 600
"""Characters at the end of the screen where agents say how the model does."""

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-ZÄÖÜ\"'`(\d])|\n+")
_ASIDE = re.compile(
    r"^(?:all done|done|okay|ok|great|perfect|sure|yes|right|good|alright)\b[.!,:—–-]*(?:\s+|$)", re.IGNORECASE
)
_I_DID = re.compile(
    r"^(?:i've|i have|i)\s+(?:now\s+|just\s+|successfully\s+)*(?=\w+(?:ed|t|de|ote|an|it)\b)", re.IGNORECASE
)
_HEADING = re.compile(r"^(?:#+\s.*|[^.!?]{1,40}:\**)$")
_STOPPED = re.compile(r"interrupt|cancel|refus|reject|denied|abort", re.IGNORECASE)
_RETRYING = re.compile(
    r"(?:retrying|reconnecting)\b(?:.{0,40}?(?:attempt\s*#?(\d+(?:/\d+)?)|(\d+/\d+))|.{0,10}?in \d+)", re.IGNORECASE
)
_MESSAGE = re.compile(r"[\"']message[\"']\s*:\s*[\"']([^\"']{3,300})")
_TRUST = re.compile(r"\btrust\b", re.IGNORECASE)
_ASK_RUN = re.compile(r"^(?:(?:#\s*)?(?:Bash|Shell) command\s*\n\s*(?:\$\s+)?|\$\s+|\?\s*Shell\s+)(.+)$", re.MULTILINE)
_ASK_FILE = re.compile(
    r"^(?:→\s*|\?\s*)?(Edit|Write|Create)(?: ?File| file)?\s+(?:Writing to\s+)?(\S+)\s*$", re.MULTILINE
)
_ASK_PLAN = re.compile(r"plan mode|this plan", re.IGNORECASE)


def agent_line(insight: Insight) -> str | None:
    """What an agent does or wants; None = nothing to say, "" = what was said before is of another conversation."""
    session = insight.session
    if session.asks is not None:
        return _asking_line(insight, session.asks)
    if session.state is SessionState.ERROR:
        return _error_line(insight)
    if session.is_limited:
        if "retry" in session.state_evidence.detail.lower():
            return "limited: trying again by itself"
        return _error_line(insight).replace("stopped", "limited", 1)
    if session.state is SessionState.BUSY:
        return _working_line(insight)
    if insight.is_new:
        return ""
    return _over_line(insight) if insight.is_waiting else None


def _asking_line(insight: Insight, ask: Ask) -> str:
    if not ask.text.strip() and not insight.tool and not (insight.view and insight.view.last_question):
        # That it asks is told a moment before what.
        return "waiting for you"
    if ask.kind is Need.QUESTION:
        told = insight.view.last_question if insight.view and insight.view.current_tool else ""
        questions = [line for line in (ask.text or told).splitlines() if line.strip().endswith(("?", "？"))]
        return f"asks: {plain_words(questions[0] if questions else _first_line(ask.text or told))}"
    if _TRUST.search(ask.text):
        return "waiting: may this agent work in this folder?"
    run, file = _ASK_RUN.search(ask.text), _ASK_FILE.search(ask.text)
    tool = insight.tool
    if not tool or (run and run[1].strip()[:20] not in tool):
        tool = _tool_asked_for(ask.text, run, file)
    if tool:
        return f"waiting: {asking(tool)}"
    if _ASK_PLAN.search(ask.text):
        return "waiting: may I go ahead with this plan?"
    questions = [line for line in ask.text.splitlines() if line.strip().endswith("?")]
    return f"waiting: {plain_words(questions[-1] if questions else _first_line(ask.text))}"


def _tool_asked_for(text: str, run: re.Match[str] | None, file: re.Match[str] | None) -> str:
    """The tool call that a dialog shows, as `tool: what`."""
    if run:
        return f"shell: {run[1].strip()}"
    if file:
        return f"{'edit' if file[1] == 'Edit' else 'write'}: {file[2]}"
    first = _first_line(text)
    return first if verb_of(parts_of(first)[0]) and len(parts_of(first)[0].split()) == 1 else ""


def _error_line(insight: Insight) -> str:
    reading = insight.view.reading if insight.view else None
    told = reading.detail if reading is not None and reading.state is SessionState.ERROR else ""
    words = told or matched_line(insight)
    message = _MESSAGE.search(words)
    words = plain_words(message[1] if message else words)
    return f"stopped: {words}" if any(map(str.isalpha, words)) else "stopped by an error"


def _working_line(insight: Insight) -> str | None:
    retrying = _RETRYING.search(" ".join(clean_lines(insight.screen).split())[-FOOT_LENGTH:])
    if retrying and not (insight.view and insight.view.this_turn):
        attempt = retrying[1] or retrying[2]
        return "the model does not answer, trying again" + (f", attempt {attempt}" if attempt else "")
    view = insight.view
    actions = view.this_turn if view else ()
    step = _short(plain_words(view.plan_step)) if view else ""
    task = step or _task(insight)
    if insight.tool:
        now = doing(insight.tool, actions)
        about = parts_of(insight.tool)[1]
        is_told = not task or (not step and about and about in insight.task)
        return now if is_told else f"{now} · {task}"
    last = next((each for each in reversed(actions) if each.kind is not ActionKind.THINKING), None)
    if last is not None and last.kind is ActionKind.CHECK and last.ok is False:
        return f"{check_name(bare_command(parts_of(last.text)[1]))} failed, looking into it" + (
            f" · {task}" if task else ""
        )
    if last is not None and last.kind is ActionKind.SAID and view is not None:
        return _sentences(view.turn_text)[0]
    # With nothing to say of the work, what was said before it began (a question, say) is not true any more.
    return step or (f"thinking about: {task}" if task else "")


def _over_line(insight: Insight) -> str | None:
    evidence = insight.session.state_evidence
    task = _task(insight)
    rule = evidence.detail.partition(":")[0].partition(" in ")[0]
    words = insight.view.turn_text if insight.view else insight.report.last_text
    reading = insight.view.reading if insight.view else insight.report.reading
    is_finished = insight.session.needs is Need.FINISHED
    if _STOPPED.search(f"{evidence.cause} {rule}") or (reading and _STOPPED.search(reading.cause)):
        return f"interrupted: {task}" if task else "interrupted"
    if reading is not None and reading.state is SessionState.BUSY and not is_finished:
        # It works no more, and how that ended has not been told yet.
        return ""
    if words:
        sentences = _sentences(words)
        if sentences[-1].endswith(("?", "？")):
            return f"asks: {sentences[-1]}"
        result = _result(sentences)
        return result if result.lower().startswith("finished") else f"finished: {result}"
    return f"finished: {task}" if task and is_finished else None


def _result(sentences: list[str]) -> str:
    """The first sentence, which says what was done, as a plain statement."""
    first = _I_DID.sub("", _ASIDE.sub("", sentences[0])) or sentences[0]
    word = first.split(" ", 1)[0]
    # A name or an acronym keeps its capital.
    is_plain = word[:1].isupper() and word[1:].islower() and word.endswith(("ed", "de", "ote", "an", "ilt", "lit"))
    return (first[:1].lower() + first[1:] if is_plain else first).rstrip(".")


def _sentences(text: str) -> list[str]:
    """What was said, sentence by sentence; headings, and words such as "Done." alone, only where there is no more."""
    lines = [line for line in text.splitlines() if any(map(str.isalnum, line))]
    told = [line for line in lines if not _HEADING.match(line.strip())] or lines
    found = [sentence.strip() for line in told for sentence in _SENTENCE.split(plain_words(line)) if sentence.strip()]
    telling = [each for each in found if any(map(str.isalnum, each)) and not _ASIDE.fullmatch(each)]
    return telling or found or [plain_words(text)]


def _task(insight: Insight) -> str:
    """What the operator asked for, in few words."""
    words = _first_line(insight.task)
    return _short(plain_words(_SENTENCE.split(words, maxsplit=1)[0]).rstrip("."))


def _short(words: str) -> str:
    return words if len(words) <= TASK_LINE_LENGTH else words[: TASK_LINE_LENGTH - 1].rstrip() + "…"


def _first_line(text: str) -> str:
    return next((line for line in text.splitlines() if any(map(str.isalnum, line))), "")
