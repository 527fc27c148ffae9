"""Telling the operator that a session needs them: which channels, when, and in what words."""

from __future__ import annotations

from datetime import time
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct, field

from quarterdeck.core.row_name import name_below_session, row_name
from quarterdeck.core.session import Need
from quarterdeck.core.text import clean, cut
from quarterdeck.core.thought import tidy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quarterdeck.core.session import Session, SessionId

NAME_LENGTH = 40
NAMED = 4
"""Sessions named in one message; of the others only the number is said."""


class Channel(StrEnum):
    """A way to tell."""

    TOAST = "toast"
    BELL = "bell"
    DESKTOP = "desktop"
    COMMAND = "command"


class NoticeRules(Struct, frozen=True, kw_only=True):
    """What the operator set."""

    channels: Mapping[Need, tuple[Channel, ...]] = field(default_factory=dict)
    quiet_hours: str = ""
    """`22:00-07:30`, in local time; "" = none."""
    together: float
    """Seconds in which needs that begin are told as one."""


class Notice(Struct, frozen=True, kw_only=True):
    """One session that began to need the operator."""

    session_id: SessionId
    name: str
    need: Need
    words: str = ""
    """What it asks or says."""


class Message(Struct, frozen=True, kw_only=True):
    """What is told, safe to show anywhere text may stand."""

    title: str
    body: str
    notices: tuple[Notice, ...] = ()


_WANTS = {
    Need.PERMISSION: "asks for permission",
    Need.QUESTION: "has a question",
    Need.FINISHED: "has finished",
    Need.ERROR: "met an error",
}


def need_key(session: Session) -> tuple[Need, str] | None:
    """What a session needs, so that the same need is told once; None when nothing."""
    if session.needs is None:
        return None
    return session.needs, session.asks.text if session.asks else ""


def notice_of(session: Session, need: Need) -> Notice:
    """A session's need in words."""
    asked = session.asks.text.splitlines() if session.asks else []
    question = next((line for line in reversed(asked) if line.strip().endswith("?")), asked[0] if asked else "")
    is_told = session.thought is not None and (session.asks is None or session.thought.startswith(("waiting", "asks")))
    return Notice(
        session_id=session.session_id,
        name=cut(clean(row_name(session)), NAME_LENGTH),
        need=need,
        words=tidy((session.thought or "") if is_told else question),
    )


def message_of(notices: Sequence[Notice]) -> Message:
    """One message for all of them."""
    if len(notices) == 1:
        only = notices[0]
        return Message(title=f"{only.name} {_WANTS[only.need]}", body=only.words, notices=(only,))
    lines = [f"{each.name} {_WANTS[each.need]}" for each in notices[:NAMED]]
    left = len(notices) - NAMED
    body = "\n".join([*lines, f"and {left} more"] if left > 0 else lines)
    return Message(title=f"{len(notices)} sessions need you", body=body, notices=tuple(notices))


def end_message(ended: Sequence[Session]) -> Message:
    """That a tmux session has ended, and which of its rows went with it."""
    names: list[str] = [cut(clean(name_below_session(session)), NAME_LENGTH) for session in ended[:NAMED]]
    names += [f"{len(ended) - NAMED} more"] if len(ended) > NAMED else []
    title = f"{cut(clean(ended[0].tmux_name), NAME_LENGTH)} ended"
    return Message(title=title, body=f"{', '.join(names[:-1])} and {names[-1]} went with it")


def is_quiet(hours: str, now: time) -> bool:
    """Whether this time of day is within the quiet hours; those that begin in the evening end in the morning."""
    if not hours:
        return False
    start, end = (time.fromisoformat(each) for each in hours.split("-"))
    now = now.replace(tzinfo=None)
    return start <= now < end if start <= end else now >= start or now < end


def channels_for(rules: NoticeRules, need: Need, *, quiet: bool) -> tuple[Channel, ...]:
    """How a need is told now; in quiet hours only where nobody is woken."""
    wanted = rules.channels.get(need, ())
    return tuple(each for each in wanted if each is Channel.TOAST) if quiet else wanted


def terminal_sequence(message: Message, *, in_tmux: bool, is_iterm: bool = False) -> str:
    """The control sequence by which a terminal shows a message of its own; through tmux it needs allow-passthrough."""
    title, body = (clean(part.replace("\n", ", ")).replace(";", ",") for part in (message.title, message.body))
    words = f"9;{title}: {body}" if is_iterm else f"777;notify;{title};{body}"
    sequence = f"\x1b]{words}\x07"
    return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\" if in_tmux else sequence
