"""The key that opens the console, as the console itself offers it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from quarterdeck.errors import Refused, TmuxMissing
from quarterdeck.ports.console_key import FreeKey
from quarterdeck.tmux import key_binding
from quarterdeck.tmux.one_call import ServerAbsent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.core.pane import ServerAddress


class TmuxConsoleKey:
    """Implements ports.console_key.ConsoleKey for one server."""

    def __init__(self, address: ServerAddress, program: Sequence[str]) -> None:
        self._address = address
        self._program = program
        """How this program is called."""
        self._command = key_binding.console_command(program, popup=False)

    async def free(self) -> FreeKey | None:
        """A key that could be it; None when one is already, or no server runs."""
        try:
            bound = {each.key: each for each in await key_binding.bindings(self._address)}
            prefix = await key_binding.prefix(self._address)
        except (ServerAbsent, TmuxMissing):
            return None
        if any(each.is_ours for each in bound.values()):
            return None
        key = key_binding.proposed(bound, popup=False)
        return FreeKey(
            pressed=f"{prefix} {key}",
            key=key,
            line=key_binding.conf_line(key, self._command),
            for_good=f"{shlex.join([*self._program, 'bind', key, '--print'])} >> ~/.tmux.conf",
        )

    async def bind(self, found: FreeKey) -> None:
        """Bind it, until the server ends."""
        if any(each.key == found.key for each in await key_binding.bindings(self._address)):
            raise Refused(f"{found.pressed} was bound meanwhile, so it is left alone.", hint="Try again.")
        await key_binding.bind(self._address, found.key, self._command, was=None)
