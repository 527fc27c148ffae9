"""What `doctor` looks at in the tmux server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.errors import TmuxMissing
from quarterdeck.ports.doctor_check import CheckStatus, Finding
from quarterdeck.tmux import key_binding, tmux_options
from quarterdeck.tmux.one_call import ServerAbsent
from quarterdeck.tmux.tmux_commands import TmuxCommands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.core.pane import ServerAddress
    from quarterdeck.paths import Places

SERVER_SECONDS = 2.0
"""What the server gets to answer."""


async def server_check(address: ServerAddress, _: Places) -> Sequence[Finding]:
    """The tmux server: whether it answers, and those of its options that matter here."""
    commands = TmuxCommands(address, SERVER_SECONDS)
    try:
        values = await commands.options(tmux_options.NAMES)
        clients = await commands.clients()
        keys = [key for key in await key_binding.bindings(address) if key.is_ours]
    except ServerAbsent:
        return (Finding("server", CheckStatus.OK, f"No server runs at {address} yet."),)
    except TmuxMissing:
        # The check of tmux says so.
        return ()
    names = ", ".join(key.key for key in keys)
    prefix = values.get("prefix", "prefix")
    key = (
        Finding("key", CheckStatus.OK, f"{prefix} {names} opens the console.")
        if keys
        else Finding("key", CheckStatus.WARN, "No key of this server opens the console.", "quarterdeck bind")
    )
    return (
        Finding("server", CheckStatus.OK, f"The server at {address} answers."),
        *(
            Finding(advice.name, CheckStatus.OK if advice.is_fine else CheckStatus.WARN, advice.cause, advice.cure)
            for advice in tmux_options.advise(values, await tmux_options.features(address), clients)
        ),
        key,
    )
