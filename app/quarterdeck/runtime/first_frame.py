"""What the first frame shows: read while the screen's own code is still being loaded, with next to nothing loaded."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from quarterdeck.core.fleet import Fleet
from quarterdeck.ports.clock import wall_clock
from quarterdeck.ports.store import StoreHealth
from quarterdeck.store.first_read import first_read
from quarterdeck.supervisor.shown_rows import Guests, first_fleet
from quarterdeck.tmux.first_look import FirstLook
from quarterdeck.tmux.navigation import own_pane
from quarterdeck.tui.preferences import (
    KEPT,
    arranged,
    arrangement,
    fingerprint,
    kept_preferences,
    key_of,
    preferences_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quarterdeck.config.settings import Settings
    from quarterdeck.core.day import Moment
    from quarterdeck.core.pane import ServerAddress
    from quarterdeck.core.session import SessionId
    from quarterdeck.paths import Places
    from quarterdeck.tui.preferences import Preferences

PATIENCE = 0.2
"""Seconds the first frame waits for tmux, which has been at it since the start; then it says that it is looking."""


class FirstFrame:
    """The first fleet and the console's preferences. tmux is asked at once. Implements tui.backend.FleetSource."""

    def __init__(self, address: ServerAddress, places: Places, load_settings: Callable[[], Settings]) -> None:
        self._server = str(address)
        self._own = own_pane(address)
        self._look = FirstLook(address)
        self._read = first_read(places.state_file, self._server)
        self.print = fingerprint(places.config_file)
        """Of what the settings are read from."""
        known = kept_preferences(self._read.meta.get(KEPT), self.print)
        self.is_known = known is not None
        """Whether the settings are as they were when they were last found right."""
        # What was changed since is checked before anything is shown; raises SettingsError.
        self._by_settings = known if known is not None else preferences_of(load_settings())

    @cached_property
    def preferences(self) -> Preferences:
        """How the console opens."""
        return arranged(self._by_settings, arrangement(self._read.meta.get(key_of(self._server))))

    def fleet(self) -> Fleet:
        """The sessions tmux lists, as they were last known; an empty one that was never looked at if it cannot say."""
        return self._fleet

    @cached_property
    def _fleet(self) -> Fleet:
        look = self._look.wait(PATIENCE)
        if look is None:
            return Fleet()
        fleet = first_fleet(self._read.sessions, look, self._server, wall_clock())
        return Guests(self._own)(fleet, look)

    def store_health(self) -> StoreHealth:
        """Well, until the store is opened."""
        return StoreHealth()

    def activity_of(self, session_id: SessionId) -> Sequence[int]:
        """Nothing was counted yet."""
        return ()

    def day_of(self, session_id: SessionId) -> Sequence[Moment]:
        """Nothing of it was read yet."""
        return ()

    def under_way(self, session_id: SessionId) -> None:
        """Nothing was begun yet."""
