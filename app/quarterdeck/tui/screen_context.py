"""What every screen and dialog is given of the console it belongs to."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from quarterdeck.core.text import clean
from quarterdeck.errors import QuarterdeckError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from textual.screen import Screen
    from textual.widget import AwaitMount

    from quarterdeck.core.session import Session
    from quarterdeck.ports.clock import Clock
    from quarterdeck.tui.backend import Backend, OpenFleet
    from quarterdeck.tui.keys_in_turn import KeysInTurn
    from quarterdeck.tui.preferences import Preferences
    from quarterdeck.tui.theme import Theme

    Doing = Coroutine[object, object, None]
    Work = Callable[[OpenFleet], Doing]

logger = logging.getLogger(__name__)
Answer = TypeVar("Answer")
FAILURE_SECONDS = 8.0


@dataclass(kw_only=True)
class ScreenContext:
    """Made by the app, which alone changes it; the screens know nothing else of the app."""

    app: KeysInTurn
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
    use_theme: Callable[[Theme], None]
    """Paint everything in another theme."""
    look_again: Callable[[], None]
    """Look at tmux now; after trouble, start over."""

    async def when_open(self, work: Work, failed: Callable[[QuarterdeckError], None] | None = None) -> None:
        """Do something as soon as the outside is open; `failed` is told why it could not be done."""
        try:
            await work(await self.backend.opened())
        except QuarterdeckError as error:
            if failed is None:
                raise
            failed(error)

    def do(self, work: Work, failed: Callable[[QuarterdeckError], None] | None = None) -> None:
        """The same in the background; what nobody else is told of a failure is shown once."""
        self.attempt(self.when_open(work, failed))

    def attempt(self, action: Doing) -> None:
        """Do something that may take its time; a failure is shown once and changes nothing else."""
        self.app.run_worker(self._attempt(action), group="actions")

    async def _attempt(self, action: Doing) -> None:
        try:
            await action
        except QuarterdeckError as error:
            self.tell(error)
        except Exception:
            # One action that fails in a way nobody thought of must not take the watch over all sessions with it.
            logger.exception("an action failed")
            self.tell(QuarterdeckError("Something failed that should not. The log has the details."))

    def tell(self, error: QuarterdeckError) -> None:
        """Show a failure with its hint."""
        parts = (error.message, error.hint, *getattr(error, "__notes__", ()))
        text = "\n".join(clean(part) for part in parts if part)
        self.app.notify(text, severity="error", timeout=FAILURE_SECONDS, markup=False)

    def ask(self, dialog: Screen[Answer], then: Callable[[Answer], None]) -> AwaitMount:
        """Show a dialog, and go on with what it answers; leaving it answers nothing."""
        return self.app.push_screen(dialog, lambda answer: then(answer) if answer is not None else None)

    def repo_role(self, session: Session) -> str:
        """The colour of a session's repository, readable in this theme."""
        found = self.backend.now.fleet().themes.get(session.repo_theme_id or "")
        return self.colours.repo(found.body) if found else "muted"
