"""Command lines for starting and continuing agents, made from their descriptors."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from quarterdeck.ports.agent import LaunchPlan, PromptDelivery

if TYPE_CHECKING:
    from quarterdeck.ports.agent import AgentSpec, Launch

LONGEST_ARGUMENT = 100_000
"""Bytes; Linux takes 128 KiB in one argument, and the prompt has to fit with room to spare."""


def launch(spec: AgentSpec, wanted: Launch) -> LaunchPlan:
    """How to start an agent: its command line, and the prompt where that does not carry it."""
    prompt = wanted.prompt
    system: tuple[str, ...] = ()
    if wanted.system_prompt:
        if spec.system_flag:
            system = _filled(spec.system_flag, wanted.system_prompt)
        elif spec.system_in_prompt:
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
    return LaunchPlan(
        argv=argv,
        env=dict(spec.env),
        paste="" if inline else prompt,
        session_id=wanted.session_id if session else "",
    )


def resume(spec: AgentSpec, wanted: Launch) -> LaunchPlan | None:
    """How to continue a conversation, or the folder's newest when its id is not known; None when it cannot be."""
    template = spec.resume if wanted.session_id else spec.resume_latest
    if not template:
        return None
    flags = (*_flags(spec, wanted), *wanted.extra)
    argv: list[str] = []
    for word in template:
        argv.extend(flags if word == "{flags}" else (word.replace("{id}", wanted.session_id),))
    if "{flags}" not in template:
        argv.extend(flags)
    return LaunchPlan(argv=tuple(argv), env=dict(spec.env), paste=wanted.prompt, session_id=wanted.session_id)


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
