"""What can be turned on from the console: shown as it would be, done only when accepted, as it was shown."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from quarterdeck.core.text import listed
from quarterdeck.errors import QuarterdeckError
from quarterdeck.operations import agent_hooks
from quarterdeck.operations.agent_hooks import summary

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from quarterdeck.operations.agent_hooks import HookChange
    from quarterdeck.paths import Places
    from quarterdeck.ports.agent import Agents
    from quarterdeck.ports.mux import ConsoleKey, FreeKey


class Done(NamedTuple):
    """What was done."""

    said: str
    command: str = ""
    """What only the operator can do about the rest of it."""


class Offer(Struct, frozen=True, kw_only=True):
    """Something that is off and could be on; nothing is touched before it is accepted."""

    off: str
    """What is off, as a sentence."""
    question: str
    why: str
    change: tuple[str, ...]
    """What would be different, as `diff` says it; a long change in short."""
    whole: tuple[str, ...] = ()
    """The same line by line, where `change` is in short."""
    accept: Callable[[], Awaitable[Done]]
    """Do just what was shown. Raises when it cannot be done."""


def hooks_offer(agents: Agents, places: Places) -> Offer | None:
    """Have every agent report that is on this machine and does not. Blocking."""
    found: list[HookChange] = []
    refused: list[QuarterdeckError] = []
    for agent in agent_hooks.wanted_agents(agents, ()):
        try:
            found.append(agent_hooks.change(agent, places, install=True))
        except QuarterdeckError as error:
            refused.append(error)
    wanted = [change for change in found if change.plan.changes]
    if not wanted:
        if refused:
            raise refused[0]
        return None
    names = listed([change.agent.spec.name for change in wanted])
    whole, short = [], []
    for change in wanted:
        path, lines = str(change.plan.path), list(agent_hooks.difference(change))
        whole += [path, *lines, ""]
        short += [path, *(summary(change) or lines), ""]
    return Offer(
        off=f"{names} {'does' if len(wanted) == 1 else 'do'} not report to Quarterdeck.",
        question=f"Let {names} report?",
        why="Until then only screens and files tell what an agent does. A copy of each file stays beside it.",
        change=tuple(short[:-1]),
        whole=tuple(whole[:-1]),
        accept=partial(_install, wanted, places),
    )


async def _install(wanted: Sequence[HookChange], places: Places) -> Done:
    done: list[HookChange] = []
    kept = False
    failed: list[QuarterdeckError] = []
    for change in wanted:
        try:
            kept |= await asyncio.to_thread(agent_hooks.carry_out, change, places) is not None
        except QuarterdeckError as error:
            failed.append(error)
            continue
        done.append(change)
    names = listed([change.agent.spec.name for change in done]) if done else "None"
    said = [f"{names} {'report' if len(done) > 1 else 'reports'} from now on."]
    said += ["Each file as it was before is kept beside it; its name ends in .before-quarterdeck."] if kept else []
    said += [change.plan.note for change in done if change.plan.note]
    if failed:
        raise QuarterdeckError(" ".join([*(error.message for error in failed), *said]), hint=failed[0].hint)
    return Done("\n".join(said))


async def key_offer(keys: ConsoleKey) -> Offer | None:
    """Put the console on a key of tmux."""
    found = await keys.free()
    if found is None:
        return None
    return Offer(
        off="No key of tmux opens the console, or returns to it.",
        question=f"Put the console on {found.pressed}?",
        why=(
            f"{found.pressed} does nothing in tmux now. It would open the console and return to it, "
            "until this tmux server ends."
        ),
        change=(f"+ {found.line}",),
        accept=partial(_bind, keys, found),
    )


async def _bind(keys: ConsoleKey, found: FreeKey) -> Done:
    await keys.bind(found)
    return Done(
        f"{found.pressed} opens the console, and returns to it, until this tmux server ends. For good:", found.for_good
    )
