"""What comes of going to a pane, which depends on where the operator's terminal is."""

from __future__ import annotations

from msgspec import Struct


class Switched(Struct, frozen=True):
    """The operator's terminal shows the pane now."""

    closes: bool = False
    """The console was in a popup, which closes when it exits."""


class Attach(Struct, frozen=True):
    """The console is outside tmux: it steps aside while this runs."""

    argv: tuple[str, ...]


class TypeThis(Struct, frozen=True):
    """We cannot take the operator there; this command does."""

    command: str
    why: str


GoResult = Switched | Attach | TypeThis
