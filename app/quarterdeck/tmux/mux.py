"""The tmux server at one address, asked and heard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.ports.clock import SystemClock
from quarterdeck.tmux import captures
from quarterdeck.tmux.look import Looker
from quarterdeck.tmux.one_call import Breaker
from quarterdeck.tmux.tmux_commands import TmuxCommands

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence

    from quarterdeck.core.pane import Look, Pane, PaneId, ServerAddress
    from quarterdeck.ports.clock import Clock
    from quarterdeck.ports.mux import CaptureRequest, Hint
    from quarterdeck.tmux.control import ControlClient
    from quarterdeck.tmux.control_protocol import Notification
    from quarterdeck.tmux.hints import Hints


class TmuxMux(TmuxCommands):
    """One tmux server: looked at, listened to and acted on. Implements `ports.mux.Mux`.

    A persistent one keeps a control client attached from its first look on, and hints at changes; another one asks
    by one spawned tmux at a time, as does one that must not listen and only polls. Looks and captures get `timeout`
    seconds, everything done to the server `command_timeout`. Needs a running event loop from the first look or hint on.
    """

    def __init__(
        self,
        address: ServerAddress,
        *,
        persistent: bool,
        home: PaneId | None = None,
        clock: Clock | None = None,
        timeout: float,
        command_timeout: float,
        listens: bool = True,
        poll_every: float,
    ) -> None:
        clock = clock or SystemClock()
        super().__init__(address, command_timeout, Breaker(clock.monotonic))
        self._clock = clock
        self._look_timeout = timeout
        self._listens = listens
        self._poll_every = poll_every
        self._hints: Hints | None = None
        self.control: ControlClient | None = None
        if persistent and listens:
            from quarterdeck.tmux.control import ControlClient

            self.control = ControlClient(
                address, home=home, on_notice=self._noticed, on_link=self._link_changed, timeout=timeout
            )
        self._looker = Looker(address, control=self.control, breaker=self.breaker, clock=clock, timeout=timeout)

    async def look(self, moved: Collection[PaneId] | None = None) -> Look:
        """All panes at once; raises TmuxUnreachable when nothing could be learned."""
        if self.control is not None:
            self.control.start()
        return await self._looker.look(moved)

    async def capture(self, requests: Sequence[CaptureRequest]) -> dict[PaneId, str]:
        """The panes' text, in one round trip. A pane that is gone is missing from the answer."""
        self.breaker.admit_probe("capture-pane")
        with self.breaker.judging("capture-pane", self._look_timeout):
            return await captures.capture(self.address, self.control, requests, self._look_timeout)

    def hints(self) -> AsyncIterator[Hint]:
        """Hints at what may have changed, until this is closed."""
        return self._hinting().stream()

    def watch(self, panes: Collection[Pane]) -> None:
        """Say which panes exist now, so that hints about their processes and output can be given."""
        self._hinting().watch(panes)

    async def close(self) -> None:
        """Let go of the server. It leaves nothing behind there."""
        if self.control is not None:
            await self.control.close()
        if self._hints is not None:
            self._hints.close()

    def _hinting(self) -> Hints:
        if self._hints is None:
            # Most commands look once, and need no hints of when to look again.
            from quarterdeck.tmux.hints import Hints

            self._hints = Hints(
                use_pidfd=self._listens,
                use_inotify=self._listens,
                use_notices=self.control is not None and self.control.linked,
                poll_every=self._poll_every,
            )
        return self._hints

    def _noticed(self, notification: Notification) -> None:
        if self._hints is not None:
            self._hints.notice(notification.name, notification.text)

    def _link_changed(self, linked: bool) -> None:
        if self._hints is not None:
            self._hints.use_notices(available=linked)
