"""The text of many panes at once, on a way that costs the server no memory that stays.

Up to 3.5a a server never frees what `capture-pane -p` prints to a control client: 2 KB for a full screen, 10 MB a
minute while twenty agents work (freed in 3.6). Which other way costs nothing depends on the version, as measured over
thousands of captures:

- 3.3 and 3.3a: the text goes into a paste buffer, is shown from there, and the buffer is deleted, all in one go. Nobody
  else ever sees it. A spawned tmux would cost 0.06 KB for each screen here.
- 3.4 to 3.5a: a spawned tmux costs nothing that stays. With buffers all other control clients would be told of each,
  and `show-buffer` reads beyond its text when that fills a block of memory exactly (by its source).
- 3.2 and 3.2a: a spawned tmux too, because there each command down the pipe costs 0.03 KB.
"""

from __future__ import annotations

import logging
import re
import secrets
from typing import TYPE_CHECKING, Final

from quarterdeck.core.tmux_versions import tmux_version
from quarterdeck.errors import TmuxUnreachable
from quarterdeck.foreign_files import MEGABYTE
from quarterdeck.tmux import one_call
from quarterdeck.tmux.one_call import ConnectionLost

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from quarterdeck.core.pane import PaneId, ServerAddress
    from quarterdeck.ports.mux import CaptureRequest
    from quarterdeck.tmux.control import ControlClient
    from quarterdeck.tmux.control_protocol import Block
    from quarterdeck.tmux.formats import Command

    Way = Callable[[ControlClient, Sequence[CaptureRequest], float], Awaitable[dict[PaneId, str]]]

logger = logging.getLogger(__name__)

MOST_CAPTURE_LINES: Final = 10_000
"""Lines of history that one capture gives at most."""
MOST_CAPTURE_BYTES: Final = 4 * 1024 * 1024
"""Bytes that one capture gives at most: its last ones."""
MOST_BYTES_AT_ONCE: Final = 8 * MEGABYTE
"""Bytes that one spawned tmux prints at most; when it were more, fewer captures are asked of it."""
CAPTURES_AT_ONCE: Final = 64
"""Captures by one spawned tmux: its command must fit into one 16 KB message (seen on 3.3a)."""

PANE_GONE: Final = "can't find pane"
"""What tmux says of a pane that is gone."""

_ESCAPE: Final = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_MEANINGS: Final = {
    **{b"\\%03o" % byte: bytes([byte]) for byte in range(256)},
    **{b"\\%c" % letter: bytes([byte]) for letter, byte in zip(b"abfnrstv0", b"\a\b\f\n\r \t\v\0", strict=True)},
}
"""What an escape stands for; one that is not here stands for its last character."""


async def capture(
    address: ServerAddress, control: ControlClient | None, requests: Sequence[CaptureRequest], timeout: float
) -> dict[PaneId, str]:
    """The panes' text, in one round trip where there is a control connection; a pane that is gone is missing.

    The text is what tmux holds, not cleaned: without colours it has no control characters but line breaks, with
    colours it has escape sequences too.
    """
    if not requests:
        return {}
    if control is not None and control.linked and (way := way_down_the_pipe(control.version)) is not None:
        try:
            return await way(control, requests, timeout)
        except ConnectionLost as error:
            logger.debug("capturing without the control connection: %s", error.message)
    return await _spawned(address, requests, timeout)


def way_down_the_pipe(version: str) -> Way | None:
    """How captures of a server of this version go over a control connection; None when they should not."""
    found = tmux_version(version)
    if found is None or not found.released:
        # One of OpenBSD's, or of upstream's between two releases: it may be any of them.
        return None
    return _printed if found[:2] >= (3, 6) else _buffered if found[:2] == (3, 3) else None


def command(request: CaptureRequest, buffer: str | None = None) -> Command:
    """The tmux command for one pane's text, which it prints or puts into a buffer."""
    lines = min(request.lines, MOST_CAPTURE_LINES)
    return (
        *("capture-pane", "-t", request.pane_id),
        *(("-p",) if buffer is None else ("-b", buffer)),
        *(("-e",) if request.colours else ()),
        *(("-S", f"-{lines}") if lines > 0 else ()),
    )


async def _printed(control: ControlClient, requests: Sequence[CaptureRequest], timeout: float) -> dict[PaneId, str]:
    blocks = await control.ask([command(request) for request in requests], timeout)
    told = zip(requests, blocks, strict=True)
    return {request.pane_id: shown(block.body) for request, block in told if not _is_gone(request, block)}


async def _buffered(control: ControlClient, requests: Sequence[CaptureRequest], timeout: float) -> dict[PaneId, str]:
    # A name nobody guesses, and each only once: no text can be another pane's.
    name = f"quarterdeck-{secrets.token_hex(8)}"
    # One chain each: tmux runs it in one go, so no other client sees the buffer and no end of ours leaves it behind.
    chains = [
        (command(request, buffer := f"{name}-{number}"), ("show-buffer", "-b", buffer), ("delete-buffer", "-b", buffer))
        for number, request in enumerate(requests)
    ]
    told = zip(requests, await control.ask_chains(chains, timeout), strict=True)
    return {
        request.pane_id: shown(unescaped(answer[1].body).removesuffix(b"\n"))
        for request, answer in told
        if not _is_gone(request, answer[-1])
    }


def _is_gone(request: CaptureRequest, block: Block) -> bool:
    """Whether tmux says that there is no such pane; raises TmuxUnreachable when it refuses for another reason."""
    if block.failed and not block.text.startswith(PANE_GONE):
        raise TmuxUnreachable(f"tmux does not show pane {request.pane_id}: {block.text}")
    return block.failed


def unescaped(body: bytes) -> bytes:
    r"""What a buffer holds, from what `show-buffer` prints of it: ESC is `\033` there, a tab `\t`, `$HOME` `\$HOME`."""
    return _ESCAPE.sub(lambda found: _MEANINGS.get(found[0], found[1]), body)


async def _spawned(address: ServerAddress, requests: Sequence[CaptureRequest], timeout: float) -> dict[PaneId, str]:
    texts: dict[PaneId, str] = {}
    left = list(requests)
    at_once = CAPTURES_AT_ONCE
    while left:
        now = left[:at_once]
        mark = secrets.token_hex(8)
        after = (";", "display-message", "-p", mark, ";")
        argv = [word for request in now for word in (*command(request), *after)][:-1]
        try:
            ran = await one_call.run(address, *argv, timeout=timeout, most=MOST_BYTES_AT_ONCE)
        except one_call.TooMuch:
            if len(now) == 1:
                raise
            at_once = len(now) // 2
            continue
        *bodies, _ = ran.out.split(mark.encode() + b"\n")
        texts |= {request.pane_id: shown(body.removesuffix(b"\n")) for request, body in zip(now, bodies, strict=False)}
        if not ran.exit_code and len(bodies) == len(now):
            left = left[len(now) :]
        elif ran.err.startswith(PANE_GONE):
            # tmux leaves out what follows a failed command, so the rest is asked again.
            left = left[len(bodies) + 1 :]
        else:
            error = one_call.failure(address, ran.err)
            if isinstance(error, one_call.ServerAbsent):
                return texts
            raise TmuxUnreachable(error.message, hint=error.hint)
    return texts


def shown(body: bytes) -> str:
    """What a pane shows, as text of a bounded length."""
    if len(body) > MOST_CAPTURE_BYTES:
        body = body[-MOST_CAPTURE_BYTES:].partition(b"\n")[2]
    return body.decode(errors="replace")
