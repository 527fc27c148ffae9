"""Who goes by the settings while we run, and how they come to go by others."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from quarterdeck.core.text import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from quarterdeck.config.settings import Settings
    from quarterdeck.ports.thinker import Thinker, Thinkers
    from quarterdeck.supervisor.live_settings import LiveSettings
    from quarterdeck.supervisor.notifications import Notifications
    from quarterdeck.supervisor.thought_engine import ThoughtEngine

_closing: set[asyncio.Task[None]] = set()
"""Connections of models that are asked no more, while they close."""


def follow_notices(live: LiveSettings, notifying: Notifications) -> None:
    """Have the notifications go by the settings, now and whenever they change."""
    # Here, since a look has thoughts, too, and tells nobody.
    from quarterdeck.core.notice import Channel
    from quarterdeck.supervisor.notice_channels import CommandChannel, DesktopChannel, notice_rules

    held = live.now.notify
    notifying.channels[Channel.DESKTOP] = DesktopChannel()
    notifying.channels[Channel.COMMAND] = CommandChannel(held.command)

    def changed(settings: Settings) -> None:
        nonlocal held
        before, held = held, settings.notify
        if held != before:
            notifying.use(notice_rules(held))
            notifying.channels[Channel.COMMAND] = CommandChannel(held.command)

    live.when_changed(changed)


def follow_thoughts(live: LiveSettings, engine: ThoughtEngine, thinkers: Thinkers) -> None:
    """Have the engine go by the settings whenever they change."""
    held = live.now.thoughts

    def changed(settings: Settings) -> None:
        nonlocal held
        before, held = held, settings.thoughts
        if held != before:
            thinker = engine.setup.thinker
            engine.use(thinkers.setup(held))
            if thinker is not None:
                _close(thinker)

    live.when_changed(changed)


def say_what_waits(live: LiveSettings, say: Callable[[str], None]) -> None:
    """Say of an edit of the file what of it is not in force before the console opens again."""

    def edited(before: Settings, after: Settings) -> None:
        # An edit is rare, and most of the time nobody needs the model.
        from quarterdeck.config.describe import known_keys, waits_for_next_start

        waiting = [name for name in known_keys(()) if waits_for_next_start((name,))]
        changed = [f"[{name}]" for name in waiting if _plain(before, name) != _plain(after, name)]
        if changed:
            say(f"What was changed under {listed(changed)} takes effect when the console opens again.")

    live.when_edited(edited)


def _plain(settings: Settings, section: str) -> Mapping[str, object]:
    """A section as names and values: where nothing is set, it is no model."""
    found = getattr(settings, section)
    return found if isinstance(found, dict) else vars(found)


def _close(thinker: Thinker) -> None:
    task = asyncio.get_running_loop().create_task(thinker.close())
    _closing.add(task)
    task.add_done_callback(_closing.discard)
