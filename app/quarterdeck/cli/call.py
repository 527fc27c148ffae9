"""One call of the program: what was asked, the surroundings it was asked in, and the sessions that are meant."""

from __future__ import annotations

import sys
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from quarterdeck.cli.output import print_json, say, warn
from quarterdeck.paths import find_places

if TYPE_CHECKING:
    import argparse
    from collections.abc import AsyncIterator

    from quarterdeck.config.settings import Settings
    from quarterdeck.core.pane import ServerAddress
    from quarterdeck.paths import Places
    from quarterdeck.runtime.services import Services


class Call:
    """What a verb's function gets. Everything here is found out when it is first asked for."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        """What was given on the command line, by argparse's names."""
        self.json: bool = options.json
        self.verbosity: int = options.verbosity

    def tell(self, value: object, text: str) -> int:
        """Print what came of it, as JSON where that was asked for; answers the exit code of what is done."""
        if self.json:
            print_json(value)
        else:
            say(text)
        return 0

    @cached_property
    def places(self) -> Places:
        """Where things are kept."""
        return find_places(self.options.home)

    @cached_property
    def settings(self) -> Settings:
        """The settings; raises SettingsError."""
        from quarterdeck.config.unset import settings_now

        return settings_now(self.places.config_file)

    @cached_property
    def address(self) -> ServerAddress:
        """The tmux server that is meant."""
        from quarterdeck.cli.address import server_socket
        from quarterdeck.core.pane import ServerAddress

        return ServerAddress(server_socket(self.options.socket_name, self.options.socket_path))


@asynccontextmanager
async def services(call: Call, *, persistent: bool = False, look: bool = True) -> AsyncIterator[Services]:
    """The sessions of the tmux server that is meant, looked at once unless the verb looks itself."""
    # Here and not above: half of the verbs need neither the store nor tmux.
    from quarterdeck.programs import require_tmux
    from quarterdeck.runtime.services import open_services

    require_tmux()
    async with open_services(call.address, call.places, call.settings, persistent=persistent) as opened:
        if look:
            await opened.workers.look_once()
        yield opened
    # Asked once it is closed: what waited in memory has then been tried for the last time. An error that is on its way
    # out is said alone.
    health = opened.context.store.health()
    if health.notice:
        warn(health.notice)
    if health.pending:
        warn(f"{health.error} What this command found out and did is not saved.")


def given_text(word: str) -> str:
    """A text of the command line; `-` stands for standard input."""
    return sys.stdin.read() if word == "-" else word
