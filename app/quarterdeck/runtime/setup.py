"""The set-up as the console shows it: the checks of `doctor`, and the parts that can be turned on from there."""

from __future__ import annotations

import asyncio
import shlex
from functools import partial
from typing import TYPE_CHECKING

from quarterdeck.core.text import listed
from quarterdeck.errors import QuarterdeckError, TmuxMissing
from quarterdeck.tui.setup import Done, Offer, Part

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from quarterdeck.config.settings import Settings
    from quarterdeck.core.pane import ServerAddress
    from quarterdeck.operations.doctor import Finding
    from quarterdeck.operations.hook_install import HookChange
    from quarterdeck.paths import Places


class LiveSetup:
    """Implements tui.setup.Setup. What it needs is imported when it is first asked, which is after the first frame."""

    def __init__(
        self,
        address: ServerAddress,
        places: Places,
        load_settings: Callable[[], Settings],
        program: Sequence[str],
        ready: Callable[[], Awaitable[object]],
    ) -> None:
        self._address = address
        self._places = places
        self._load_settings = load_settings
        self._program = program
        self._ready = ready
        self.pictures = places.pictures

    async def findings(self) -> Sequence[Finding]:
        """Every check of `doctor`."""
        from quarterdeck.operations.doctor import examine
        from quarterdeck.runtime.checks import all_checks

        return await examine(self._places, all_checks(self._address, self._load_settings))

    async def offer(self, part: Part) -> Offer | None:
        """What turning this part on would do."""
        await self._ready()
        return await (asyncio.to_thread(self._hooks) if part is Part.HOOKS else self._key())

    def _hooks(self) -> Offer | None:
        from quarterdeck.operations import hook_install
        from quarterdeck.operations.hook_summary import summary
        from quarterdeck.runtime.agents import load_agents

        agents = load_agents(self._load_settings().agents)
        found: list[HookChange] = []
        refused: list[QuarterdeckError] = []
        for agent in hook_install.wanted_agents(agents, ()):
            try:
                found.append(hook_install.change(agent, self._places, install=True))
            except QuarterdeckError as error:
                refused.append(error)
        wanted = [change for change in found if change.plan.changes]
        if not wanted:
            if refused:
                raise refused[0]
            return None
        names = listed([change.agent.spec.name for change in wanted])
        whole = [line for change in wanted for line in (str(change.plan.path), *hook_install.difference(change), "")]
        short = [
            line
            for change in wanted
            for line in (str(change.plan.path), *(summary(change) or hook_install.difference(change)), "")
        ]
        return Offer(
            off=f"{names} {'does' if len(wanted) == 1 else 'do'} not report to Quarterdeck.",
            question=f"Let {names} report?",
            why="Until then only screens and files tell what an agent does. A copy of each file stays beside it.",
            change=tuple(short[:-1]),
            whole=tuple(whole[:-1]),
            accept=partial(self._install, wanted),
        )

    async def _install(self, wanted: Sequence[HookChange]) -> Done:
        from quarterdeck.operations import hook_install

        done: list[HookChange] = []
        kept = False
        failed: list[QuarterdeckError] = []
        for change in wanted:
            try:
                kept |= await asyncio.to_thread(hook_install.carry_out, change, self._places) is not None
            except QuarterdeckError as error:
                failed.append(error)
                continue
            done.append(change)
        names = listed([change.agent.spec.name for change in done]) if done else "None"
        said = [f"{names} {'report' if len(done) > 1 else 'reports'} from now on."]
        said += ["What a file held before is beside it, in one that ends in .before-quarterdeck."] if kept else []
        said += [change.plan.note for change in done if change.plan.note]
        if failed:
            raise QuarterdeckError(" ".join([*(error.message for error in failed), *said]), hint=failed[0].hint)
        return Done("\n".join(said))

    async def _key(self) -> Offer | None:
        from quarterdeck.tmux import key_binding
        from quarterdeck.tmux.one_call import ServerAbsent
        from quarterdeck.tmux.tmux_commands import TmuxCommands

        try:
            bound = {each.key: each for each in await key_binding.bindings(self._address)}
            prefix = (await TmuxCommands(self._address).options(["prefix"])).get("prefix", "prefix")
        except (ServerAbsent, TmuxMissing):
            return None
        if any(each.is_ours for each in bound.values()):
            return None
        key = key_binding.proposed(bound, popup=False)
        command = key_binding.console_command(self._program, popup=False)
        return Offer(
            off="No key of tmux opens the console, or returns to it.",
            question=f"Put the console on {prefix} {key}?",
            why=(
                f"{prefix} {key} does nothing in tmux now. It would open the console and return to it, "
                "until this tmux server ends."
            ),
            change=(f"+ {key_binding.conf_line(key, command)}",),
            accept=partial(self._bind, prefix, key, command),
        )

    async def _bind(self, prefix: str, key: str, command: Sequence[str]) -> Done:
        from quarterdeck.errors import Refused
        from quarterdeck.tmux import key_binding

        if any(each.key == key for each in await key_binding.bindings(self._address)):
            raise Refused(f"{prefix} {key} was bound meanwhile, so it is left alone.", hint="Try again.")
        await key_binding.bind(self._address, key, command, was=None)
        return Done(
            f"{prefix} {key} opens the console, and returns to it, until this tmux server ends. For good:",
            f"{shlex.join([*self._program, 'bind', key, '--print'])} >> ~/.tmux.conf",
        )
