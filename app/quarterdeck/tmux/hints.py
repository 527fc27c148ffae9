"""Hints that something may have changed: from the kernel, from tmux, and from a poll where these are silent."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from quarterdeck import inotify
from quarterdeck.core.pane import PaneId
from quarterdeck.ports.mux import Hint, HintKind
from quarterdeck.tmux.kernel_watch import ExitPoll, ExitWatch, OutputWatch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from quarterdeck.core.pane import Pane

logger = logging.getLogger(__name__)

HINTS_CAPACITY: Final = 4096
"""Different hints kept for a reader who is busy: eight for each of 500 panes."""

NOTICES: Final = {
    # What tmux 3.2 to 3.7 tells a control client; of sessions it is not attached to it says `unlinked-`.
    **dict.fromkeys(
        (
            *("sessions-changed", "session-renamed", "session-changed", "session-window-changed"),
            *("client-session-changed", "client-detached", "layout-change", "pane-mode-changed"),
            *("window-add", "window-close", "window-renamed", "window-pane-changed"),
            *("unlinked-window-add", "unlinked-window-close", "unlinked-window-renamed"),
        ),
        HintKind.STRUCTURE,
    ),
    "exit": HintKind.SERVER,
}


class HintStream:
    """Hints in the order they came first, for one reader."""

    def __init__(self, capacity: int = HINTS_CAPACITY) -> None:
        self._capacity = capacity
        self._waiting: dict[tuple[HintKind, PaneId | None], Hint] = {}
        self._ready = asyncio.Event()
        self._closed = False
        self.dropped = 0
        """Hints that did not fit; a resync look makes them good."""

    def put(self, hint: Hint) -> None:
        """Add a hint. When full, an output hint gives way to any other kind."""
        if self._closed:
            return
        key = (hint.kind, hint.pane_id)
        known = self._waiting.get(key)
        if known is not None:
            if known.exit_status is None:
                self._waiting[key] = hint
            return
        if len(self._waiting) >= self._capacity:
            self.dropped += 1
            weakest = next((kind for kind in self._waiting if kind[0] is HintKind.OUTPUT), None)
            if hint.kind is HintKind.OUTPUT or weakest is None:
                return
            del self._waiting[weakest]
        self._waiting[key] = hint
        self._ready.set()

    async def __aiter__(self) -> AsyncIterator[Hint]:
        """Hints until the stream is closed and empty."""
        while True:
            while self._waiting:
                yield self._waiting.pop(next(iter(self._waiting)))
            if self._closed:
                return
            self._ready.clear()
            await self._ready.wait()

    def close(self) -> None:
        """End the stream once its reader has had what is in it."""
        self._closed = True
        self._ready.set()


class Hints:
    """One stream of hints about the watched panes. Needs a running event loop; starts no thread.

    An exit hint comes before tmux itself knows of the exit. Where the pane closes, a structure hint follows when tmux
    does; where it stays (`remain-on-exit`) tmux says nothing, so whoever reads must look again a little later.
    """

    def __init__(
        self,
        *,
        use_pidfd: bool = True,
        use_inotify: bool = True,
        use_notices: bool = True,
        capacity: int = HINTS_CAPACITY,
        poll_every: float,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._stream = HintStream(capacity)
        self._exits = ExitWatch(self._loop, self._exited) if use_pidfd and ExitWatch.works() else None
        self._outputs = OutputWatch(self._loop, self._wrote) if use_inotify and inotify.works() else None
        self._notices = use_notices
        self._exit_poll = ExitPoll()
        self._poll_every = poll_every
        self._polling: asyncio.TimerHandle | None = None
        self._polls_exits = self._polls_output = False
        self._closed = False
        logger.info("hints: %s", self.sources, extra=self.sources)
        self._poll_if_needed()

    @property
    def sources(self) -> dict[str, str]:
        """Where each kind of hint comes from."""
        return {
            "exit": "pidfd" if self._exits is not None else "poll",
            "output": "inotify" if self._outputs is not None else "poll",
            "structure": "notices" if self._notices else "poll",
        }

    @property
    def dropped(self) -> int:
        """Hints that did not fit into the stream."""
        return self._stream.dropped

    def watch(self, panes: Collection[Pane]) -> None:
        """Watch exactly these panes, with the process and terminal they have now."""
        if self._closed:
            return
        living = {pane.pane_id: pane for pane in panes if not pane.dead and pane.pid > 0}
        unwatched = set(living)
        if self._exits is not None:
            self._exits.watch(living)
            unwatched = set(self._exits.missed)
        self._exit_poll.watch([living[pane_id] for pane_id in unwatched])
        self._polls_exits = bool(unwatched)
        if self._outputs is not None:
            self._outputs.watch(living)
            self._polls_output = bool(self._outputs.missed)
        else:
            self._polls_output = bool(living)
        self._poll_if_needed()

    def notice(self, name: str, args: str) -> None:
        """Take a notification of a control client: its name without the `%`, and the rest of its line."""
        if name in NOTICES:
            pane_id = PaneId(args.split(" ", 1)[0]) if name == "pane-mode-changed" else None
            self._stream.put(Hint(NOTICES[name], pane_id))

    def use_notices(self, *, available: bool) -> None:
        """Poll for structure while no control client can tell of it."""
        if available != self._notices:
            self._notices = available
            self._stream.put(Hint(HintKind.SERVER))
            self._poll_if_needed()

    def stream(self) -> AsyncIterator[Hint]:
        """The hints, for one reader, until closed."""
        return aiter(self._stream)

    def _exited(self, pane_id: PaneId, status: int | None) -> None:
        # Its terminal's number may be the next new pane's.
        if self._outputs is not None:
            self._outputs.drop(pane_id)
        self._stream.put(Hint(HintKind.EXIT, pane_id, status))

    def _wrote(self, pane_id: PaneId | None) -> None:
        self._stream.put(Hint(HintKind.OUTPUT, pane_id))

    def _poll_if_needed(self) -> None:
        needed = not self._closed and (self._polls_exits or self._polls_output or not self._notices)
        if needed and self._polling is None:
            self._polling = self._loop.call_later(self._poll_every, self._poll)
        elif not needed and self._polling is not None:
            self._polling.cancel()
            self._polling = None

    def _poll(self) -> None:
        self._polling = None
        for pane_id in self._exit_poll.ended():
            self._exited(pane_id, None)
        if self._polls_output:
            self._stream.put(Hint(HintKind.OUTPUT))
        if not self._notices:
            self._stream.put(Hint(HintKind.STRUCTURE))
        self._poll_if_needed()

    def close(self) -> None:
        """Let go of everything and end the stream."""
        if self._closed:
            return
        self._closed = True
        self._poll_if_needed()
        if self._exits is not None:
            self._exits.close()
        if self._outputs is not None:
            self._outputs.close()
        self._stream.close()
