"""The verbs that join Quarterdeck to the operator's tmux, shell and agents."""

from __future__ import annotations

from argparse import SUPPRESS

from quarterdeck.cli.table import Verb, arg

SHELL_VERBS: tuple[Verb, ...] = (
    Verb(
        name="bind",
        summary="the tmux key that opens the console or returns to it",
        example="quarterdeck bind g --popup  # prefix g opens it in a popup",
        runs="quarterdeck.cli.binding:bind",
        arguments=(
            arg("key", nargs="?", metavar="KEY", help="key after tmux's prefix, as tmux names it; a free one without"),
            arg("--popup", action="store_true", help="open it in a popup over what you see"),
            arg("--print", dest="only_print", action="store_true", help="only print the line for tmux.conf"),
            arg("--remove", action="store_true", help="take the key away again; without KEY every key of ours"),
        ),
    ),
    Verb(
        name="status-line",
        summary="one short line for tmux's status-right",
        example="tmux set -ag status-right ' #(quarterdeck status-line --colour)'",
        runs="quarterdeck.cli.status_line:run",
        arguments=(
            arg("--colour", action="store_true", help="in tmux's own styles"),
            arg("--ascii", action="store_true", help="without Unicode signs, as where the locale has none"),
        ),
        bare=True,
    ),
    Verb(
        name="console",
        summary="open the console, as no verb does",
        example="quarterdeck console",
        runs="quarterdeck.cli.console:run",
        arguments=(arg("--from-key", action="store_true", help=SUPPRESS),),
        hidden=True,
    ),
)
