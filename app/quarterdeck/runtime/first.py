"""What the first frame shows: read while the screen's own code is still being loaded, with next to nothing loaded."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from quarterdeck.core.fleet import Fleet
from quarterdeck.ports.clock import wall_clock
from quarterdeck.runtime.showing import Guests
from quarterdeck.runtime.wishes import KEPT, arranged, arrangement, fingerprint, kept_wishes, key_of, wishes_of
from quarterdeck.store.first_read import first_read
from quarterdeck.supervisor.session_facts import first_fleet
from quarterdeck.tmux.first_look import FirstLook
from quarterdeck.tmux.navigation import placement

if TYPE_CHECKING:
    from collections.abc import Callable

    from quarterdeck.config.settings import Settings
    from quarterdeck.core.pane import ServerAddress
    from quarterdeck.paths import Places
    from quarterdeck.tui.backend import Preferences

PATIENCE = 0.2
"""Seconds the first frame waits for tmux, which has been at it since the start; then it says that it is looking."""


class First:
    """The first fleet and the console's preferences. tmux is asked at once."""

    def __init__(self, address: ServerAddress, places: Places, load_settings: Callable[[], Settings]) -> None:
        self._server = str(address)
        self._own = placement(address, os.environ).pane_id
        self._look = FirstLook(address)
        self._read = first_read(places.state_file, self._server)
        self.print = fingerprint(places.config_file)
        """Of what the settings are read from."""
        known = kept_wishes(self._read.meta.get(KEPT), self.print)
        self.is_known = known is not None
        """Whether the settings are as they were when they were last found right."""
        # What was changed since is checked before anything is shown; raises SettingsError.
        self._wishes = known if known is not None else wishes_of(load_settings())

    @cached_property
    def preferences(self) -> Preferences:
        """How the console opens."""
        return arranged(self._wishes, arrangement(self._read.meta.get(key_of(self._server))))

    @cached_property
    def fleet(self) -> Fleet:
        """The sessions tmux lists, as they were last known; an empty one that was never looked at if it cannot say."""
        look = self._look.wait(PATIENCE)
        if look is None:
            return Fleet()
        fleet = first_fleet(self._read.sessions, look, self._server, wall_clock())
        return Guests(self._own)(fleet, look)
