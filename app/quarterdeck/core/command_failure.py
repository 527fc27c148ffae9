"""What a command's last words say of a failure, and its progress where it tells of one. Pure.

Only the end of the output counts: programs print the word "error" for many reasons, and go on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from quarterdeck.core.screen_text import is_prompt, last_line

if TYPE_CHECKING:
    from collections.abc import Sequence

LAST_WORDS = 4
"""Lines at the end of a command's output that say how it ended."""
FAILURE_LENGTH = 200
TRACEBACK_LINES = 80

_LAST = re.compile(
    r"^make(?:\[\d+\])?: \*\*\* |^(?:ninja|bazel|meson): .{0,40}(?:stopped|failed)|^E: "
    r"|^(?:npm|pnpm|yarn) (?:ERR!|error\b)"
    r"|\b(?:command not found|No such file or directory|Permission denied|Segmentation fault|core dumped)\b"
    r"|^(?:\S{1,60}: )?(?:fatal|fatal error): |^panic: |^thread '.{0,80}' panicked at"
    r"|^(?:\x20*│?\s*)?(?:error|Error|ERROR)(?:\[\w+\])?: \S|^error: could not compile"
    r"|^FAIL(?:ED)?\b(?:\s|:|$)|^BUILD FAIL(?:ED|URE)\b|^FAILURE: |^=+ .{0,80}\b\d+ (?:failed|errors?)\b.{0,120}=+$"
    r"|^Tests?:\s+\d+ failed|^Found \d+ errors?\b|: error TS\d+: |^ELIFECYCLE\b|^exit status [1-9]\d*$"
    r"|^test result: FAILED|^\d+ (?:tests?|specs?|examples?),? .{0,40}\b[1-9]\d* fail"
    r"|^(?:Killed|Aborted|Terminated)$|^\S{1,60}: line \d+: .{0,160}$",
)
_TRACEBACK = re.compile(r"^Traceback \(most recent call last\):|^Exception in thread ")
_EXCEPTION = re.compile(r"^(?:[A-Za-z_][\w.]{0,80}(?:Error|Exception|Interrupt|Exit|Warning|Failure|Timeout))\b(?::|$)")
_JS_STACK = re.compile(r"^\s+at .{1,300}(?::\d+:\d+\)?|\(.{0,300}\))$|^Node\.js v\d")
_JS_ERROR = re.compile(r"^(?:Uncaught )?[A-Z]\w{0,60}Error\b.{0,40}: ")
_BENIGN = re.compile(r"\b0 (?:errors?|failed|failures)\b")
_PERCENT = re.compile(r"(?<![\d.])(\d{1,3})(?:\.\d+)?\s?%")
_OF = re.compile(r"(?<![\w./-])(\d{1,7}(?:\.\d+)?)\s?/\s?(\d{1,7}(?:\.\d+)?)(?![\w/-])(?:\s?([kKMGT]i?B)\b)?")


def output_of_last(screen: str, *, is_over: bool = True) -> list[str]:
    """The lines that the last command printed; once it is over the screen ends at the shell's next prompt."""
    prompt = last_line(screen).strip() if is_over else ""
    lines = [line.rstrip() for line in screen.splitlines()]
    while lines and lines[-1].strip() in {"", prompt}:
        lines.pop()
    start = 0
    for at in range(len(lines) - 1, -1, -1):
        if _is_command_line(lines[at], prompt):
            start = at + 1
            break
    return [line for line in lines[start:] if line.strip()]


def _is_command_line(line: str, prompt: str) -> bool:
    """Whether somebody typed this line at a prompt."""
    words = line.strip()
    if prompt and words.startswith(prompt) and is_prompt(prompt):
        return True
    head = re.match(r"(.{0,80}?[$%#❯➜λ])(?:\s+\S.*)?$", words)
    return head is not None and (is_prompt(head[1]) or head[1][-1] in "❯➜λ")


def failure_in(output: Sequence[str]) -> str | None:
    """The line that says how a command failed, if its last words do; None when they do not."""
    lines = [line.strip() for line in output[-LAST_WORDS:]]
    for line in reversed(lines):
        if _LAST.search(line) and not _BENIGN.search(line):
            return line[:FAILURE_LENGTH]
    found = _last_exception(output)
    return found[:FAILURE_LENGTH] if found else None


def last_error_line(output: Sequence[str]) -> str:
    """The line to show of a command that is known to have failed: what says why, else its last words."""
    told = failure_in(output)
    if told:
        return told
    wide = next((line.strip() for line in reversed(output[-40:]) if _LAST.search(line.strip())), "")
    fallback = next((line.strip() for line in reversed(output) if sum(map(str.isalnum, line)) >= 3), "")
    return (wide or fallback)[:FAILURE_LENGTH]


def _last_exception(output: Sequence[str]) -> str:
    """The exception that ends a stack of calls, where the output ends with one."""
    if not output:
        return ""
    last = output[-1].strip()
    if _EXCEPTION.match(last) and any(_TRACEBACK.match(line.strip()) for line in output[-TRACEBACK_LINES:]):
        return last
    if _JS_STACK.match(output[-1]):
        return next((line.strip() for line in reversed(output[-40:]) if _JS_ERROR.match(line.strip())), "")
    return ""


def progress_in(line: str) -> str:
    """How far a program is by its own words: `45 %`, `12/30`; "" where a line says nothing of it."""
    percents = _PERCENT.findall(line)
    if percents and int(percents[-1]) <= 100:
        return f"{int(percents[-1])} %"
    for done, of, unit in reversed(_OF.findall(line)):
        if float(of) > 0 and float(done) <= float(of):
            return f"{done}/{of}" + (f" {unit}" if unit else "")
    return ""
