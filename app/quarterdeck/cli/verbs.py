"""Every verb there is. A verb stands here once it works: one row, and one small module that runs it."""

from __future__ import annotations

from quarterdeck.cli.table import Verb, arg

CONFIG = Verb(
    name="config",
    summary="settings, with where each value comes from",
    example="quarterdeck config show  # every setting and its origin",
    verbs=(
        Verb(
            name="path",
            summary="where the settings file is",
            example='"$EDITOR" "$(quarterdeck config path)"  # edit it',
            runs="quarterdeck.cli.config:path",
        ),
        Verb(
            name="show",
            summary="every setting, its value and where that comes from",
            example="quarterdeck config show thoughts  # one section",
            runs="quarterdeck.cli.config:show",
            arguments=(arg("section", nargs="?", metavar="KEY", help="only this section or key"),),
        ),
        Verb(
            name="check",
            summary="whether the settings are right; exit 78 if not",
            example="quarterdeck config check",
            runs="quarterdeck.cli.config:check",
        ),
        Verb(
            name="schema",
            summary="JSON schema of the settings file, for editors",
            example="quarterdeck config schema > config.schema.json",
            runs="quarterdeck.cli.config:schema",
        ),
    ),
)

VERBS: tuple[Verb, ...] = (
    Verb(
        name="doctor",
        summary="checks tmux, git, folders and settings; exit 1 if any fails",
        example="quarterdeck doctor --json  # for scripts",
        runs="quarterdeck.cli.doctor:run",
    ),
    CONFIG,
)

CONSOLE = "quarterdeck.cli.console:run"
"""What runs when no verb is given."""
