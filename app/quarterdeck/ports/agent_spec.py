"""The descriptor of a coding agent: how it is started, answered, resumed and ended, as data."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct, field

from quarterdeck.core.session import DEFAULT_CONTEXT_LIMIT, ShownAgent
from quarterdeck.core.typed_text import InputHabits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class PromptDelivery(StrEnum):
    """How the first task reaches an agent."""

    ARGUMENT = "argument"
    """As one word of the command line."""
    PASTE = "paste"
    """Pasted into the prompt once the agent is ready."""


class Permissions(StrEnum):
    """How much an agent may do without asking."""

    DEFAULT = "default"
    """What the agent's own settings say."""
    SUGGEST = "suggest"
    """It asks before every change."""
    AUTO_EDIT = "auto-edit"
    """It edits files unasked."""
    PERMISSIONLESS = "permissionless"
    """It asks for nothing."""


class HookKind(StrEnum):
    """How an agent can be told to report."""

    NONE = "none"
    SETTINGS = "settings"
    """Entries in a JSON file of the agent's."""
    PLUGIN = "plugin"
    """A file of ours in a folder the agent loads."""


class Press(StrEnum):
    """How a choice of a dialog is made with keys."""

    NUMBER = "number"
    """The choice's number; it acts at once."""
    NUMBER_ENTER = "number_enter"
    """The choice's number marks it, Enter takes it."""
    DOWN_ENTER = "down_enter"
    """Arrow down from the first choice, then Enter."""
    RIGHT_ENTER = "right_enter"
    """Arrow right from the first choice, then Enter."""
    TEXT_ENTER = "text_enter"
    """The answer typed out, then Enter."""


class AgentDialog(Struct, frozen=True, kw_only=True):
    """How one kind of dialog is answered."""

    press: Press
    own_words: str = ""
    """Pattern of the choice that lets the operator write; "" = a dialog of this kind takes no words."""
    own_words_keys: tuple[str, ...] = ()
    """Keys that open the place to write once that choice is marked; none = its number does."""
    arrows: str = ""
    """Pattern of the questions whose choices have no number that acts: arrows mark one, and Enter takes it."""
    tick: tuple[str, ...] = ()
    """Keys that tick the marked choice, where several may be; none = its number does."""
    several_done: tuple[str, ...] = ()
    """Keys after the numbers where several choices may be ticked; none = how that is answered is not known."""
    confirmed: str = ""
    """Pattern of the choices that are not taken before they have been confirmed, in a dialog that follows."""
    confirmation: str = ""
    """Pattern of what that dialog asks; its first choice, which is marked, confirms."""
    several_done_choice: str = ""
    """Pattern of the choice that hands several in; "" = keys do."""
    cancel: tuple[str, ...] = ("Escape",)
    """Keys, by tmux's names, that close the dialog without an answer. They may end the agent's turn."""

    def takes_arrows(self, question: str) -> bool:
        """Whether the choices of this question have no number that acts."""
        return bool(self.arrows) and re.search(self.arrows, question) is not None

    def to_write(self, choices: Sequence[str]) -> int | None:
        """The number of the choice that answers nothing by itself, but lets the operator write."""
        if not self.own_words or self.own_words_keys:
            return None
        return next((number for number, each in enumerate(choices, 1) if re.search(self.own_words, each)), None)


class ServiceSign(NamedTuple):
    """A file that is there while an agent's own service may have conversations that no pane shows."""

    variable: str
    """The environment variable that moves the agent's folder."""
    folder: str
    """That folder, below the home folder, where the variable is not set."""
    file: str
    """In that folder."""


class AgentSpec(Struct, frozen=True, kw_only=True):
    """One kind of coding agent, as data."""

    key: str
    """Our short name: `claude`."""
    name: str
    """As shown: `Claude Code`."""
    commands: tuple[str, ...]
    """Names its program runs under; the first is the one we start."""
    scripts: tuple[str, ...] = ()
    """Parts of a path by which an interpreter's script is known to be this agent."""
    context_limit: int = DEFAULT_CONTEXT_LIMIT
    launch_flags: tuple[str, ...] = ()
    """Always given when we start it."""
    permission_flags: Mapping[Permissions, tuple[str, ...]] = field(default_factory=dict)
    model_flag: tuple[str, ...] = ("--model",)
    """Words before the model's name; empty when it takes none."""
    model_extras: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Beginning of a model's name → further words that such a model is given."""
    prompt_delivery: PromptDelivery = PromptDelivery.PASTE
    prompt_flag: tuple[str, ...] = ()
    """Words before the prompt on the command line."""
    system_flag: tuple[str, ...] = ()
    """Words before standing instructions; where one says `{text}`, or `{json}`, the value goes there.

    Without any they go in front of the prompt.
    """
    session_id_flag: tuple[str, ...] = ()
    """Words before a conversation id of our choosing."""
    subagent_flag: tuple[str, ...] = ()
    """Words before the name of the persona it shall take on; empty when it knows none."""
    resume: tuple[str, ...] = ()
    """Command line that continues a conversation: `{id}` is its id. Empty: it cannot be continued."""
    resume_latest: tuple[str, ...] = ()
    """Command line that continues the newest conversation of the folder."""
    delete: tuple[str, ...] = ()
    """Command line that deletes a conversation: `{id}` is its id. Empty: it cannot be deleted from outside."""
    conversation_words: tuple[str, ...] = ()
    """Words of its command line that a conversation's id follows."""
    conversation_pattern: str = ""
    """What the whole of a conversation's id must match before one is gone on with or deleted; "" = anything."""
    remaps: bool = False
    """Whether `remap` can find its conversation again."""
    habits: InputHabits = InputHabits()
    queue_key: str = "Enter"
    """The key that hands over a message while the agent works, without disturbing its turn."""
    submits_once: bool = False
    """Whether the key that submits is pressed once and no more: it prints like a shell, so that a line which was taken
    looks like one that was not, and the next key would answer what it asks next."""
    quit: tuple[str, ...] = ()
    """What is typed to end it, if it has a command for that."""
    env: Mapping[str, str] = field(default_factory=dict)
    home_variables: tuple[str, ...] = ()
    """Environment variables of its own process that say where its files or its service are."""
    service_signs: tuple[ServiceSign, ...] = ()
    """Any of these says that its service is worth asking."""
    hooks: HookKind = HookKind.NONE
    skill_folder: str = ""
    """Folder below the home folder that holds a folder for each skill; "" when it has none."""
    permission_dialog: AgentDialog | None = None
    question_dialog: AgentDialog | None = None
    install: str = ""
    """How to get it, for `doctor`."""

    @property
    def shown(self) -> ShownAgent:
        """What rows say of it."""
        return ShownAgent(key=self.key, name=self.name, context_limit=self.context_limit)
