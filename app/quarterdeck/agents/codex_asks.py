"""What Codex's daemon asks those who opened a conversation, with the answers that each choice stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.foreign_json import is_object, object_at, objects_at, text_at
from quarterdeck.core.session import Need
from quarterdeck.core.text import clean, clean_lines

if TYPE_CHECKING:
    from quarterdeck.core.foreign_json import Json

LONGEST_ASK = 4_000
LONGEST_CHOICE = 300
MOST_DECISIONS = 20
_COMMAND = "item/commandExecution/requestApproval"
_EDIT = "item/fileChange/requestApproval"
_INPUT = "item/tool/requestUserInput"
_EDIT_DECISIONS = ("accept", "acceptForSession", "cancel")
_WORDS = {
    "accept": "Yes, proceed",
    "acceptForSession": "Yes, and don't ask again in this session",
    "decline": "No, go on without it",
    "cancel": "No, and tell Codex what to do differently",
}
_RULE = "acceptWithExecpolicyAmendment"


class CodexAsk(Struct, frozen=True, kw_only=True):
    """One open request."""

    number: object
    """What the answer must name."""
    needs: Need
    text: str
    subject: str
    """The words of it that stand on a terminal's screen, too."""
    choices: tuple[str, ...]
    results: tuple[Json, ...]
    """The answer that each choice stands for."""
    question: str = ""
    """The id of a question that may be answered in own words."""

    def result(self, position: int | None, words: str) -> Json | None:
        """The answer for a choice, or for own words; None where it takes no such answer."""
        if position is not None:
            return self.results[position] if 0 <= position < len(self.results) else None
        return _answered(self.question, words) if self.question and words.strip() else None


def ask_of(request: Json) -> CodexAsk | None:
    """What a request asks; None for those that we cannot put to an operator in a line of choices."""
    told, number = object_at(request, "params"), request.get("id")
    match request.get("method"):
        case _ if number is None:
            return None
        case str(method) if method == _COMMAND:
            actions = [text_at(each, "command") for each in objects_at(told, "commandActions")]
            command = "\n".join(filter(None, actions)) or text_at(told, "command")
            offered = told.get("availableDecisions")
            decisions = offered if isinstance(offered, list) else ["accept", "cancel"]
            return _approval(number, told, "Would you like to run the following command?", command, decisions)
        case str(method) if method == _EDIT:
            reason = text_at(told, "reason")
            return _approval(number, told, "Would you like to make the following edits?", reason, _EDIT_DECISIONS)
        case str(method) if method == _INPUT:
            questions = objects_at(told, "questions")
            return _question(number, questions[0]) if len(questions) == 1 else None
    return None


def _approval(
    number: object, told: Json, question: str, subject: str, decisions: list[object] | tuple[str, ...]
) -> CodexAsk | None:
    known = [(words, each) for each in decisions[:MOST_DECISIONS] if (words := _words(each))]
    if not known or len(known) != len(decisions):
        return None
    reason = text_at(told, "reason")
    lines = (question, f"Reason: {reason}" if reason else "", f"$ {subject}" if subject and subject != reason else "")
    return CodexAsk(
        number=number,
        needs=Need.PERMISSION,
        text=clean_lines("\n".join(filter(None, lines)))[:LONGEST_ASK],
        subject=subject,
        choices=tuple(words for words, _ in known),
        results=tuple({"decision": each} for _, each in known),
    )


def _words(decision: object) -> str:
    if isinstance(decision, str):
        return _WORDS.get(decision, "")
    rule = object_at(decision, _RULE).get("execpolicy_amendment") if is_object(decision) else None
    if not isinstance(rule, list) or not all(isinstance(each, str) for each in rule):
        return ""
    return clean(f"Yes, and don't ask again for commands that start with `{' '.join(rule)}`", LONGEST_CHOICE)


def _question(number: object, told: Json) -> CodexAsk | None:
    key, text = text_at(told, "id"), text_at(told, "question")
    labels = [text_at(each, "label") for each in objects_at(told, "options")][:MOST_DECISIONS]
    if not key or not text or told.get("isSecret") is True:
        return None
    return CodexAsk(
        number=number,
        needs=Need.QUESTION,
        text=clean_lines(text)[:LONGEST_ASK],
        subject=text,
        choices=tuple(clean(each, LONGEST_CHOICE) for each in labels),
        results=tuple(_answered(key, each) for each in labels),
        question=key if told.get("isOther") is not False else "",
    )


def _answered(key: str, words: str) -> Json:
    return {"answers": {key: {"answers": [words]}}}
