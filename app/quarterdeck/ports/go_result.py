"""What comes of going to a pane, which depends on where the operator's terminal is."""

from __future__ import annotations

from quarterdeck.values import value


@value
class Switched:
    """The operator's terminal shows the pane now."""

    closes: bool = False
    """The console was in a popup, which closes when it exits."""


@value
class Attach:
    """The console is outside tmux: it steps aside while this runs."""

    argv: tuple[str, ...]


@value
class TypeThis:
    """We cannot take the operator there; this command does."""

    command: str
    why: str


GoResult = Switched | Attach | TypeThis
