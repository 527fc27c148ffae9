"""One call of the program: what was asked, and the surroundings it was asked in."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from quarterdeck.paths import find_places

if TYPE_CHECKING:
    import argparse

    from quarterdeck.config.loader import LoadedSettings
    from quarterdeck.config.settings import Settings
    from quarterdeck.core.pane import ServerAddress
    from quarterdeck.paths import Places


class Call:
    """What a verb's function gets. Everything here is found out when it is first asked for."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        """What was given on the command line, by argparse's names."""
        self.json: bool = options.json
        self.verbosity: int = options.verbosity

    @cached_property
    def places(self) -> Places:
        """Where things are kept."""
        return find_places(self.options.home)

    @cached_property
    def loaded(self) -> LoadedSettings:
        """The settings and their origins; raises SettingsError."""
        # The model takes 150 ms to import, which only who asks for origins or has set something pays.
        from quarterdeck.config.loader import load

        return load(self.places.config_file)

    @cached_property
    def settings(self) -> Settings:
        """The settings; raises SettingsError."""
        from quarterdeck.config.unset import settings_now

        return settings_now(self.places.config_file)

    @cached_property
    def address(self) -> ServerAddress:
        """The tmux server that is meant."""
        from quarterdeck.cli.address import server_address

        return server_address(self.options.socket_name, self.options.socket_path, os.environ, os.getuid())
