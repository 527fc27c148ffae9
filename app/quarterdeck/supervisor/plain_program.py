"""What is remembered of a program in front that is no agent we know, and of its terminal."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.detector import reading_of
from quarterdeck.core.foreground import NO_FRONT, Front, FrontKind, command_name, front_of
from quarterdeck.core.plain_reading import SERVES_AFTER, PlainLook, Terminal, TerminalMode, next_change, read_plain
from quarterdeck.core.process_tree import is_shell
from quarterdeck.core.terminal_prompt import STRONG, PromptKind, TerminalPrompt, prompt_at
from quarterdeck.ports.agent import ScreenLook
from quarterdeck.supervisor.terminals import terminal_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from quarterdeck.core.detector import DetectorState
    from quarterdeck.core.pane import Pane
    from quarterdeck.core.process_tree import Process
    from quarterdeck.core.reading import Reading
    from quarterdeck.core.shell_word import ShellWord
    from quarterdeck.ports.agent import Agents

logger = logging.getLogger(__name__)

TERMINALS_TIMEOUT_SECONDS = 0.5
"""For what the system says of terminals: one that does not answer must not hold the look up."""
NOT_BY_ITSELF = float("inf")
_QUESTIONS = STRONG | {PromptKind.WEAK}
_ASKING = _QUESTIONS | {PromptKind.REPL}


class PlainProgram(Struct):
    """One pane's. Times are epoch seconds."""

    front: Front = NO_FRONT
    pids: frozenset[int] = frozenset()
    """All processes of the pane."""
    terminal: Terminal = Terminal()
    prompt: TerminalPrompt | None = None
    drawn: Reading | None = None
    """What its title or a dialog on its screen says, where it takes single keys."""
    word: ShellWord | None = None
    """What the shell said last, where it has our snippet."""
    seen: tuple[object, ...] = ()
    """What its terminal was last asked for."""
    asks_at: float = 0.0
    """From when on its terminal may have something new to say although the screen stays the same."""
    told: int = 0
    """Counts what a row goes by: whoever has seen the same number has seen all of this."""

    def hear(self, word: ShellWord | None) -> None:
        """The shell has said this last."""
        if word is not self.word:
            self.word = word
            self.told += 1

    def note_family(self, family: Sequence[Process]) -> None:
        """Other processes run in the pane now."""
        self.front, self.pids = front_of(family), frozenset(each.pid for each in family)
        self.asks_at = 0.0
        self.told += 1

    @property
    def name(self) -> str:
        """What runs, as one would call it; "" where that is only a shell, or not known."""
        told = self.heard
        return self.front.name or (command_name(told.command.split()) if told is not None and told.runs else "")

    @property
    def heard(self) -> ShellWord | None:
        """The shell's word, while it still speaks for the pane: another one in front of it would say nothing."""
        word = self.word
        if word is None or word.pid not in self.pids:
            return None
        is_another = self.front.kind is FrontKind.SHELL and self.front.pids[-1:] not in {(), (word.pid,)}
        return None if word.runs and is_another else word

    def is_due(self, pane: Pane, screen: str | None, silent_for: float, now: float) -> bool:
        """Whether its terminal should be asked again: something is another, or it has been silent for long enough."""
        waits = SERVES_AFTER - silent_for if self.front.kind is FrontKind.PROGRAM else 0.0
        self.asks_at = now + waits if waits > 0.0 else NOT_BY_ITSELF
        self.told += 1
        if self.front.kind is FrontKind.VIEWER or pane.dead:
            self.terminal, self.prompt, self.drawn, self.seen = Terminal(), None, None, ()
            return False
        is_silent = self.front.kind is FrontKind.PROGRAM and silent_for >= SERVES_AFTER
        seen = (self.front, screen, pane.cursor, pane.title, pane.alternate, is_silent)
        if seen == self.seen:
            return False
        self.seen = seen
        self.prompt = None if pane.in_mode else prompt_at(screen or "", pane.cursor)
        if self.front.kind is FrontKind.SHELL and (self.prompt is None or self.prompt.kind not in _QUESTIONS):
            # It waits for a command, or prints: who has its keyboard makes no difference.
            self.terminal, self.drawn = Terminal(), None
            return False
        return True

    def see(self, terminal: Terminal, pane: Pane, screen: str, agents: Agents, at: datetime) -> None:
        """Take in what the system says, and read the screen anew where the program draws it."""
        self.terminal = terminal
        self.drawn = None
        if self.front.kind is FrontKind.PROGRAM and (pane.alternate or terminal.mode is TerminalMode.KEYS):
            self.drawn = agents.read_stranger(ScreenLook(text=screen, at=at, title=pane.title))

    def read(self, detector: DetectorState, pane: Pane, drawn_at: float, now: datetime) -> Reading:
        """What the pane does; `drawn_at` is when its screen last changed, 0 when that is not known."""
        return read_plain(self._look(detector, pane, drawn_at, now))

    def turns_at(self, detector: DetectorState, pane: Pane, drawn_at: float, now: datetime) -> list[float]:
        """When that may change although nothing is seen, if it may."""
        change = next_change(self._look(detector, pane, drawn_at, now))
        return [] if change is None else [change.timestamp()]

    def _look(self, detector: DetectorState, pane: Pane, drawn_at: float, now: datetime) -> PlainLook:
        # tmux says that a shell has the keyboard again, before a list of processes does.
        is_over = is_shell(pane.command) and self.front.kind is FrontKind.PROGRAM and not self.front.has_shell
        return PlainLook(
            detected=reading_of(detector),
            now=now,
            front=NO_FRONT if is_over else self.front,
            terminal=self.terminal,
            prompt=self.prompt,
            drawn=self.drawn,
            alternate=pane.alternate,
            progress=pane.progress,
            bell=detector.bell and not detector.bell_answered,
            still_for=now.timestamp() - drawn_at if drawn_at else None,
        )


class TerminalQuestion(Struct):
    """One terminal to be asked."""

    program: PlainProgram
    pane: Pane
    screen: str
    is_silent: bool


async def ask_terminals(questions: Sequence[TerminalQuestion], agents: Agents, at: datetime) -> None:
    """Ask the system about these terminals, off the loop; while it does not answer, what is known stays."""
    if not questions:
        return
    try:
        async with asyncio.timeout(TERMINALS_TIMEOUT_SECONDS):
            told = await asyncio.to_thread(_ask, questions)
    except TimeoutError:
        logger.warning("asking terminals took longer than %s s", TERMINALS_TIMEOUT_SECONDS)
        return
    for each, terminal in zip(questions, told, strict=True):
        each.program.see(terminal, each.pane, each.screen, agents, at)


def _ask(questions: Sequence[TerminalQuestion]) -> list[Terminal]:
    return [
        terminal_of(
            each.pane.tty,
            each.program.front.pids,
            asks=each.program.prompt is not None and each.program.prompt.kind in _ASKING,
            is_silent=each.is_silent,
        )
        for each in questions
    ]
