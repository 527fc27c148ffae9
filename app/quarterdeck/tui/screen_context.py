"""What every screen and dialog is given of the console it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from quarterdeck.errors import QuarterdeckError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from quarterdeck.core.session import Session
    from quarterdeck.ports.clock import Clock
    from quarterdeck.tui.backend import Backend, OpenFleet
    from quarterdeck.tui.preferences import Preferences
    from quarterdeck.tui.theme import Theme


@dataclass(kw_only=True)
class ScreenContext:
    """Made by the app, which alone changes it; the screens read it and know nothing else of the app."""

    backend: Backend
    clock: Clock
    preferences: Preferences
    keys: Mapping[str, tuple[str, ...]]
    """The keys of every action."""
    ascii_only: bool
    colours: Theme
    """The theme in use."""
    trouble: QuarterdeckError | None
    """Why nothing is supervised now."""
    attempt: Callable[[Coroutine[object, object, None]], None]
    """Do something that may take its time; a failure is shown once and changes nothing else."""
    hold_keys: Callable[[], None]
    """Keep what is typed from now on until `let_keys_go`."""
    let_keys_go: Callable[[], None]
    use_theme: Callable[[Theme], None]
    """Paint everything in another theme."""
    look_again: Callable[[], None]
    """Look at tmux now; after trouble, start over."""

    async def when_open(
        self,
        work: Callable[[OpenFleet], Coroutine[object, object, None]],
        failed: Callable[[QuarterdeckError], None] | None = None,
    ) -> None:
        """Do something as soon as the outside is open; `failed` is told why it could not be done."""
        try:
            await work(await self.backend.opened())
        except QuarterdeckError as error:
            if failed is None:
                raise
            failed(error)

    def do(
        self,
        work: Callable[[OpenFleet], Coroutine[object, object, None]],
        failed: Callable[[QuarterdeckError], None] | None = None,
    ) -> None:
        """The same in the background; what nobody else is told of a failure is shown once."""
        self.attempt(self.when_open(work, failed))

    def repo_role(self, session: Session) -> str:
        """The colour of a session's repository, readable in this theme."""
        found = self.backend.now.fleet().themes.get(session.repo_theme_id or "")
        return self.colours.repo(found.body) if found else "muted"
