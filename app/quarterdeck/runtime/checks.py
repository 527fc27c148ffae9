"""What `doctor` and the console check with the adapters at hand: the server, agents, hooks, state, engine, projects."""

from __future__ import annotations

import asyncio
import shlex
import shutil
from functools import partial
from typing import TYPE_CHECKING

from quarterdeck.config.repositories import is_repository
from quarterdeck.core.ages import rough
from quarterdeck.core.redact import redact
from quarterdeck.core.text import listed
from quarterdeck.errors import QuarterdeckError, TmuxMissing
from quarterdeck.operations.doctor import CHECKS, Check, CheckStatus, Finding
from quarterdeck.operations.hook_reports import reporting, unheard
from quarterdeck.ports.agent import HookKind, HookStatus
from quarterdeck.ports.clock import wall_clock
from quarterdeck.runtime.agents import load_agents
from quarterdeck.store import hook_times
from quarterdeck.store.lease import Lease
from quarterdeck.store.lease_files import writer_duty
from quarterdeck.store.status_counts import glance, troubles
from quarterdeck.thoughts.configured_thinkers import key_of
from quarterdeck.tmux import key_binding, tmux_options
from quarterdeck.tmux.one_call import ServerAbsent
from quarterdeck.tmux.tmux_commands import TmuxCommands

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quarterdeck.config.settings import Settings, ThoughtSettings
    from quarterdeck.core.pane import ServerAddress
    from quarterdeck.operations.hook_reports import Reporting
    from quarterdeck.paths import Places

CURES = {"tmux": "tmux list-sessions  # does it answer?", "thoughts": "quarterdeck config edit"}
"""What to do about what is not well; about anything else, the log says more."""
REPORTS_UNREAD = 500
"""Reports that lie there when nobody has read them for long."""
SERVER_SECONDS = 2.0
"""What the server gets to answer."""


def all_checks(address: ServerAddress, settings: Callable[[], Settings]) -> tuple[Check, ...]:
    """Every check; `settings` may raise SettingsError, which then is said once, by the check of the settings."""
    return (
        *CHECKS,
        Check("server", partial(server, address)),
        Check("state", partial(state, address)),
        Check("agents", partial(_with, settings, agents)),
        Check("hooks", partial(_with, settings, hooks)),
        Check("engine", partial(_with, settings, engine)),
        Check("projects", partial(_with, settings, projects)),
    )


async def _with(
    settings: Callable[[], Settings], look: Callable[[Settings, Places], Sequence[Finding]], places: Places
) -> Sequence[Finding]:
    try:
        found = settings()
    except QuarterdeckError:
        return ()
    return await asyncio.to_thread(look, found, places)


async def server(address: ServerAddress, _: Places) -> Sequence[Finding]:
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


async def state(address: ServerAddress, places: Places) -> Sequence[Finding]:
    """Whether what is kept can be read, and whether somebody keeps it up to date."""
    live = sum((await asyncio.to_thread(glance, places.state_file, str(address))).values())
    watched = Lease(places.state_file, writer_duty(str(address))).holder() is not None
    what = f"{live} live session{'' if live == 1 else 's'} kept" if places.state_file.exists() else "Nothing kept yet"
    found = [Finding("state", CheckStatus.OK, f"{what}; {'watched now' if watched else 'nobody watches now'}.")]
    wrong = await asyncio.to_thread(troubles, places.state_file, str(address)) if watched else {}
    see_log = f"See {shlex.quote(str(places.log_file))}."
    for name, words in wrong.items():
        cause = f"Whoever watches now says of {name}: {redact(words)}"
        found.append(Finding("watching", CheckStatus.WARN, cause, CURES.get(name, see_log)))
    unread = sum(1 for _ in places.spool.glob("*.report"))
    if unread > REPORTS_UNREAD:
        found.append(
            Finding(
                "reports", CheckStatus.WARN, f"{unread} reports of agents lie unread.", "quarterdeck ls  # reads them"
            )
        )
    return found


def agents(settings: Settings, _: Places) -> Sequence[Finding]:
    """Which coding agents are on this machine."""
    known = load_agents(settings.agents).all()
    found = [
        Finding(f"agent {agent.spec.key}", CheckStatus.OK, f"{agent.spec.name} is {path}.")
        for agent in known
        if (path := next(filter(None, map(shutil.which, agent.spec.commands)), None))
    ]
    if found:
        return found
    names = ", ".join(agent.spec.name for agent in known[:4])
    hint = next((agent.spec.install for agent in known if agent.spec.install), "")
    return (Finding("agents", CheckStatus.WARN, f"No coding agent is on PATH: neither {names} nor another.", hint),)


def hooks(settings: Settings, places: Places) -> Sequence[Finding]:
    """Whether the agents that are here report to us."""
    found: list[Finding] = []
    silent: list[Reporting] = []
    able = load_agents(settings.agents)
    here = [
        agent.spec.key
        for agent in able.all()
        if agent.spec.hooks is not HookKind.NONE and any(map(shutil.which, agent.spec.commands))
    ]
    reports = reporting(able, places, hook_times.heard(places.state_file), here) if here else []
    unheard_of = unheard(able, reports, hook_times.at_work(places.state_file))
    now = wall_clock()
    for each in reports:
        name = f"hooks {each.agent}"
        cure = f"quarterdeck hooks install {each.agent}"
        if each.agent in unheard_of:
            cause = f"{each.name} was at work since its hooks were put in place, and none of them was heard."
            cure = f"Start {each.name} again, and let it run its hooks if it asks."
            found.append(Finding(name, CheckStatus.WARN, cause, cure))
        elif each.status is HookStatus.INSTALLED:
            said = f"{each.name} reports what it does; heard {rough(each.heard_at, now)}."
            if each.heard_at is None:
                said = f"The hooks of {each.name} are in place; nothing was heard yet."
            found.append(Finding(name, CheckStatus.OK, said))
        elif each.status is HookStatus.OUTDATED:
            found.append(
                Finding(name, CheckStatus.WARN, f"The hooks of {each.name} are of another version or place.", cure)
            )
        else:
            silent.append(each)
    if len(silent) > 1:
        cause = f"{listed([each.name for each in silent])} do not report by themselves; their screens and files serve."
        found.append(Finding("hooks", CheckStatus.WARN, cause, "quarterdeck hooks install"))
    for each in silent if len(silent) == 1 else ():
        cause = f"{each.name} does not report by itself; its screen and files serve."
        found.append(Finding(f"hooks {each.agent}", CheckStatus.WARN, cause, f"quarterdeck hooks install {each.agent}"))
    return found


def engine(settings: Settings, _: Places) -> Sequence[Finding]:
    """Whether the thought engine has what it needs. No model is asked."""
    thoughts = settings.thoughts
    if not thoughts.enabled:
        return (Finding("engine", CheckStatus.OK, "Thoughts are off."),)
    return (_ENGINES[thoughts.backend](thoughts),)


def _local(_: ThoughtSettings) -> Finding:
    return Finding("engine", CheckStatus.OK, "Thoughts are made on this machine; no model is asked.")


def _command(thoughts: ThoughtSettings) -> Finding:
    program = thoughts.command[0]
    if shutil.which(program) is None:
        return Finding(
            "engine", CheckStatus.FAIL, f"The program {program} for thoughts is not there.", "quarterdeck config edit"
        )
    return Finding("engine", CheckStatus.OK, f"Thoughts come from `{shlex.join(thoughts.command)}`.")


def _openai(thoughts: ThoughtSettings) -> Finding:
    if not key_of(thoughts):
        return Finding(
            "engine",
            CheckStatus.WARN,
            f"Thoughts are asked of {thoughts.url} without a key.",
            "export QUARTERDECK_THOUGHTS_KEY=… unless it needs none",
        )
    return Finding("engine", CheckStatus.OK, f"Thoughts are asked of {thoughts.url}; words from panes go there.")


_ENGINES: dict[str, Callable[[ThoughtSettings], Finding]] = {"local": _local, "command": _command, "openai": _openai}


def projects(settings: Settings, _: Places) -> Sequence[Finding]:
    """Whether each project's repository is there, with what its tracker needs."""
    found = []
    for name, project in settings.projects.items():
        label = f"project {name}"
        if not is_repository(project.path):
            cause = f"{project.path} is no git repository."
            found.append(Finding(label, CheckStatus.FAIL, cause, "quarterdeck config edit"))
            continue
        program = {"github": "gh", "gitlab": "glab"}.get(project.tracker.kind)
        if program is not None and shutil.which(program) is None:
            cause = f"Its issues need {program}, which is not installed."
            found.append(
                Finding(label, CheckStatus.WARN, cause, f"Install {program}, or set projects.{name}.tracker.kind.")
            )
            continue
        found.append(Finding(label, CheckStatus.OK, f"{project.path} is there."))
    return found
