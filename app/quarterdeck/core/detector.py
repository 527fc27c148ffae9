"""The state of a session without help from its program: a pure machine over looks, screens, process facts and time.

It sees no byte stream. A look gives process facts, a capture gives the screen as it stands, and what is new on it
stands for the output in between. Within one step the process has the last word, so a program that prints something
like a prompt does not flicker.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.command_failure import failure_in, last_error_line, output_of_last
from quarterdeck.core.reading import Reading, cause_of
from quarterdeck.core.screen_text import ends_at_prompt, error_in, is_meaningful, last_line, new_lines
from quarterdeck.core.session import Confidence, Need, SessionState, Source
from quarterdeck.core.shell_word import has_failed
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.core.shell_word import ShellWord

ERROR_LINGER = 4.0
"""Seconds for which an error is shown when no prompt ends it."""
ATTENTION_DELAY = 300.0
"""Seconds after work ended that nobody looked."""
OUTPUT_IDLE = 5.0
"""Seconds of silence after which an agent counts as resting."""
CHILDLESS_FOR = 1.0
"""Seconds for which a shell away from its prompt must be seen with nothing below it: between two short commands of a
loop there is nothing for a moment."""

_RESTING = frozenset({SessionState.IDLE, SessionState.ATTENTION})
FAILURES = frozenset({"command_failed", "output_failed"})
"""Causes of an error that stands until somebody looks, or something else runs."""


class Observation(Struct, frozen=True, kw_only=True):
    """What was seen this time. None = not looked at, so nothing about it changed."""

    command: str | None = None
    """Foreground command."""
    has_children: bool | None = None
    """Whether something runs in the pane's shell. None also when the process list is not fresh."""
    dead: bool = False
    exit_status: int | None = None
    bell: bool | None = None
    """Whether the window rang and was not visited since."""
    screen: str | None = None
    """The visible screen, cleaned."""
    width: int = 0
    """Columns of that screen."""
    shell: ShellWord | None = None
    """The last word of the shell in the pane; None where it says nothing, or something else has the keyboard."""
    tool_mode: bool | None = None
    """Whether a known agent runs there: its process lives on while it waits, so it proves nothing."""


class DetectorState(Struct, frozen=True, kw_only=True):
    """All that is remembered between two steps. Times are epoch seconds."""

    state: SessionState = SessionState.IDLE
    cause: str = "initial_state"
    detail: str = ""
    at: float = 0.0
    """When this state was first seen for this cause."""
    last_activity: float = 0.0
    """When something meaningful was last printed."""
    command: str = ""
    tool_mode: bool = False
    bell: bool = False
    bell_answered: bool = False
    screen: str | None = None
    width: int = 0
    error_until: float | None = None
    silent_at: float | None = None
    attention_at: float | None = None
    shell_at: float = 0.0
    """When the shell said what was taken in last."""
    childless_since: float | None = None
    """Since when nothing was seen below the shell, and it only changed its last line, as typing does."""


def step(state: DetectorState, seen: Observation, now: float) -> DetectorState:
    """Take in one observation. An exited session stays exited; repeating what was seen changes nothing."""
    state = _expire(state, now)
    return state if state.state is SessionState.EXITED else _observe(state, seen, now)


def dismiss(state: DetectorState, now: float) -> DetectorState:
    """The operator looked: what only wanted that ends, and does not come back for the same work."""
    state = _expire(state, now)
    if state.state is not SessionState.ATTENTION and state.attention_at is None and state.cause not in FAILURES:
        return state
    shows = state.state is SessionState.ATTENTION or state.cause in FAILURES
    state = replace(state, attention_at=None, bell_answered=state.bell)
    return _enter(state, SessionState.IDLE, "dismiss_attention", now) if shows else state


def next_deadline(state: DetectorState) -> float | None:
    """When the state will change by itself, if nothing is seen before."""
    return min((due for due, *_ in _due(state)), default=None)


def reading_of(state: DetectorState) -> Reading:
    """The state as a claim. What an agent's output alone shows stands on the lowest rung: it only moves or is still."""
    cause = cause_of(state.cause)
    # That an agent's process lives, and that its shell waits for it, proves no work of its own.
    lives = state.tool_mode and state.state is SessionState.BUSY and cause.source is Source.PROCESS
    draws = state.tool_mode and cause.source is Source.SCREEN
    return Reading(
        source=Source.SILENCE if draws or lives else cause.source,
        state=state.state,
        cause=state.cause,
        confidence=Confidence.LOW if lives else cause.confidence,
        at=datetime.fromtimestamp(state.at, UTC),
        detail=state.detail,
        needs=Need.ERROR if state.cause in FAILURES else None,
    )


def _due(state: DetectorState) -> list[tuple[float, SessionState, str]]:
    """When each timer that runs ends, and the state and its cause that then begin."""
    timers = (
        (state.error_until, SessionState.IDLE, "error_timer_expired"),
        (state.silent_at, SessionState.IDLE, "output_silence_expired"),
        (state.attention_at, SessionState.ATTENTION, "attention_timer_expired"),
    )
    return [(due, to, cause) for due, to, cause in timers if due is not None]


def _expire(state: DetectorState, now: float) -> DetectorState:
    """Fire what is due, each at its own time, so that it does not matter how often somebody looks."""
    while due := [timer for timer in _due(state) if timer[0] <= now]:
        time, to, cause = min(due)
        state = _settle(state, _read_bell(_enter(state, to, cause, time), time), time)
    return state


def _enter(state: DetectorState, to: SessionState, cause: str, now: float, detail: str = "") -> DetectorState:
    """The state with another state and cause; the same two are no news and keep their time."""
    if (state.state, state.cause) == (to, cause):
        return state
    return replace(state, state=to, cause=cause, at=now, detail=detail)


def _observe(state: DetectorState, seen: Observation, now: float) -> DetectorState:
    """One observation, rule after rule, then the timers by what changed in the end."""
    before = state
    fresh: list[str] = []
    # Another width rewraps every line, which is no output.
    if seen.screen is not None and state.screen is not None and seen.width in {0, state.width}:
        fresh = new_lines(state.screen, seen.screen)
    after = replace(
        state,
        command=state.command if seen.command is None else seen.command,
        tool_mode=state.tool_mode if seen.tool_mode is None else seen.tool_mode,
        bell=state.bell if seen.bell is None else seen.bell,
        bell_answered=state.bell_answered and seen.bell is not False,
        screen=state.screen if seen.screen is None else seen.screen,
        width=seen.width or state.width,
    )
    if seen.dead:
        status = "" if seen.exit_status is None else f"status {seen.exit_status}"
        return _settle(before, _enter(after, SessionState.EXITED, "process_exit", now, status), now)
    after = replace(after, childless_since=_childless_since(after, seen, fresh, now))
    if seen.shell is not None and not after.tool_mode:
        after = _read_shell(after, seen.shell, now)
    else:
        after = _read_process(_read_screen(after, fresh, now), seen.has_children, now)
        after = _read_end(before, after, fresh, now)
    after = _read_bell(after, now)
    if (after.state, after.cause, after.shell_at) == (before.state, before.cause, before.shell_at):
        # Back where it was after a detour: the evidence is the old one, unless another command runs now.
        restart = after.state is SessionState.BUSY and after.command != before.command
        detail = after.detail if after.cause == "command_failed" else before.detail
        after = replace(after, at=now if restart else before.at, detail=detail)
    return _settle(before, after, now, fresh)


def _settle(before: DetectorState, after: DetectorState, now: float, fresh: Sequence[str] = ()) -> DetectorState:
    """Start and stop the timers by what changed, and by the lines that are new."""
    is_busy, is_idle = after.state is SessionState.BUSY, after.state is SessionState.IDLE
    error_until = after.error_until if after.state is SessionState.ERROR else None
    silent_at = attention_at = None
    if is_busy and after.tool_mode:
        armed = before.silent_at is not None and not fresh
        silent_at = before.silent_at if armed else now + OUTPUT_IDLE
    if is_idle:
        attention_at = now + ATTENTION_DELAY if before.state is SessionState.BUSY else after.attention_at
    worked = fresh and is_idle and before.state is not SessionState.IDLE
    is_active = worked or any(map(is_meaningful, fresh))
    return replace(
        after,
        error_until=error_until,
        silent_at=silent_at,
        attention_at=attention_at,
        last_activity=max(now, after.last_activity) if is_active else after.last_activity,
    )


def _read_screen(state: DetectorState, fresh: list[str], now: float) -> DetectorState:
    """Errors, prompts, and output that is neither."""
    if state.screen is None or not (fresh or state.cause == "initial_state"):
        return state
    words = next((words for line in fresh if (words := error_in(line))), None)
    if words is not None:
        return replace(_enter(state, SessionState.ERROR, "error_pattern", now, words), error_until=now + ERROR_LINGER)
    at_prompt = ends_at_prompt(state.screen)
    if fresh and state.state in _RESTING and not at_prompt:
        return _enter(state, SessionState.BUSY, "fallback_non_prompt_output", now)
    if at_prompt and (state.state is not SessionState.IDLE or state.cause == "initial_state"):
        return _enter(state, SessionState.IDLE, "fallback_prompt_detected", now, last_line(state.screen))
    return state


def _read_shell(state: DetectorState, word: ShellWord, now: float) -> DetectorState:
    """What the shell itself says, once for each of its words: nothing knows better what runs there and how it ended."""
    if word.at == state.shell_at:
        # tmux may show the command's last words only after its shell has told of its end.
        is_bare = state.cause == "command_failed" and state.detail == _ended(word, "")
        return replace(state, detail=_ended(word, state.screen or "")) if is_bare else state
    is_news = word.at >= state.at or state.state is SessionState.BUSY
    state = replace(state, shell_at=word.at)
    if not is_news:
        return state  # it was said before what is known by now
    if word.runs:
        return replace(state, state=SessionState.BUSY, cause="osc133_command", at=now, detail=word.command)
    if not has_failed(word.status, word.command):
        return replace(state, state=SessionState.IDLE, cause="osc133_prompt", at=now, detail="")
    told = _ended(word, state.screen or "")
    return replace(state, state=SessionState.ERROR, cause="command_failed", at=now, detail=told)


def _ended(word: ShellWord, screen: str) -> str:
    """How a command ended, with its last words."""
    words = last_error_line(output_of_last(screen, is_over=ends_at_prompt(screen)))
    return f"{words} (status {word.status})" if words else f"status {word.status}"


def _read_end(before: DetectorState, after: DetectorState, fresh: list[str], now: float) -> DetectorState:
    """A command that has just ended with words of a failure, though nothing tells its exit status."""
    if after.tool_mode or after.screen is None or after.state is not SessionState.IDLE:
        return after
    ran_by = bool(fresh) and before.state is not SessionState.BUSY and before.cause != "initial_state"
    if before.state is not SessionState.BUSY and not ran_by:
        return after
    output = output_of_last(after.screen)
    if ran_by:
        # It began and ended between two looks: only what is new can be its words.
        output = [line for line in output if line in fresh]
    words = failure_in(output)
    return after if words is None else _enter(after, SessionState.ERROR, "output_failed", now, words)


def _childless_since(state: DetectorState, seen: Observation, fresh: list[str], now: float) -> float | None:
    """Since when nothing runs below the shell; whole new lines say that something just did."""
    if seen.has_children is None:
        return state.childless_since
    if seen.has_children:
        return None
    printed = state.screen is not None and any(line != last_line(state.screen) for line in fresh)
    return now if printed or state.childless_since is None else state.childless_since


def is_doubtful(state: DetectorState, now: float) -> bool:
    """Whether a shell that has nothing below it right now may be between two commands of a loop."""
    since = state.childless_since
    if since is None or state.screen is None or state.state is not SessionState.BUSY:
        return False
    return now - since < CHILDLESS_FOR and not ends_at_prompt(state.screen)


def _read_process(state: DetectorState, has_children: bool | None, now: float) -> DetectorState:
    """What the process list proves; it never speaks against an error."""
    if has_children is None or (state.state is SessionState.ERROR and state.cause not in FAILURES):
        return state
    if not has_children:
        told = state.state is SessionState.BUSY or state.cause == "initial_state"
        if not told or is_doubtful(state, now):
            return state
        return _enter(state, SessionState.IDLE, "liveness_no_children", now)
    sure = state.state is SessionState.BUSY and cause_of(state.cause).confidence is Confidence.HIGH
    if state.tool_mode or sure:
        return state
    return _enter(state, SessionState.BUSY, "liveness_has_children", now)


def _read_bell(state: DetectorState, now: float) -> DetectorState:
    """A bell that nobody has answered calls for attention once nothing runs; an agent's own bell is its own affair."""
    if state.tool_mode:
        return state
    if state.bell and not state.bell_answered and state.state is SessionState.IDLE:
        return _enter(state, SessionState.ATTENTION, "bell", now)
    if not state.bell and state.cause == "bell":
        return _enter(state, SessionState.IDLE, "dismiss_attention", now)
    return state
