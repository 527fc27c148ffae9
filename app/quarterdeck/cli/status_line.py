"""`status-line`: how the sessions are, in a few characters and a few milliseconds, for tmux's status line.

tmux runs it every few seconds. So it imports next to nothing, starts no program and asks nobody: it reads what the
console or `watch` keeps.
"""

from __future__ import annotations

import os
import sys

from quarterdeck.cli.address import server_socket
from quarterdeck.core.state_signs import OF_NEED, OF_STATE, STATE_SIGNS
from quarterdeck.errors import QuarterdeckError
from quarterdeck.roots import state_file
from quarterdeck.store.glances import glance, troubles
from quarterdeck.store.lease import holder_of, lease_name, writer_duty

# As `typing` says it, which takes a fifth of the time that there is.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Final

    from quarterdeck.cli.call import Call

COUNTED: Final = ("asks", "limited", "failed", "done", "works", "rests")
"""What is counted, in the order it is shown; what is none of these rests."""
TMUX: Final = "tmux"
WRONG: Final = {TMUX: "hangs", "thoughts": "fail"}
"""What is said of what is not well; of anything else, that it fails."""
UNREADABLE_STATE: Final = "unreadable"

_WITH_VALUE: Final = {"-L": "name", "-S": "path", "--home": "home"}
_FLAGS: Final = {"status-line": "", "--colour": "colour", "--ascii": "ascii"}


def quick(words: Sequence[str]) -> int | None:
    """Run the verb without the parser, which takes as long as all the rest; None when that is needed after all."""
    values: dict[str, str] = {}
    flags: set[str] = set()
    rest = iter(words)
    for word in rest:
        if word in _WITH_VALUE:
            value = next(rest, None)
            if value is None:
                return None
            values[_WITH_VALUE[word]] = value
        elif word in _FLAGS:
            flags.add(_FLAGS[word])
        else:
            return None
    return _print(values.get("name"), values.get("path"), values.get("home"), flags)


def run(call: Call) -> int:
    """Print the line, or with `--json` the counts."""
    options = call.options
    if call.json:
        from quarterdeck.cli.output import print_json

        counts, fresh, wrong = counted(options.socket_name, options.socket_path, options.home)
        print_json({**counts, "fresh": fresh, "trouble": wrong})
        return 0
    flags = {name for name in ("colour", "ascii") if getattr(options, name)}
    return _print(options.socket_name, options.socket_path, options.home, flags)


def _print(name: str | None, path: str | None, home: str | None, flags: set[str]) -> int:
    code = 0
    try:
        counts, fresh, wrong = counted(name, path, home)
        text = line(
            counts, wrong, fresh=fresh, colour="colour" in flags, ascii_only="ascii" in flags or not _has_unicode()
        )
    except (QuarterdeckError, OSError):
        # It stands in the operator's status line for hours: `doctor` says what is wrong, this only that something is.
        text, code = UNREADABLE_STATE, 1
    if text:
        # By its bytes: tmux's jobs often run in a locale that is not the operator's.
        os.write(sys.stdout.fileno(), f"{text}\n".encode())
    return code


def counted(name: str | None, path: str | None, home: str | None) -> tuple[dict[str, int], bool, dict[str, str]]:
    """The sessions of a server by what they do, whether somebody watches them, and what is not well with who does."""
    server = server_socket(name, path)
    kept = state_file(home)
    counts = dict.fromkeys(COUNTED, 0)
    for (state, need), number in glance(kept, server).items():
        shown = OF_NEED.get(need or "") or OF_STATE.get(state)
        counts[shown if shown in COUNTED else "rests"] += number
    fresh = holder_of(lease_name(kept, writer_duty(server))) is not None
    return counts, fresh, troubles(kept, server) if fresh else {}


def line(counts: Mapping[str, int], wrong: Mapping[str, str], *, fresh: bool, colour: bool, ascii_only: bool) -> str:
    """The counts in a few characters; nothing for no sessions.

    A `?` stands behind them when nobody watches, or tmux does not answer who does; what is not well follows.
    """
    parts = []
    for name in COUNTED:
        if counts[name]:
            shown = STATE_SIGNS[name]
            text = f"{shown.plain if ascii_only else shown.sign}{counts[name]}"
            parts.append(f"#[{shown.tmux_style}]{text}#[default]" if colour else text)
    if parts and (not fresh or TMUX in wrong):
        parts[-1] += "?"
    parts += [f"{name} {WRONG.get(name, 'fails')}" for name in wrong]
    return " ".join(parts)


def _has_unicode() -> bool:
    told = os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE") or os.environ.get("LANG") or ""
    return "utf" in told.lower()
