"""What `doctor` looks at in the tmux server: whether it answers, and its options that matter to us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from quarterdeck.errors import TmuxMissing, TmuxRefused
from quarterdeck.ports.doctor_check import CheckStatus, Finding
from quarterdeck.tmux import key_binding, one_call
from quarterdeck.tmux.one_call import ServerAbsent
from quarterdeck.tmux.tmux_commands import TmuxCommands

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quarterdeck.core.pane import Client, ServerAddress
    from quarterdeck.paths import Places

SERVER_SECONDS: Final = 2.0
"""What the server gets to answer."""
NAMES: Final = ("prefix", "escape-time", "focus-events", "detach-on-destroy", "allow-passthrough")
SLOW_ESCAPE: Final = 50
"""Milliseconds; more is felt."""


async def server_check(address: ServerAddress, _: Places) -> Sequence[Finding]:
    """The tmux server: whether it answers, and those of its options that matter here."""
    commands = TmuxCommands(address, SERVER_SECONDS)
    try:
        values = await commands.options(NAMES)
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
            for advice in advise(values, await features(address), clients)
        ),
        key,
    )


class Advice(Struct, frozen=True):
    """What `doctor` says of one option, or of something that follows from options."""

    name: str
    is_fine: bool
    cause: str
    cure: str = ""
    """The command that makes it fine."""


async def features(address: ServerAddress) -> Mapping[str, str]:
    """What tmux takes each client's terminal to be able to do, by the client's name."""
    try:
        rows = await one_call.ask(address, "list-clients", "-F", "#{client_name} #{client_termfeatures}")
    except TmuxRefused:
        return {}
    pairs = (row.partition(" ") for row in rows.decode(errors="replace").splitlines())
    return {name: told for name, _, told in pairs}


def advise(values: Mapping[str, str], features: Mapping[str, str], clients: Sequence[Client]) -> list[Advice]:
    """What to make of the options' values and of the terminals. Pure. An option that tmux lacks is passed over."""
    found = [
        advice
        for advice in (
            _escape_time(values.get("escape-time")),
            _switch("focus-events", values, wanted="on", why="tmux does not tell the console when you look at it."),
            _switch(
                "detach-on-destroy",
                values,
                wanted="off",
                why="When the session that you look at ends, tmux detaches you.",
                also=("no-detached", "previous", "next"),
            ),
            _passthrough(values.get("allow-passthrough")),
        )
        if advice is not None
    ]
    if clients:
        found += [_true_colour(features, clients), _utf8(clients)]
    return found


def _escape_time(value: str | None) -> Advice | None:
    if value is None or not value.isdecimal():
        return None
    fine = int(value) <= SLOW_ESCAPE
    cause = f"Esc acts after {value} ms."
    return Advice("escape-time", fine, cause, "" if fine else "tmux set -s escape-time 10")


def _switch(
    name: str, values: Mapping[str, str], *, wanted: str, why: str, also: tuple[str, ...] = ()
) -> Advice | None:
    value = values.get(name)
    if value is None:
        return None
    if value in {wanted, *also}:
        return Advice(name, is_fine=True, cause=f"It is {value}.")
    return Advice(name, is_fine=False, cause=f"It is {value}. {why}", cure=f"tmux set -g {name} {wanted}")


def _passthrough(value: str | None) -> Advice | None:
    if value is None:
        return None
    if value == "all":
        cause = "It is all: programs in panes that you do not see can write to your terminal."
        return Advice("allow-passthrough", is_fine=False, cause=cause, cure="tmux set -g allow-passthrough on")
    what = "so desktop notices cannot go through your terminal" if value == "off" else "for what you see"
    return Advice("allow-passthrough", is_fine=True, cause=f"It is {value}, {what}.")


def _true_colour(features: Mapping[str, str], clients: Sequence[Client]) -> Advice:
    without = [client.name for client in clients if "RGB" not in features.get(client.name, "").split(",")]
    if not without:
        return Advice("true colour", is_fine=True, cause="tmux passes true colour on.")
    return Advice(
        "true colour",
        is_fine=False,
        cause=f"tmux gives {', '.join(without)} 256 colours.",
        cure="tmux set -as terminal-features ',*:RGB'  # if the terminal has true colour; then attach again",
    )


def _utf8(clients: Sequence[Client]) -> Advice:
    without = [client.name for client in clients if "UTF-8" not in client.flags]
    if not without:
        return Advice("UTF-8", is_fine=True, cause="tmux passes UTF-8 on.")
    return Advice(
        "UTF-8",
        is_fine=False,
        cause=f"tmux shows {', '.join(without)} no UTF-8, but _ in its place.",
        cure="Set LANG to a UTF-8 locale before you attach, or attach with tmux -u.",
    )
