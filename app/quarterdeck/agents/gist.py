"""Tool calls in few words, and what they mean for the operator's reminders."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from quarterdeck.core.foreign_json import objects_at, text_at
from quarterdeck.core.text import clean
from quarterdeck.core.transcript import ActionKind

if TYPE_CHECKING:
    from quarterdeck.core.foreign_json import Json

GIST_COMMAND_LENGTH = 80
DETAIL_LENGTH = 2_000

_FILE_KEYS = ("file_path", "filePath", "path", "notebook_path", "absolute_path", "absolutePath", "filename")
_COMMAND_KEYS = ("command", "cmd", "script")
_PATTERN_KEYS = ("pattern", "query", "url", "description", "prompt", "name")

_EDIT_TOOLS = re.compile(
    r"(?:edit|multiedit|write|notebookedit|write_file|replace|edit_file|create_file|apply_patch|patch|str_replace\w*)",
    re.IGNORECASE,
)
SHELL_TOOLS = re.compile(
    r"(?:bash|shell|exec|exec_command|run_shell_command|local_shell|shell_command|run_command|terminal)", re.IGNORECASE
)
_WORDS_BEFORE = (
    r"(?:^|[;&|(]\s*|\n\s*)(?:(?:[A-Z_][A-Z0-9_]*=\S*|env|time|sudo|command|exec|uv run|poetry run|npx|bunx)\s+)*"
)
_COMMIT = re.compile(_WORDS_BEFORE + r"git\s+(?:-\S+\s+\S+\s+)*commit\b")
_DIRTY = re.compile(_WORDS_BEFORE + r"git\s+(?:-\S+\s+\S+\s+)*(?:status|diff)\b")
_CHECK = re.compile(
    _WORDS_BEFORE
    + r"(?:(?:\S*/)?(?:pytest|tox|nox|mypy|ruff|flake8|pylint|pyright|tsc|eslint|vitest|jest|mocha|rspec|phpunit|ctest|"
    r"golangci-lint|shellcheck|pre-commit)\b"
    r"|(?:python[\d.]*)\s+-m\s+(?:pytest|unittest|mypy|tox|build|compileall)\b"
    r"|(?:npm|pnpm|yarn|bun)\s+(?:run\s+)?(?:test|lint|build|check|typecheck|ci)\b"
    r"|(?:cargo|go|mix|dotnet|swift|zig|gradle|\./gradlew|mvn|\./mvnw|sbt|bazel|deno)\s+(?:\S+\s+)?"
    r"(?:test|build|check|clippy|vet|lint|verify|compile|fmt)\b"
    r"|(?:make|just|task|rake)\s+(?:\S+\s+)*?(?:test|tests|check|lint|build|ci|verify|all)\b)"
)


def command_of(arguments: Json) -> str:
    """The shell command in a tool call's arguments, or ""."""
    for key in _COMMAND_KEYS:
        found = arguments.get(key)
        if isinstance(found, str):
            return found
        if isinstance(found, list):
            words = [word for word in found if isinstance(word, str)]
            if len(words) >= 3 and words[1] in {"-c", "-lc", "-ic"}:  # `bash -lc SCRIPT`
                return words[2]
            return " ".join(words)
    return ""


def tool_gist(tool: str, arguments: Json) -> str:
    """One short phrase: the tool, and the file, command or pattern it is about."""
    detail = _detail(arguments)
    return clean(f"{tool}: {detail}" if detail else tool, 240)


def tool_request(tool: str, arguments: Json) -> str:
    """What the operator is asked to allow, in full as far as sensible."""
    file = next((text for key in _FILE_KEYS if (text := text_at(arguments, key))), "")
    detail = command_of(arguments) or file or _detail(arguments)
    plan = text_at(arguments, "plan")
    return (plan or (f"{tool}: {detail}" if detail else tool))[:DETAIL_LENGTH]


def asked(arguments: Json) -> tuple[str, tuple[str, ...]]:
    """The first question of a tool call that asks the operator, and its choices."""
    questions = objects_at(arguments, "questions")
    if not questions:
        return text_at(arguments, "question")[:DETAIL_LENGTH], ()
    first = questions[0]
    text = "\n".join(text_at(each, "question") for each in questions if text_at(each, "question"))
    labels = tuple(text_at(option, "label") for option in objects_at(first, "options") if text_at(option, "label"))
    return text[:DETAIL_LENGTH], labels if len(questions) == 1 else ()


def action_kind(tool: str, arguments: Json) -> ActionKind:
    """What a tool call means for the reminders: an edit, a check, a look at the tree, a commit."""
    if _EDIT_TOOLS.fullmatch(tool):
        return ActionKind.EDIT
    if not SHELL_TOOLS.fullmatch(tool):
        return ActionKind.TOOL
    command = command_of(arguments)[:DETAIL_LENGTH]
    kinds = ((_COMMIT, ActionKind.COMMIT), (_CHECK, ActionKind.CHECK), (_DIRTY, ActionKind.DIRTY_CHECK))
    usual = ActionKind.EDIT if "apply_patch" in command else ActionKind.TOOL
    return next((kind for pattern, kind in kinds if pattern.search(command)), usual)


def _detail(arguments: Json) -> str:
    for key in _FILE_KEYS:
        path = text_at(arguments, key)
        if path:
            return path.rstrip("/").rpartition("/")[2]
    command = command_of(arguments)
    if command:
        return command if len(command) <= GIST_COMMAND_LENGTH else command[: GIST_COMMAND_LENGTH - 1] + "…"
    return next((text for key in _PATTERN_KEYS if (text := text_at(arguments, key))), "")[:GIST_COMMAND_LENGTH]
