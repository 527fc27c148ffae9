"""What the console asks of the outside, and what it is answered. Apart, for the first frame needs none of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.values import value

if TYPE_CHECKING:
    from quarterdeck.core.ids import SessionId


@value
class Switched:
    """The operator's terminal shows the pane now."""

    closes: bool = False
    """The console was in a popup, which closes when it exits."""


@value
class Attach:
    """The console is outside tmux: it steps aside while `Backend.attach` runs."""

    argv: tuple[str, ...]


@value
class TypeThis:
    """We cannot take the operator there; this command does."""

    command: str
    why: str


GoResult = Switched | Attach | TypeThis


@value(kw_only=True)
class NewRequest:
    """Sessions to be made: one in each directory."""

    directories: tuple[str, ...]
    name: str | None = None
    tool: str | None = None
    request: str = ""


@value(kw_only=True)
class SpawnRequest:
    """A worker to be started in its own worktree."""

    project: str
    issue: str | None = None
    prompt: str = ""
    agent: str | None = None
    branch: str | None = None


@value(kw_only=True)
class Loss:
    """What ending one session would lose, as sentences; none when nothing would be."""

    session_id: SessionId
    sentences: tuple[str, ...] = ()


@value(kw_only=True)
class Delivery:
    """What became of a message to one session."""

    session_id: SessionId
    outcome: str
    """`delivered`, `queued` or `unconfirmed`; `not sent` when the session could take none."""
    detail: str = ""
