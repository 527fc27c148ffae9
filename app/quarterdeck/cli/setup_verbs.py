"""The verbs that set Quarterdeck up and let others use it: keys, hooks, settings, state, completions."""

from __future__ import annotations

from argparse import SUPPRESS

from quarterdeck.cli.table import (
    DIFF,
    HOOK_AGENTS,
    ONE_SESSION,
    YES,
    Verb,
    arg,
    port,
)

TRUTHS = ("idle", "finished", "interrupted", "working", "waiting-permission", "waiting-answer", "error", "exited")
"""What an agent can truly be doing, in the words of recordings."""
CONSOLE = "console:run"
"""What runs when no verb is given."""

SETUP_VERBS: tuple[Verb, ...] = (
    Verb(
        "bind",
        "set the tmux key that opens the console or returns to it",
        "quarterdeck bind g --popup  # prefix g opens it in a popup",
        "bind:bind",
        arg("key", nargs="?", metavar="KEY", help="key after tmux's prefix, as tmux names it; by default a free one"),
        arg("--popup", action="store_true", help="open it in a popup over what you see"),
        arg("--print", dest="only_print", action="store_true", help="only print the line for tmux.conf"),
        arg(
            "--remove", action="store_true", help="remove the key again; without KEY, every key that opens Quarterdeck"
        ),
    ),
    Verb(
        "agents",
        "list the agents: their versions here, the rules they are read by, and what their states came from",
        "quarterdeck agents --json  # for scripts",
        "agent_verbs:list_all",
        verbs=(
            Verb(
                "record",
                "write all that is seen of an agent into a folder, without secrets and names, to send with a report",
                "quarterdeck agents record web --as waiting-permission",
                "agent_verbs:record",
                ONE_SESSION,
                arg("--as", dest="truth", choices=TRUTHS, help="what it truly does, where its row is wrong"),
                arg("--name", metavar="NAME", help="what to call it; by default what it does"),
                arg("--out", metavar="DIR", help="the folder for it (./recordings)"),
            ),
        ),
    ),
    Verb(
        "hooks",
        "let agents report what they do, through their own hooks",
        "quarterdeck hooks install claude  # shows the change and asks",
        verbs=(
            Verb(
                "install",
                "let agents report what they do; shows the change, asks, and keeps a backup",
                "quarterdeck hooks install claude",
                "hooks:install",
                *(HOOK_AGENTS, DIFF, YES),
            ),
            Verb(
                "uninstall",
                "take our hooks out of agents' settings again",
                "quarterdeck hooks uninstall",
                "hooks:uninstall",
                *(HOOK_AGENTS, DIFF, YES),
            ),
            Verb(
                "status",
                "say which agents report, and when each last did",
                "quarterdeck hooks status --json  # for scripts",
                "hooks:status",
                HOOK_AGENTS,
            ),
        ),
    ),
    Verb(
        "status-line",
        "print one short line for tmux's status-right",
        "tmux set -ag status-right ' #(quarterdeck status-line --colour)'",
        "status_line:run",
        arg("--colour", action="store_true", help="in tmux's own styles"),
        arg("--ascii", action="store_true", help="without Unicode signs, as in a locale that has none"),
        bare=True,
    ),
    Verb(
        "serve",
        "serve the console to a browser on this machine, for whoever has the address",
        "quarterdeck serve  # prints the address; needs pip install 'quarterdeck[web]'",
        "console:serve",
        arg("--port", type=port, default=0, metavar="N", help="port to listen on; by default a free one"),
    ),
    Verb(
        "export",
        "print all that is kept (sessions, thoughts, work, events) as JSON",
        "quarterdeck export > state.json",
        "transfer:export",
    ),
    Verb(
        "import",
        "merge an export into what is kept here; what is newer here stays",
        "quarterdeck import state.json",
        "transfer:take",
        arg("file", metavar="FILE", help="what export printed; - reads it from standard input"),
    ),
    Verb(
        "completions",
        "print shell completion of verbs, options, sessions, projects and agents",
        'eval "$(quarterdeck completions bash)"  # in ~/.bashrc',
        "completions:run",
        arg("shell", choices=("bash", "zsh", "fish"), help="the shell to complete in"),
    ),
    Verb(
        "shell-integration",
        "print what makes a shell tell which command runs and how it ended",
        "quarterdeck shell-integration bash >> ~/.bashrc",
        "shell_integration:run",
        arg("shell", choices=("bash", "zsh", "fish"), help="the shell that is to tell"),
    ),
    Verb(
        "names",
        "print names to complete, one a line, each with what it is",
        "quarterdeck names session ap",
        "completions:print_names",
        arg("kind", choices=("session", "kept", "project", "agent"), help="the kind of names"),
        arg("prefix", nargs="?", default="", metavar="PREFIX", help="only those that begin with this"),
        bare=True,
        hidden=True,
    ),
    Verb(
        "console",
        "open the console, as without a verb",
        "quarterdeck console",
        CONSOLE,
        arg("--from-key", action="store_true", help=SUPPRESS),
        arg("--in-browser", action="store_true", help=SUPPRESS),
        hidden=True,
    ),
    Verb(
        "config",
        "show, check or edit the settings",
        "quarterdeck config show  # every setting and its origin",
        verbs=(
            Verb("path", "print where the settings file is", 'cat "$(quarterdeck config path)"', "config:path"),
            Verb(
                "show",
                "print every setting, its value and where that comes from",
                "quarterdeck config show thoughts  # one section",
                "config:show",
                arg("section", nargs="?", metavar="KEY", help="only this section or key"),
            ),
            Verb("check", "check the settings; exit 78 if any is wrong", "quarterdeck config check", "config:check"),
            Verb(
                "edit",
                "edit the settings; kept only when they are right",
                "EDITOR=nano quarterdeck config edit",
                "config:edit",
            ),
            Verb(
                "schema",
                "print the JSON schema of the settings file, for editors",
                "quarterdeck config schema > config.schema.json",
                "config:schema",
            ),
        ),
    ),
)
