"""`bind`: the tmux key that opens the console, or returns to it."""

from __future__ import annotations

import asyncio
import shlex
from typing import TYPE_CHECKING

from quarterdeck.cli.invocation import own_command_in_tmux
from quarterdeck.cli.output import agrees, print_json, say
from quarterdeck.errors import Refused, TmuxUnreachable, UsageError
from quarterdeck.tmux import key_binding as keys
from quarterdeck.tmux.one_call import ServerAbsent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.cli.call import Call
    from quarterdeck.tmux.key_binding import Binding


def bind(call: Call) -> int:
    """Put the console on a key, take it off again, or only print how."""
    options = call.options
    if options.remove and (options.only_print or options.popup):
        raise UsageError("--remove cannot be used with --print or --popup.", hint="quarterdeck bind --remove")
    if options.key == "":
        raise UsageError("The key is empty.", hint="quarterdeck bind g")
    if options.only_print:
        line = keys.conf_line(options.key or keys.FREE_KEYS[0], _command(call))
        return call.tell({"line": line}, line)
    try:
        return asyncio.run(_remove(call) if options.remove else _bind(call))
    except ServerAbsent as error:
        raise TmuxUnreachable(
            "No tmux server runs, so there is no key to bind.", hint="quarterdeck bind --print >> ~/.tmux.conf"
        ) from error


async def _bind(call: Call) -> int:
    address, popup = call.address, call.options.popup
    bound = {each.key: each for each in await keys.bindings(address)}
    key = await keys.key_name(address, call.options.key) if call.options.key else keys.proposed(bound, popup=popup)
    was = bound.get(key)
    line = keys.conf_line(key, _command(call))
    pressed = f"{await keys.prefix(address)} {key}"
    if not call.json:
        say(f"tmux {line}")
    if (
        was is not None
        and not was.is_ours
        and not agrees(
            f"{pressed} now does: {was.command}\nUse it for the console instead?",
            otherwise=f"{pressed} is in use: {was.command}",
            hint=f"Choose another key, such as {keys.proposed(bound, popup=popup)},"
            " or run this on a terminal to be asked.",
        )
    ):
        say("Nothing was changed.")
        return 1
    await keys.bind(address, key, _command(call), was=was)
    if call.json:
        print_json({"key": key, "line": line, "was": was.command if was is not None else None})
        return 0
    what = "opens the console in a popup" if popup else "opens the console, and returns to it"
    say(f"{pressed} {what}, until this tmux server ends.")
    say(f"For good: quarterdeck bind {shlex.quote(key)}{' --popup' if popup else ''} --print >> ~/.tmux.conf")
    return 0


def _command(call: Call) -> tuple[str, ...]:
    return keys.console_command(own_command_in_tmux(call), popup=call.options.popup)


async def _remove(call: Call) -> int:
    address = call.address
    bound = await keys.bindings(address)
    removed: Sequence[Binding] = [each for each in bound if each.is_ours]
    if call.options.key:
        key = await keys.key_name(address, call.options.key)
        removed = [each for each in bound if each.key == key]
        for each in removed:
            if not each.is_ours:
                raise Refused(
                    f"{await keys.prefix(call.address)} {key} does not open Quarterdeck: {each.command}",
                    hint="tmux unbind-key",
                )
    again = {each.key: await keys.unbind(address, each.key) for each in removed}
    if call.json:
        print_json([{"key": key, "now": now or None} for key, now in again.items()])
        return 0
    prefix = await keys.prefix(address) if again else ""
    for key, now in again.items():
        say(f"{prefix} {key} " + (f"does again what it did before: {now}" if now else "does nothing now."))
    if not again:
        say("No key opens Quarterdeck.")
    return 0
