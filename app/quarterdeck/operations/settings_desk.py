"""The settings that the console shows and changes, with a way to try the engine of thoughts."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.config.describe import help_texts, is_command, is_secret, schema_at, shown_value, waits_for_next_start
from quarterdeck.core.thought import tidy_answer
from quarterdeck.errors import NotFound, ThinkerError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from quarterdeck.config.loader import SettingValue
    from quarterdeck.ports.thinker import Thinkers
    from quarterdeck.supervisor.live_settings import LiveSettings
    from quarterdeck.supervisor.thought_engine import ThoughtEngine

SECTIONS = ("console", "thoughts", "notify", "defaults")
SPENT = "thoughts.spent"
TEST = "thoughts.test"
MODELS = "thoughts.models"
MODEL_KEY = "thoughts.model"
AGENT_KEY = "defaults.agent"
NOW = "now"
PROBE = "Answer with the one word: ready"
CHOSEN_FROM = 12
"""So many models are gone through with Enter; of more, the name is typed."""


class Setting(Struct, frozen=True, kw_only=True):
    """One setting as it is now."""

    key: str
    """Dotted, as in config.toml: `thoughts.engine`."""
    value: str
    help: str = ""
    source: str = "default"
    """Where the value comes from: `default`, `file`, `environment`, `option`."""
    choices: tuple[str, ...] = ()
    """The values it can take; none = free text."""
    is_secret: bool = False


class SettingsDesk:
    """Lists settings as they stand, and changes the one that is asked for."""

    def __init__(
        self, live: LiveSettings, engine: ThoughtEngine, thinkers: Thinkers, agents: Callable[[], Sequence[str]]
    ) -> None:
        self._live = live
        self._engine = engine
        self._thinkers = thinkers
        self._agents = agents
        """The installed ones."""
        self._shown: str | None = None
        self._tried = ""
        self._models: list[str] = []

    async def settings(self) -> list[Setting]:
        """Every setting that can be changed here, with what can be tried."""
        loaded, self._shown = self._live.loaded()
        texts = {key: text for key, text in help_texts().items() if key.count(".") == 1}
        help_of = {key: text for key, text in texts.items() if key.partition(".")[0] in SECTIONS}
        shown = [self._setting(value, help_of) for value in loaded.values() if value.key in help_of]
        first = next(place for place, each in enumerate(shown) if each.key.startswith("notify"))
        return [*shown[:first], *(await self._trials()), *shown[first:]]

    async def change(self, key: str, value: str) -> None:
        """Set one, or try what is tried."""
        if key == TEST:
            self._tried = await self._try()
        elif key == MODELS:
            await self._list_models()
        elif key != SPENT:
            if self._shown is None or schema_at(tuple(key.split("."))) is None:
                raise NotFound(f"There is no setting {key}.")
            self._live.change(key, value, self._shown)

    def _setting(self, value: SettingValue, help_of: Mapping[str, str]) -> Setting:
        choices = tuple(self._agents()) if value.key == AGENT_KEY else _choices(value.path)
        if value.key == MODEL_KEY and self._models:
            choices = ("", *self._models) if len(self._models) <= CHOSEN_FROM else ()
        known = f" Known: {', '.join(self._models)}." if value.key == MODEL_KEY and self._models and not choices else ""
        waits = " Takes effect at the next start." if waits_for_next_start(value.path) else ""
        return Setting(
            key=value.key,
            value=_as_text(value.path, shown_value(value.path, value.value)),
            help=help_of[value.key] + known + waits,
            source=value.origin,
            choices=choices,
            is_secret=is_secret(value.path),
        )

    async def _trials(self) -> list[Setting]:
        spent = await self._thinkers.spent(self._live.now.thoughts)
        counts = self._engine.skipped
        skipped = ", ".join(f"{count} {why}" for why, count in sorted(counts.items(), key=lambda item: item[0].name))
        skips = f" Sessions skipped: {skipped}." if skipped else ""
        said = f"{self._tried}\n" if self._tried else ""
        models = f"{len(self._models)} known" if self._models else ""
        number = f"{sum(counts.values())} skipped" if counts else ""
        trials = (
            (TEST, self._tried, f"{said}Ask the engine once and show what it says.", "Enter tries it"),
            (SPENT, number, f"Spent in the {spent}.{skips}", "Enter looks again"),
            (MODELS, models, "Ask the endpoint which models it has.", "Enter asks"),
        )
        return [
            Setting(key=key, value=value, help=text, source=source, choices=(NOW,))
            for key, value, text, source in trials
        ]

    async def _try(self) -> str:
        thinker = self._thinkers.thinker(self._live.now.thoughts)
        if thinker is None:
            return "lines are made here; there is no model to ask"
        try:
            answer = tidy_answer((await thinker.think(PROBE)).text)
        finally:
            await thinker.close()
        if not answer:
            raise ThinkerError(f"{thinker.name} said nothing.")
        return f"{thinker.name}: {answer}"

    async def _list_models(self) -> None:
        thinker = self._thinkers.thinker(self._live.now.thoughts)
        if thinker is None:
            raise ThinkerError("Lines are made here; there is no model to choose.")
        try:
            self._models = await thinker.models()
        finally:
            await thinker.close()
        if not self._models:
            raise ThinkerError(f"{thinker.name} does not say which models it has.")


def _choices(path: tuple[str, ...]) -> tuple[str, ...]:
    schema = schema_at(path) or {}
    if schema.get("type") == "boolean":
        return ("true", "false")
    return tuple(map(str, schema.get("enum", ())))


def _as_text(path: tuple[str, ...], value: object) -> str:
    """A value as it would be typed."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        words = [str(each) for each in value]
        return shlex.join(words) if is_command(path) else ", ".join(words)
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)
