"""Commands as lines for a control client, and their answers when these can be trusted."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from quarterdeck.tmux.control_connection import ConnectionLost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.tmux.control import ControlClient
    from quarterdeck.tmux.control_protocol import Block


async def ask(control: ControlClient, commands: Sequence[Sequence[str]], timeout: float) -> list[Block]:
    """Send commands in one write and give one answer for each; raises ConnectionLost when that did not do."""
    return [block for (block,) in await ask_chains(control, [(command,) for command in commands], timeout)]


async def ask_chains(
    control: ControlClient, chains: Sequence[Sequence[Sequence[str]]], timeout: float
) -> list[list[Block]]:
    """Send chains of commands and give the answers of each: tmux runs a chain in one go, up to what fails in it.

    tmux does not escape what it prints into an answer (3.3a), so a pane can show lines that end its own answer and
    begin a false one. Two things give that away: a guard inside a body, and a last answer that is not the random word
    we asked for.
    """
    word = secrets.token_hex(8)
    lines = [[line(command) for command in chain] for chain in chains]
    *answers, (last,) = await control.ask([*lines, [f"display-message -p {word}"]], timeout)
    if last.lines != (word.encode(),):
        control.distrust()
        raise ConnectionLost("a pane shows text that put tmux's answers out of step")
    if any(block.doubtful for answer in answers for block in answer):
        raise ConnectionLost("a pane shows text that looks like tmux's own protocol")
    return answers


def line(command: Sequence[str]) -> str:
    """One command as a line that tmux reads back as exactly these words."""
    return " ".join(map(quote, command))


def quote(word: str) -> str:
    """A word in single quotes, in which tmux expands nothing. A line break would end the line, so it is refused."""
    if "\n" in word or "\r" in word or "\0" in word:
        raise ValueError("a control-mode command is one line")
    return "'" + word.replace("'", "'\\''") + "'"
