"""The verbs that join Quarterdeck to the operator's tmux, shell and agents."""

from __future__ import annotations

from argparse import SUPPRESS

from quarterdeck.cli.table import Verb, arg, port

HOOK_AGENTS = arg(
    "agent", nargs="*", metavar="AGENT", help="only of these; by default, of each that is on this machine"
)
DIFF = arg("--diff", action="store_true", help="show every line that changes, not a summary")
YES = arg("--yes", action="store_true", help="do not ask")

HOOKS = Verb(
    name="hooks",
    summary="let agents report what they do, by hooks of their own",
    example="quarterdeck hooks install claude  # shows the change and asks",
    verbs=(
        Verb(
            name="install",
            summary="let agents report what they do; shows the change, asks, and keeps a backup",
            example="quarterdeck hooks install claude",
            runs="quarterdeck.cli.hooks:install",
            arguments=(HOOK_AGENTS, DIFF, YES),
        ),
        Verb(
            name="uninstall",
            summary="take our hooks out of agents' settings again",
            example="quarterdeck hooks uninstall",
            runs="quarterdeck.cli.hooks:uninstall",
            arguments=(HOOK_AGENTS, DIFF, YES),
        ),
        Verb(
            name="status",
            summary="which agents report to us, and when each was last heard",
            example="quarterdeck hooks status --json  # for scripts",
            runs="quarterdeck.cli.hooks:status",
            arguments=(HOOK_AGENTS,),
        ),
    ),
)

SHELL_VERBS: tuple[Verb, ...] = (
    Verb(
        name="bind",
        summary="the tmux key that opens the console or returns to it",
        example="quarterdeck bind g --popup  # prefix g opens it in a popup",
        runs="quarterdeck.cli.bind:bind",
        arguments=(
            arg(
                "key", nargs="?", metavar="KEY", help="key after tmux's prefix, as tmux names it; by default a free one"
            ),
            arg("--popup", action="store_true", help="open it in a popup over what you see"),
            arg("--print", dest="only_print", action="store_true", help="only print the line for tmux.conf"),
            arg(
                "--remove",
                action="store_true",
                help="remove the key again; without KEY, every key that opens Quarterdeck",
            ),
        ),
    ),
    HOOKS,
    Verb(
        name="status-line",
        summary="one short line for tmux's status-right",
        example="tmux set -ag status-right ' #(quarterdeck status-line --colour)'",
        runs="quarterdeck.cli.status_line:run",
        arguments=(
            arg("--colour", action="store_true", help="in tmux's own styles"),
            arg("--ascii", action="store_true", help="without Unicode signs, as in a locale that has none"),
        ),
        bare=True,
    ),
    Verb(
        name="serve",
        summary="the console in a browser of this machine, for whoever has the address",
        example="quarterdeck serve  # prints the address; needs pip install 'quarterdeck[web]'",
        runs="quarterdeck.cli.serve:run",
        arguments=(arg("--port", type=port, default=0, metavar="N", help="port to listen on; by default a free one"),),
    ),
    Verb(
        name="export",
        summary="print all that is kept (sessions, thoughts, work, events) as JSON",
        example="quarterdeck export > state.json",
        runs="quarterdeck.cli.transfer:export",
    ),
    Verb(
        name="import",
        summary="merge an export into what is kept here; what is newer here stays",
        example="quarterdeck import state.json",
        runs="quarterdeck.cli.transfer:take",
        arguments=(arg("file", metavar="FILE", help="what export printed; - reads it from standard input"),),
    ),
    Verb(
        name="completions",
        summary="completion of verbs, options, sessions, projects and agents for your shell",
        example='eval "$(quarterdeck completions bash)"  # in ~/.bashrc',
        runs="quarterdeck.cli.completions:run",
        arguments=(arg("shell", choices=("bash", "zsh", "fish"), help="the shell to complete in"),),
    ),
    Verb(
        name="names",
        summary="names to complete, one a line, each with what it is",
        example="quarterdeck names session ap",
        runs="quarterdeck.cli.names:run",
        arguments=(
            arg("kind", choices=("session", "kept", "project", "agent"), help="the kind of names"),
            arg("prefix", nargs="?", default="", metavar="PREFIX", help="only those that begin with this"),
        ),
        bare=True,
        hidden=True,
    ),
    Verb(
        name="console",
        summary="open the console, as without a verb",
        example="quarterdeck console",
        runs="quarterdeck.cli.console:run",
        arguments=(
            arg("--from-key", action="store_true", help=SUPPRESS),
            arg("--in-browser", action="store_true", help=SUPPRESS),
        ),
        hidden=True,
    ),
)
