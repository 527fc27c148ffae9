"""The text of many panes at once."""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING, Final

from quarterdeck.errors import TmuxUnreachable
from quarterdeck.tmux import pipe, spawn
from quarterdeck.tmux.link import LinkLost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.core.ids import PaneId
    from quarterdeck.core.pane import ServerAddress
    from quarterdeck.ports.mux import CaptureRequest
    from quarterdeck.tmux.control import ControlClient
    from quarterdeck.tmux.formats import Command

logger = logging.getLogger(__name__)

MOST_LINES: Final = 10_000
"""Lines of history that one capture gives at most."""
MOST_BYTES: Final = 4 * 1024 * 1024
"""Bytes that one capture gives at most: its last ones."""
AT_ONCE: Final = 64
"""Captures by one spawned tmux: its command must fit into one 16 KB message (seen on 3.3a)."""

GONE: Final = "can't find pane"
"""What tmux says of a pane that is gone."""


async def capture(
    address: ServerAddress,
    control: ControlClient | None,
    requests: Sequence[CaptureRequest],
    timeout: float = spawn.TIMEOUT,
) -> dict[PaneId, str]:
    """The panes' text, in one round trip where there is a control connection; a pane that is gone is missing.

    The text is what tmux holds, not cleaned: without colours it has no control characters but line breaks, with
    colours it has escape sequences too.
    """
    if not requests:
        return {}
    if control is not None and control.linked:
        try:
            return await _down_the_pipe(control, requests, timeout)
        except LinkLost as error:
            logger.debug("capturing without the control connection: %s", error.message)
    return await _spawned(address, requests, timeout)


def command(request: CaptureRequest) -> Command:
    """The tmux command for one pane's text."""
    lines = min(request.lines, MOST_LINES)
    return (
        *("capture-pane", "-p", "-t", request.pane_id),
        *(("-e",) if request.colours else ()),
        *(("-J",) if request.join_wrapped else ()),
        *(("-S", f"-{lines}") if lines > 0 else ()),
    )


async def _down_the_pipe(
    control: ControlClient, requests: Sequence[CaptureRequest], timeout: float
) -> dict[PaneId, str]:
    blocks = await pipe.ask(control, [command(request) for request in requests], timeout)
    texts: dict[PaneId, str] = {}
    for request, block in zip(requests, blocks, strict=True):
        if not block.failed:
            texts[request.pane_id] = shown(block.body)
        elif not block.text.startswith(GONE):
            raise TmuxUnreachable(f"tmux does not show pane {request.pane_id}: {block.text}")
    return texts


async def _spawned(address: ServerAddress, requests: Sequence[CaptureRequest], timeout: float) -> dict[PaneId, str]:
    texts: dict[PaneId, str] = {}
    left = list(requests)
    while left:
        now = left[:AT_ONCE]
        mark = secrets.token_hex(8)
        after = (";", "display-message", "-p", mark, ";")
        argv = [word for request in now for word in (*command(request), *after)][:-1]
        ran = await spawn.run(address, *argv, timeout=timeout)
        *bodies, _ = ran.out.split(mark.encode() + b"\n")
        texts |= {request.pane_id: shown(body.removesuffix(b"\n")) for request, body in zip(now, bodies, strict=False)}
        if not ran.exit_code and len(bodies) == len(now):
            left = left[len(now) :]
        elif ran.err.startswith(GONE):
            # tmux leaves out what follows a failed command, so the rest is asked again.
            left = left[len(bodies) + 1 :]
        else:
            error = spawn.failure(address, ran.err)
            if isinstance(error, spawn.ServerAbsent):
                return texts
            raise TmuxUnreachable(error.message, hint=error.hint)
    return texts


def shown(body: bytes) -> str:
    """What a pane shows, as text of a bounded length."""
    if len(body) > MOST_BYTES:
        body = body[-MOST_BYTES:].partition(b"\n")[2]
    return body.decode(errors="replace")
