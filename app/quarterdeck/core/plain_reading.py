"""What a pane without a known agent does, by its program, its terminal and its screen, beside what the detector says.

A program that takes single keys (an unknown agent, an interpreter, a far shell) draws, rests and asks in ways of its
own: that it has processes proves no work. Where nothing says more, it only moves or is still, and that is unsure.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.foreground import NO_FRONT, Front, FrontKind
from quarterdeck.core.reading import Reading, cause_of
from quarterdeck.core.reading_ladder import Settled
from quarterdeck.core.session import Need, SessionState
from quarterdeck.core.terminal_prompt import STRONG, PromptKind
from quarterdeck.values import replace

if TYPE_CHECKING:
    from datetime import datetime

    from quarterdeck.core.terminal_prompt import TerminalPrompt

ASKS_AFTER = 1.0
"""Seconds for which words must stand at the cursor before they count as a question, where nothing proves that somebody
waits for an answer."""
MOVES_FOR = 2.0
"""Seconds after its last change for which a screen counts as moving."""
SPINS_FOR = 5.0
"""Seconds for which a title that says that something works is believed while nothing moves."""
SERVES_AFTER = 10.0
"""Seconds of silence after which a program that listens for others counts as one that waits for them."""
SHELL_ENDS = frozenset({"osc133_prompt", "command_failed"})
"""Causes by which the shell itself says that it waits for a command, whatever a list of processes still shows."""
_DEBUGGERS = ("gdb", "lldb", "pdb", "ipdb", "rust-gdb", "dlv", "jdb", "node inspect")


class TerminalMode(StrEnum):
    """How a pane's terminal takes what is typed."""

    LINES = "lines"
    """Whole lines, which it shows: an ordinary command runs, or asks for a line."""
    SECRET = "secret"  # noqa: S105 - the word for a mode
    """Whole lines, which it does not show."""
    KEYS = "keys"
    """Each key as it comes: a shell at its prompt, an interpreter, a full-screen program."""


class Terminal(Struct, frozen=True):
    """What the system says of a pane's terminal. None = it does not say."""

    mode: TerminalMode | None = None
    reads: bool | None = None
    """Whether one of its programs waits right now for something to be typed."""
    listens: bool = False
    """Whether one of them waits for connections."""


class PlainLook(Struct, frozen=True, kw_only=True):
    """All that one look shows of such a pane."""

    detected: Reading
    """What the detector makes of it."""
    now: datetime
    front: Front = NO_FRONT
    terminal: Terminal = Terminal()
    prompt: TerminalPrompt | None = None
    drawn: Reading | None = None
    """What its title or a dialog on its screen says."""
    alternate: bool = False
    progress: str = ""
    bell: bool = False
    """Whether it rang, and nobody has looked since."""
    still_for: float | None = None
    """Seconds since the screen changed; None = not known."""

    @property
    def takes_keys(self) -> bool:
        """Whether the program in front is one that draws a screen, or talks key by key."""
        return self.alternate or self.terminal.mode is TerminalMode.KEYS

    @property
    def is_at_prompt(self) -> bool:
        """Whether what stands at the cursor looks like a prompt for commands."""
        return self.prompt is not None and self.prompt.kind is PromptKind.REPL

    def is_still(self, seconds: float) -> bool:
        """Whether the screen has stood for so long."""
        return self.still_for is not None and self.still_for >= seconds


def read_plain(look: PlainLook) -> Reading:
    """What the pane does."""
    detected = look.detected
    if detected.state is SessionState.EXITED or detected.cause in SHELL_ENDS:
        return detected
    if look.front.kind is FrontKind.SHELL:
        # It takes keys while it waits for a command, and lines while one of its own commands asks.
        builtin = look.terminal.mode in {TerminalMode.LINES, TerminalMode.SECRET} and look.terminal.reads
        return (_waiting(look) if builtin and not look.is_at_prompt else None) or detected
    if look.front.kind is FrontKind.VIEWER:
        return _claim(look, "viewer_in_front", SessionState.IDLE, detail=look.front.name)
    found = _waiting(look)
    if found is not None:
        return found
    if look.takes_keys:
        return _interactive(look)
    return _serving(look) or detected


def settled_at_once(held: Settled | None, new: Reading, now: datetime) -> Settled:
    """Take over a reading; one that says the same again keeps the time of the first."""
    if held is None:
        return Settled(new, now)
    before = held.reading
    is_same = replace(new, at=before.at) == before
    shows_same = (before.state, before.needs, before.question) == (new.state, new.needs, new.question)
    return Settled(before if is_same else new, held.since if shows_same else now)


def next_change(look: PlainLook) -> datetime | None:
    """When the reading may change although nothing is seen; None = not by itself."""
    if look.front.kind is not FrontKind.PROGRAM or look.still_for is None:
        return None
    waits = [ASKS_AFTER] if look.prompt is not None and look.prompt.kind is not PromptKind.LINE else []
    if look.takes_keys:
        waits += [MOVES_FOR, SPINS_FOR]
    waits.append(SERVES_AFTER)
    left = [seconds - look.still_for for seconds in waits if seconds > look.still_for]
    return look.now + timedelta(seconds=min(left)) if left else None


def _waiting(look: PlainLook) -> Reading | None:
    """The question, or the rest, that the line at the cursor shows."""
    prompt, terminal = look.prompt, look.terminal
    if prompt is None or look.front.is_filter or look.alternate:
        return None
    if prompt.kind is PromptKind.REPL or (
        prompt.kind is PromptKind.DEBUGGER and look.front.name.startswith(_DEBUGGERS)
    ):
        waits = terminal.reads or terminal.mode is TerminalMode.KEYS
        return _claim(look, "repl_prompt", SessionState.IDLE, detail=prompt.text) if waits else None
    if not _asks(look, prompt.kind, terminal):
        return None
    return replace(
        _claim(
            look, "prompt_waits", SessionState.ATTENTION, detail=f"{prompt.kind.value} at the cursor: {prompt.text}"
        ),
        needs=Need.QUESTION,
        question=prompt.text,
    )


def _asks(look: PlainLook, kind: PromptKind, terminal: Terminal) -> bool:
    """Whether a program waits for words at the cursor: by what the system says, else by the words and their rest."""
    if terminal.mode is TerminalMode.SECRET:
        return terminal.reads is not False or kind is PromptKind.SECRET
    if kind is PromptKind.LINE:
        return False
    if terminal.reads:
        return True
    if not look.is_still(ASKS_AFTER):
        return False
    if terminal.mode is TerminalMode.KEYS:
        return True  # it has asked for the keys, and the cursor stands behind its question
    return kind in STRONG and terminal.reads is None


def _interactive(look: PlainLook) -> Reading:
    """What a program does that takes single keys, and that we do not know."""
    if look.drawn is not None and not (look.drawn.state is SessionState.BUSY and look.is_still(SPINS_FOR)):
        return look.drawn
    if look.progress in {"normal", "indeterminate"}:
        return _claim(look, "told_progress", SessionState.BUSY, detail=f"OSC 9;4: {look.progress}")
    if look.bell:
        return _claim(look, "bell", SessionState.ATTENTION)
    serving = _serving(look)
    if serving is not None:
        return serving
    if look.is_still(MOVES_FOR) or look.still_for is None:
        return _claim(look, "screen_is_still", SessionState.IDLE, detail=look.front.name)
    return _claim(look, "screen_moves", SessionState.BUSY, detail=look.front.name)


def _serving(look: PlainLook) -> Reading | None:
    """The rest of a program that waits for others to connect, and has been silent."""
    if not look.terminal.listens or not look.is_still(SERVES_AFTER):
        return None
    return _claim(look, "serves", SessionState.IDLE, detail=look.front.name)


def _claim(look: PlainLook, name: str, state: SessionState, detail: str = "") -> Reading:
    cause = cause_of(name)
    return Reading(
        source=cause.source, state=state, cause=name, confidence=cause.confidence, at=look.now, detail=detail
    )
