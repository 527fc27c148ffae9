"""One kind of agent: its descriptor, the command lines made of it, and what reads it, loaded when first needed."""

from __future__ import annotations

import json
import logging
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct

from quarterdeck.agents.agent_files import agent_folder
from quarterdeck.core.reading import UNBEGUN
from quarterdeck.ports.agent import NO_TRACES, HookStatus, LaunchPlan
from quarterdeck.ports.agent_spec import PromptDelivery
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from quarterdeck.agents.agent_readers import AgentReaders
    from quarterdeck.agents.agent_rules import AgentRules
    from quarterdeck.core.reading import Reading
    from quarterdeck.core.report import Report, ReportState
    from quarterdeck.core.typed_text import InputHabits
    from quarterdeck.ports.agent import AgentTraces, Box, Claims, HookPlan, Launch, ScreenLook, Transcript
    from quarterdeck.ports.agent_process import AgentHome, Program
    from quarterdeck.ports.agent_service import AgentService
    from quarterdeck.ports.agent_spec import AgentSpec

logger = logging.getLogger(__name__)

LONGEST_ARGUMENT = 100_000
"""Bytes; Linux takes 128 KiB in one argument, and the prompt has to fit with room to spare."""
OWN_RULES_SECONDS = 0.25
"""What the operator's own rules may take on one screen; ours take a hundredth of it."""
Read = TypeVar("Read")


class _Loaded(Struct):
    """What reads an agent, once loaded."""

    now: AgentReaders
    ours: AgentReaders | None
    """By our rules alone, where `now` goes by rules of the operator's own."""


@lru_cache(maxsize=64)
def _loaded(
    load: Callable[[], AgentReaders] | None,
    agent: str,
    like: str,
    folder: Path | None,
    more: Callable[[AgentReaders], AgentReaders] | None,
) -> _Loaded:
    from quarterdeck.agents.agent_readers import AgentReaders
    from quarterdeck.agents.agent_rules import rules_for

    bare = load() if load is not None else AgentReaders()
    rules = rules_for(agent, folder, like)
    now = bare.by_rules(rules) if rules is not None else bare
    if more is None and (rules is None or not rules.is_own):
        return _Loaded(now, None)
    shipped = rules_for(agent, None, like)
    return _Loaded(more(now) if more else now, bare.by_rules(shipped) if shipped is not None else bare)


class CodingAgent(Struct, frozen=True, kw_only=True):
    """Implements ports.Agent. Every start makes all of them, and most starts read none or one."""

    spec: AgentSpec
    load: Callable[[], AgentReaders] | None = None
    """Loads what reads it; None = what it does is judged by its rules, by movement and by its processes."""
    like: str = ""
    """The agent whose rules it takes where there are none of its own name."""
    rules_folder: Path | None = None
    """Where the operator's own rules are; None = there are none."""
    more: Callable[[AgentReaders], AgentReaders] | None = None
    """What the settings add."""

    @property
    def readers(self) -> AgentReaders:
        """What reads it, loaded once."""
        return self._loaded.now

    @property
    def _loaded(self) -> _Loaded:
        return _loaded(self.load, self.spec.key, self.like, self.rules_folder, self.more)

    @property
    def rules(self) -> AgentRules | None:
        """The file of rules that it is read by; None where there is none."""
        from quarterdeck.agents.agent_rules import rules_for

        return rules_for(self.spec.key, self.rules_folder, self.like)

    @property
    def service(self) -> AgentService | None:
        """The agent's own service, as far as we know how to ask it."""
        return self.readers.service

    def may_serve(self) -> bool:
        """Whether its service may have conversations that no pane shows."""
        signs = self.spec.service_signs
        return any((agent_folder(sign.variable, None, sign.folder) / sign.file).exists() for sign in signs)

    def read_screen(self, look: ScreenLook) -> Reading | None:
        """What the rendered screen says; None when it says nothing certain."""
        return self._in_time(lambda readers: readers.read_screen(look))

    def read_box(self, look: ScreenLook) -> Box:
        """What the agent's input line holds."""
        return self._in_time(lambda readers: readers.read_box(look))

    def read_title(self, title: str, *, at: datetime, still_for: float | None = None) -> Reading | None:
        """What the pane's title says."""
        return self._in_time(lambda readers: readers.read_title(title, at=at, still_for=still_for))

    def _in_time(self, read: Callable[[AgentReaders], Read]) -> Read:
        """What is read by the rules in force; ours alone are used from when others have taken too long."""
        loaded = self._loaded
        if loaded.ours is None:
            return read(loaded.now)
        from quarterdeck.agents.match_time import TooLong, bounded, can_be_bounded

        if not can_be_bounded():
            return read(loaded.ours)
        try:
            with bounded(OWN_RULES_SECONDS):
                return read(loaded.now)
        except TooLong:
            name = self.spec.name
            logger.warning("your own rules for %s take too long on its screen, so ours are used from now on", name)
            loaded.now, loaded.ours = loaded.ours, None
            return read(loaded.now)

    def read_report(self, held: ReportState, report: Report) -> ReportState:
        """Fold one hook report in; an agent without hooks has nothing to tell."""
        return self.readers.reports(held, report) if self.readers.reports else held

    def read_registry(
        self, program: Program, *, at: datetime, home: AgentHome | None = None, conversation: str = ""
    ) -> Reading | None:
        """What the agent's own registry, or its service, says of a live process, or of the conversation it is in."""
        readers = self.readers
        if readers.conversation_status:
            return readers.conversation_status(home, conversation) if conversation else None
        return readers.registry(program, at, home, conversation) if readers.registry else None

    def conversation(
        self, program: Program, *, home: AgentHome | None = None, title: str = "", screen: str = ""
    ) -> str:
        """The conversation a live process is in now."""
        readers = self.readers
        if readers.shows_unbegun(screen):
            return UNBEGUN
        if readers.conversations_by_screen:
            return readers.conversations_by_screen(program, home, title, screen)
        if readers.conversations_by_title:
            return readers.conversations_by_title(program, home, title)
        return readers.conversations(program, home) if readers.conversations else ""

    def files(self, program: Program, *, home: AgentHome | None = None) -> tuple[Path, ...]:
        """The files beside the transcript in which a live process says what it does."""
        return self.readers.files(program, home) if self.readers.files else ()

    def transcript(
        self,
        *,
        cwd: str,
        claims: Claims,
        session_id: str = "",
        since: datetime | None = None,
        path: Path | None = None,
        home: AgentHome | None = None,
    ) -> Transcript | None:
        """A reader for a session's transcript."""
        if self.readers.transcripts is None or session_id == UNBEGUN:
            return None
        return self.readers.transcripts(
            cwd=cwd, claims=claims, session_id=session_id, since=since, path=path, home=home
        )

    def traces(
        self, program: Program, conversation: str, *, transcript: Path | None, home: AgentHome | None = None
    ) -> AgentTraces:
        """What it keeps of this moment, for a recording."""
        keeps = self.readers.traces
        return keeps(program, conversation, transcript, home) if keeps else NO_TRACES

    def habits(self, *, cwd: str, home: AgentHome | None = None) -> InputHabits:
        """What it makes of words there, the operator's own slash commands among those it knows."""
        habits, commands = self.spec.habits, self.readers.commands
        return habits if commands is None else replace(habits, commands=(*habits.commands, *commands(home, cwd)))

    def launch(self, wanted: Launch) -> LaunchPlan:
        """How to start it: its command line, and the prompt where that does not carry it."""
        spec, prompt = self.spec, wanted.prompt
        system: tuple[str, ...] = ()
        if wanted.system_prompt:
            if spec.system_flag:
                system = _filled(spec.system_flag, wanted.system_prompt)
            else:
                prompt = f"{wanted.system_prompt}\n\n{prompt}".strip()
        session = (*spec.session_id_flag, wanted.session_id) if spec.session_id_flag and wanted.session_id else ()
        fits = len(prompt.encode(errors="replace")) <= LONGEST_ARGUMENT
        inline = bool(prompt) and spec.prompt_delivery is PromptDelivery.ARGUMENT and fits
        argv = (
            spec.commands[0],
            *_flags(spec, wanted),
            *system,
            *session,
            *wanted.extra,
            *(_filled(spec.prompt_flag, prompt) if inline else ()),
        )
        plan = LaunchPlan(
            argv=argv,
            env=dict(spec.env),
            paste="" if inline else prompt,
            session_id=wanted.session_id if session else "",
        )
        return self._with_hooks(plan, wanted)

    def resume(self, wanted: Launch) -> LaunchPlan | None:
        """How to continue a conversation, or the folder's newest when its id is not known; None when it cannot be."""
        spec = self.spec
        template = spec.resume if wanted.session_id else spec.resume_latest
        if not template:
            return None
        flags = (*_flags(spec, wanted), *wanted.extra)
        argv: list[str] = []
        for word in template:
            argv.extend(flags if word == "{flags}" else (word.replace("{id}", wanted.session_id),))
        if "{flags}" not in template:
            argv.extend(flags)
        plan = LaunchPlan(argv=tuple(argv), env=dict(spec.env), paste=wanted.prompt, session_id=wanted.session_id)
        return self._with_hooks(plan, wanted)

    def _with_hooks(self, plan: LaunchPlan, wanted: Launch) -> LaunchPlan:
        return self.readers.hooks.for_launch(plan, wanted) if wanted.spool and self.readers.hooks else plan

    def hook_plan(self, *, install: bool, spool: Path, home: AgentHome | None = None) -> HookPlan | None:
        """The change to the user's own file that installs or removes our hooks."""
        hooks = self.readers.hooks
        return hooks.plan(install=install, spool=spool, home=home) if hooks else None

    def hook_status(self, *, spool: Path, home: AgentHome | None = None) -> HookStatus:
        """Whether the user's own file holds our hooks."""
        hooks = self.readers.hooks
        return hooks.status(spool=spool, home=home) if hooks else HookStatus.UNSUPPORTED

    def hook_file(self, *, home: AgentHome | None = None) -> Path | None:
        """The user's own file that holds our hooks, or would."""
        return self.readers.hooks.file(home) if self.readers.hooks else None


def _flags(spec: AgentSpec, wanted: Launch) -> tuple[str, ...]:
    flags = [*spec.launch_flags, *spec.permission_flags.get(wanted.permissions, ())]
    if wanted.model and spec.model_flag:
        flags += [*spec.model_flag, wanted.model]
        for beginning, words in spec.model_extras.items():
            flags += words if wanted.model.lower().startswith(beginning) else ()
    return tuple(flags)


def _filled(flag: tuple[str, ...], text: str) -> tuple[str, ...]:
    """The words of a flag with the text in its place, or after them when they name no place."""
    if not any("{text}" in word or "{json}" in word for word in flag):
        return (*flag, text)
    return tuple(
        word.replace("{text}", text) if "{text}" in word else word.replace("{json}", json.dumps(text)) for word in flag
    )
