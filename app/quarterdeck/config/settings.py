"""Every setting there is, in one model. The text under a field is its documentation, here and for the operator."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationInfo, field_validator, model_validator

from quarterdeck.config import fields
from quarterdeck.config.projects import Defaults, ProjectSettings, check_projects
from quarterdeck.config.user_agents import UserAgent

Channel = Literal["toast", "bell", "desktop", "command"]
Channels = Annotated[tuple[Channel, ...], BeforeValidator(fields.split_list)]


class Tmux(fields.Section):
    """How tmux is watched."""

    watch: Literal["auto", "poll"] = "auto"
    """`auto` listens to the kernel and to tmux and polls only where that is impossible; `poll` never listens."""
    poll_seconds: fields.Seconds = Field(default=1.0, ge=0.1, le=60)
    """How often a look is taken where nothing can be listened to."""
    resync_seconds: fields.Seconds = Field(default=15.0, ge=2, le=300)
    """How often a look is taken in any case, to notice what was not heard."""
    look_timeout_seconds: fields.Seconds = Field(default=2.0, ge=0.2, le=60)
    """How long one look may take before it counts as failed."""
    command_timeout_seconds: fields.Seconds = Field(default=5.0, ge=0.5, le=120)
    """How long tmux may take to do what it was told."""


class Console(fields.Section):
    """How the console looks when it opens."""

    theme: str = Field(default="dark", min_length=1, max_length=60)
    """Name of a theme: one of ours, or a file in the folder `themes` beside the settings."""
    preview: Literal["auto", "right", "below", "off"] = "auto"
    """Where the preview of the selected session is; `auto` goes by the size of the terminal."""
    group: Literal["none", "session", "repo", "project", "state"] = "none"
    """How the rows are grouped."""
    view: Annotated[str, fields.AT_NEXT_START] = ""
    """Name of the saved view to begin with."""
    ascii: Annotated[fields.Flag, fields.AT_NEXT_START] = False
    """Draw with plain ASCII signs, for fonts that lack the others."""
    mouse: Annotated[fields.Flag, fields.AT_NEXT_START] = True
    """Whether the mouse may be used; without it the terminal selects text as always."""


class ThoughtSettings(fields.Section):
    """Where the line that says why an agent does what it does comes from."""

    enabled: fields.Flag = True
    """Whether thoughts are made at all."""
    backend: Literal["local", "command", "openai"] = "local"
    """`local` asks no model, and nothing leaves this machine; the others are given words from the pane."""
    command: fields.Command = ()
    """Program that reads a prompt and answers with one line, such as `claude -p`; for the backend `command`."""
    url: str = Field(default="https://openrouter.ai/api/v1", max_length=500)
    """Base address of an OpenAI-compatible endpoint; for the backend `openai`."""
    model: str = Field(default="", max_length=200)
    """Model to ask; empty leaves it to the program or endpoint."""
    key: SecretStr = SecretStr("")
    """Key of the endpoint; better given as QUARTERDECK_THOUGHTS_KEY than written down here."""
    key_variable: fields.VariableName = ""
    """Name of another environment variable that holds the key."""
    key_file: fields.WholePath | None = None
    """File that holds nothing but the key."""
    tick_seconds: fields.Seconds = Field(default=15.0, ge=0.25, le=300)
    """Shortest time between two questions to a model about one session, whatever is new."""
    cadence_hot_seconds: fields.Seconds = Field(default=15.0, ge=5, le=300)
    """Shortest time between two thoughts of a session whose objective has just moved."""
    cadence_warm_seconds: fields.Seconds = Field(default=45.0, ge=5, le=600)
    """The same, for an objective that has been stable for a while; at least the hot one."""
    cadence_cold_seconds: fields.Seconds = Field(default=120.0, ge=5, le=1800)
    """The same, for an objective that has long been stable; at least the warm one."""
    timeout_seconds: fields.Seconds = Field(default=15.0, ge=1, le=120)
    """How long a program or endpoint may take for one thought."""
    concurrency: fields.Count = Field(default=2, ge=1, le=16)
    """How many thoughts may be asked for at once."""
    calls_per_hour: fields.Count = Field(default=120, ge=0)
    """Most calls to a program or endpoint in an hour; 0 is no limit."""
    calls_per_day: fields.Count = Field(default=1000, ge=0)
    """Most calls in a day; 0 is no limit."""
    tokens_per_hour: fields.Count = Field(default=0, ge=0)
    """Most tokens, sent and received, in an hour; 0 is no limit."""
    tokens_per_day: fields.Count = Field(default=0, ge=0)
    """Most tokens in a day; 0 is no limit."""
    agent_prompt: str = Field(default="", max_length=4000)
    """Instructions for thoughts about agents, in place of the built-in ones."""
    terminal_prompt: str = Field(default="", max_length=4000)
    """Instructions for thoughts about plain terminals, in place of the built-in ones."""

    @field_validator("cadence_warm_seconds", "cadence_cold_seconds")
    @classmethod
    def _slower_than_the_one_before(cls, value: float, info: ValidationInfo) -> float:
        faster = "cadence_hot_seconds" if info.field_name == "cadence_warm_seconds" else "cadence_warm_seconds"
        if value < info.data.get(faster, 0):
            raise fields.wrong(f"at least {faster} ({info.data[faster]:g})")
        return value

    @model_validator(mode="after")
    def _backend_has_what_it_needs(self) -> ThoughtSettings:
        if self.backend == "command" and not self.command:
            raise fields.wrong('a program, since the backend is "command"', at="command")
        if self.backend == "openai" and not self.url.startswith(("http://", "https://")):
            raise fields.wrong('an address with http:// or https://, since the backend is "openai"', at="url")
        return self


class Notify(fields.Section):
    """How the operator is told that a session begins to need them, once for each need."""

    permission: Channels = ("toast", "bell")
    """Channels for a permission an agent asks for; an empty list is off."""
    question: Channels = ("toast", "bell")
    """Channels for a question an agent asks."""
    finished: Channels = ("toast",)
    """Channels for a turn that is over and that nobody has looked at."""
    error: Channels = ("toast",)
    """Channels for a session that met an error."""
    command: fields.Command = ()
    """Program that is told on its standard input; for the channel `command`."""
    quiet_hours: fields.Hours = ""
    """Hours in which only toasts are shown, such as `22:00-07:30`, in local time."""
    together_seconds: fields.Seconds = Field(default=2.0, ge=0, le=60)
    """Needs that begin within this time are told as one message."""


class Events(fields.Section):
    """The activity log."""

    keep_days: fields.Count = Field(default=7, ge=1, le=3650)
    """How long an event is kept."""


class Settings(fields.Section):
    """All settings. Defaults hold for what the file and the environment leave out."""

    tmux: Annotated[Tmux, fields.AT_NEXT_START] = Tmux()
    """How tmux is watched."""
    console: Annotated[Console, fields.AT_NEXT_START] = Console()
    """How the console looks when it opens."""
    thoughts: ThoughtSettings = ThoughtSettings()
    """Where thoughts come from, and what they may cost."""
    notify: Notify = Notify()
    """How the operator is told."""
    events: Annotated[Events, fields.AT_NEXT_START] = Events()
    """The activity log."""
    keys: Annotated[fields.KeyTable, fields.AT_NEXT_START] = Field(default_factory=dict)
    """Action name → its keys: a list, or one text with commas; an empty one leaves the action without a key."""
    views: Annotated[dict[str, str], fields.AT_NEXT_START] = Field(default_factory=dict)
    """Name → filter, such as `waiting = "needs:any !repo:scratch"`."""
    defaults: Defaults = Defaults()
    """What holds for every project that does not say otherwise."""
    projects: dict[str, ProjectSettings] = Field(default_factory=dict)
    """Repositories in which agents can be spawned, by name."""
    agents: dict[str, UserAgent] = Field(default_factory=dict)
    """Agents of the operator's own, or changes to the built-in ones, by name."""

    @model_validator(mode="after")
    def _whole(self) -> Settings:
        check_projects(self.projects)
        if self.console.view and self.console.view not in self.views:
            raise fields.wrong("the name of a view in [views]", at="console.view")
        return self
