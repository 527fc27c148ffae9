"""`doctor` on the tmux server: whether it answers, and its options; the version of tmux is in `operations/doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from quarterdeck.errors import TmuxMissing, TmuxRefused
from quarterdeck.ports.doctor_check import CheckStatus, Finding
from quarterdeck.tmux import key_binding, one_call
from quarterdeck.tmux.tmux_commands import TmuxCommands

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quarterdeck.core.pane import Client, ServerAddress
    from quarterdeck.paths import Places

SERVER_SECONDS: Final = 2.0
"""What the server gets to answer."""
OPTION_NAMES: Final = ("prefix", "escape-time", "focus-events", "detach-on-destroy", "allow-passthrough")
SLOW_ESCAPE: Final = 50
"""Milliseconds; more is felt."""
SWITCHES: Final = (
    ("focus-events", ("on",), "tmux does not tell the console when you look at it."),
    (
        "detach-on-destroy",
        ("off", "no-detached", "previous", "next"),
        "When the session that you look at ends, tmux detaches you.",
    ),
)
"""Options with the values that are fine, the wanted one first, and what is wrong with any other."""


async def server_check(address: ServerAddress, _: Places) -> Sequence[Finding]:
    """The tmux server: whether it answers, and those of its options that matter here."""
    commands = TmuxCommands(address, SERVER_SECONDS)
    try:
        values = await commands.options(OPTION_NAMES)
        clients = await commands.clients()
        keys = ", ".join(key.key for key in await key_binding.bindings(address) if key.is_ours)
    except one_call.ServerAbsent:
        return (Finding("server", CheckStatus.OK, f"No server runs at {address} yet."),)
    except TmuxMissing:
        # The check of tmux says so.
        return ()
    key = _advice("key", f"{values.get('prefix', 'prefix')} {keys} opens the console.")
    if not keys:
        key = _advice("key", "No key of this server opens the console.", "quarterdeck bind")
    answers = _advice("server", f"The server at {address} answers.")
    return (answers, *advise(values, await _features(address), clients), key)


async def _features(address: ServerAddress) -> Mapping[str, str]:
    """What tmux takes each client's terminal to be able to do, by the client's name."""
    try:
        rows = await one_call.ask(address, "list-clients", "-F", "#{client_name} #{client_termfeatures}")
    except TmuxRefused:
        return {}
    pairs = (row.partition(" ") for row in rows.decode(errors="replace").splitlines())
    return {name: told for name, _, told in pairs}


def advise(values: Mapping[str, str], features: Mapping[str, str], clients: Sequence[Client]) -> list[Finding]:
    """What to make of the options' values and of the terminals. Pure. An option that tmux lacks is passed over."""
    found = []
    escape = values.get("escape-time", "")
    if escape.isdecimal():
        cure = "" if int(escape) <= SLOW_ESCAPE else "tmux set -s escape-time 10"
        found.append(_advice("escape-time", f"Esc acts after {escape} ms.", cure))
    for name, fine, why in SWITCHES:
        value = values.get(name)
        if value in fine:
            found.append(_advice(name, f"It is {value}."))
        elif value is not None:
            found.append(_advice(name, f"It is {value}. {why}", f"tmux set -g {name} {fine[0]}"))
    passing = values.get("allow-passthrough")
    if passing == "all":
        cause = "It is all: programs in panes that you do not see can write to your terminal."
        found.append(_advice("allow-passthrough", cause, "tmux set -g allow-passthrough on"))
    elif passing is not None:
        what = "so desktop notices cannot go through your terminal" if passing == "off" else "for what you see"
        found.append(_advice("allow-passthrough", f"It is {passing}, {what}."))
    if not clients:
        return found
    poor = ", ".join(client.name for client in clients if "RGB" not in features.get(client.name, "").split(","))
    cure = "tmux set -as terminal-features ',*:RGB'  # if the terminal has true colour; then attach again"
    cause = f"tmux gives {poor} 256 colours." if poor else "tmux passes true colour on."
    found.append(_advice("true colour", cause, cure if poor else ""))
    poor = ", ".join(client.name for client in clients if "UTF-8" not in client.flags)
    cure = "Set LANG to a UTF-8 locale before you attach, or attach with tmux -u."
    cause = f"tmux shows {poor} no UTF-8, but _ in its place." if poor else "tmux passes UTF-8 on."
    found.append(_advice("UTF-8", cause, cure if poor else ""))
    return found


def _advice(name: str, cause: str, cure: str = "") -> Finding:
    """What is fine, unless there is something that makes it so."""
    return Finding(name, CheckStatus.WARN if cure else CheckStatus.OK, cause, cure)
