#!/usr/bin/env python3
"""The parts of README that are made from the code: `python tests/readme.py` writes them, a test compares them."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "app"))

from quarterdeck.cli.verbs import VERBS  # noqa: E402 - a bare checkout has no installed package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from quarterdeck.cli.table import Verb

README = ROOT / "README.md"


def written(text: str) -> str:
    """README's text with the made parts as they must be."""
    for header, make in TABLES.items():
        head = f"{header}\n|{'---|' * (header.count('|') - 1)}\n"
        start = text.index(head) + len(head)
        end = re.compile(r"^(?!\|)", re.MULTILINE).search(text, start)
        text = text[:start] + "".join(f"{row}\n" for row in make()) + text[end.start() if end else len(text) :]
    return text


def command_rows(verbs: Sequence[Verb] = VERBS, before: str = "") -> Iterator[str]:
    """The table of commands, a row for each verb that runs something."""
    for verb in verbs:
        if verb.runs and not verb.hidden:
            yield f"| `{before}{verb.name}` | {verb.summary} |"
        yield from command_rows(verb.verbs, f"{before}{verb.name} ")


def key_rows() -> Iterator[str]:
    """The table of keys, a row for each action of the console."""
    from quarterdeck.tui.actions import ACTIONS, spoken

    for action in ACTIONS:
        keys = " ".join(f"`{spoken(key)}`" for key in action.keys)
        yield f"| {keys} | {action.help} | `{action.name}` |"
    yield "| `1`-`9` | Jump to that row | |"


def setting_rows() -> Iterator[str]:
    """The table of settings, a row for each key that always exists."""
    from quarterdeck.config.describe import documented_schema

    schema = documented_schema()
    yield from _below(schema, schema, "")


def _below(schema: dict[str, Any], whole: dict[str, Any], before: str) -> Iterator[str]:
    for name, value in schema.get("properties", {}).items():
        inner = whole["$defs"][value["$ref"].rsplit("/", 1)[1]] if "$ref" in value else value
        if "properties" in inner:
            yield from _below(inner, whole, f"{before}{name}.")
        elif "additionalProperties" not in inner:
            default = value.get("default", inner.get("default"))
            shown = "" if default in (None, "", [], ()) else f"`{_toml(default)}`"
            meaning = value.get("description", "").replace("|", "&#124;")
            yield f"| `{before}{name}` | {shown} | {meaning} |"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(each) for each in value) + "]"
    return f'"{value}"' if isinstance(value, str) else f"{value}"


def agent_rows() -> Iterator[str]:
    """The table of agents, and what each tells us."""
    from quarterdeck.ports.agent_spec import HookKind
    from quarterdeck.runtime.agent_loading import load_agents

    for agent in load_agents({}).all():
        readers: Any = cast("Any", agent).readers
        tells = [
            word
            for word, there in (
                ("hooks", agent.spec.hooks is not HookKind.NONE),
                ("its own list or server", readers.registry or readers.conversation_status),
                ("transcript", readers.transcripts),
                ("title", readers.title_rules),
                ("screen", readers.screen_rules),
            )
            if there
        ]
        resumed = "yes" if agent.spec.resume else "no"
        sources = ", ".join(tells) or "process and stillness only"
        yield f"| {agent.spec.name} | `{agent.spec.key}` | {sources} | {resumed} |"


def trial_rows() -> Iterator[str]:
    """The table of what was tried of each agent, with which version and when: `[[tried]]` in its file of rules."""
    from quarterdeck.runtime.agent_loading import load_agents

    for agent in load_agents({}).all():
        rules = cast("Any", agent).rules
        trials = sorted(rules.tried if rules else (), key=lambda trial: (trial.on, trial.version), reverse=True)
        if not trials:
            yield f"| {agent.spec.name} | | | never tried |{' |' * 6}"
        for trial in trials:
            parts = [(trial.right, "right"), (trial.unsure, "unsure"), (trial.wrong, "wrong")]
            told = ", ".join(f"{count} {word}" for count, word in parts if count)
            states = f"{trial.states}: {told}" if trial.states else ""
            if not trial.live:
                states = "from what is written about it alone"
            if trial.note:
                states = f"{states}; {trial.note}" if states else trial.note
            done = (trial.hooks, trial.answer, trial.send, trial.transcript, trial.resume, trial.detached)
            marks = " | ".join({True: "yes", False: "no", None: ""}[each] for each in done)
            yield f"| {agent.spec.name} | {trial.version} | {trial.on} | {states} | {marks} |"


def tmux_rows() -> Iterator[str]:
    """The table of tmux's versions that were tried, and what is to be minded of each."""
    from quarterdeck.core.tmux_versions import TRIED, minded

    for version in TRIED:
        yield f"| {version} | {' '.join(minded(version))} |"


TABLES: dict[str, Callable[[], Iterator[str]]] = {
    "| command | does |": command_rows,
    "| key | does | action |": key_rows,
    "| setting | default | meaning |": setting_rows,
    "| agent | `--tool` | what tells its state, best first | resumed |": agent_rows,
    "| agent | version | tried on | states | hooks | answer | send | transcript | resume | no pane |": trial_rows,
    "| tried on tmux | to be minded |": tmux_rows,
}
"""Header of each made table → its rows."""

if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
