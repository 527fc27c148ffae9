"""Commands as lines for a control client, and their answers when these can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.tmux.link import LinkLost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.tmux.control import ControlClient
    from quarterdeck.tmux.parser import Block


class Doubtful(LinkLost):
    """An answer held lines in the protocol's own shape, so it may have been forged by what a pane shows."""


async def ask(control: ControlClient, commands: Sequence[Sequence[str]], timeout: float) -> list[Block]:
    """Send commands in one write and give one answer for each; raises LinkLost when another way must be taken."""
    blocks = await control.ask([line(command) for command in commands], timeout)
    if any(block.doubtful for block in blocks):
        raise Doubtful("a pane shows text that looks like tmux's own protocol")
    return blocks


def line(command: Sequence[str]) -> str:
    """One command as a line that tmux reads back as exactly these words."""
    return " ".join(map(quote, command))


def quote(word: str) -> str:
    """A word in single quotes, in which tmux expands nothing. A line break would end the line, so it is refused."""
    if "\n" in word or "\r" in word or "\0" in word:
        raise ValueError("a control-mode command is one line")
    return "'" + word.replace("'", "'\\''") + "'"
