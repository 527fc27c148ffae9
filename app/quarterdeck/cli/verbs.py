"""Every verb there is. A verb stands here once it works: one row, and one small module that runs it."""

from __future__ import annotations

from argparse import SUPPRESS

from quarterdeck.cli.table import Verb, arg, count_from, port

ONE_SESSION = arg("session", metavar="SESSION", help="an id, an exact tmux name, or an unambiguous prefix of either")
MANY_SESSIONS = arg("session", nargs="+", metavar="SESSION", help="ids, exact tmux names, or unambiguous prefixes")
SPAWNED = arg("session", metavar="SESSION", help="id of a spawned session, or an unambiguous prefix")
PROJECT = arg("project", metavar="PROJECT", help="a project from the settings")
AGENT_ARGUMENT = arg("--agent", metavar="A", help="agent to start, in place of the project's")
ORCHESTRATOR_ARGUMENTS = (
    PROJECT,
    AGENT_ARGUMENT,
    arg("--prompt-file", metavar="F", help="file with more standing instructions for it"),
)
HOOK_AGENTS = arg("agent", nargs="*", metavar="AGENT", help="only these; by default, every agent on this machine")
DIFF = arg("--diff", action="store_true", help="show every line that changes, not a summary")
YES = arg("--yes", action="store_true", help="do not ask")

CONSOLE = "console:run"
"""What runs when no verb is given."""

VERBS: tuple[Verb, ...] = (
    Verb(
        "ls",
        "list the live sessions",
        "quarterdeck ls --json  # for scripts",
        "ls_show:list_sessions",
        arg("--all", action="store_true", help="also stale sessions and those that ended"),
    ),
    Verb(
        "show",
        "show all about one session: state, thoughts, events and its last lines",
        "quarterdeck show work --lines 40",
        "ls_show:show",
        ONE_SESSION,
        arg("--lines", type=count_from(0), default=20, metavar="N", help="lines of its screen to show (20)"),
        arg("--why", action="store_true", help="also say which rule its state comes from"),
    ),
    Verb(
        "new",
        "start a new tmux session, with an agent in it when one is named",
        'quarterdeck new fix --cwd ~/web --tool claude --request "Fix the login test"',
        "session_verbs:new",
        arg("name", nargs="?", metavar="NAME", help="its tmux name; by default the next free number"),
        arg("--cwd", metavar="DIR", help="folder to start in; by default this one"),
        arg("--tool", metavar="T", help="agent to start, such as claude or codex"),
        arg("--request", metavar="TEXT", help="what the agent is to do; - reads it from standard input"),
    ),
    Verb(
        "attach",
        "go to a session: switch there inside tmux, attach outside",
        "quarterdeck attach work",
        "attach_back:attach",
        ONE_SESSION,
    ),
    Verb(
        "back",
        "return to the console on this tmux server",
        "quarterdeck back",
        "attach_back:back",
        arg("--open", action="store_true", help="open one where none runs, in a session of its own"),
        arg("--client", metavar="NAME", help=SUPPRESS),
    ),
    Verb(
        "kill",
        "end sessions",
        "quarterdeck kill sess_3 --detach  # forget it, leave tmux alone",
        "session_verbs:kill",
        MANY_SESSIONS,
        arg("--detach", action="store_true", help="only stop watching; the tmux session goes on"),
        arg("--keep", action="store_true", help="for a spawned session: first keep unsaved work as a commit"),
    ),
    Verb(
        "adopt",
        "watch a tmux session, as a new one or as a known one that went stale",
        "quarterdeck adopt web --as sess_3",
        "session_verbs:adopt",
        arg("name", metavar="NAME", help="the tmux session's exact name"),
        arg("--as", dest="identity", metavar="SESSION", help="id of the stale session that it is"),
    ),
    Verb(
        "send",
        "send a message to sessions, and say whether it was delivered, queued or unconfirmed",
        'quarterdeck send web api -- "Run the tests again"',
        "send_answer:send",
        arg("words", nargs="*", metavar="SESSION", help="sessions, then -- and the text; or one, and TEXT or -"),
        arg("--no-wait", action="store_true", help="type and submit it, and do not wait for proof"),
        arg("--now", action="store_true", help="type it whatever is in the way: a draft, a dialog, a human"),
        arg("--keys", nargs="+", metavar="KEY", help="press these keys instead, by tmux's names"),
        arg("--held", action="store_true", help="list the messages that wait"),
        arg("--edit", type=int, metavar="ID", help="change the text of a message that waits"),
        arg("--withdraw", type=int, metavar="ID", help="take back a message that waits"),
        takes_rest=True,
    ),
    Verb(
        "answer",
        "answer the open question or permission; without a choice, show it",
        "quarterdeck answer web 1",
        "send_answer:answer",
        ONE_SESSION,
        arg("choice", nargs="?", metavar="CHOICE", help="a number, key or words; several as 1,3; free text"),
        takes_rest=True,
    ),
    Verb(
        "events",
        "print the activity log",
        'quarterdeck events --since 2h --kind "session.*" --json',
        "events_watch:events",
        arg("--session", metavar="S", help="only of this session, by id or name"),
        arg("--project", metavar="P", help="only of this project"),
        arg("--kind", metavar="K", help="only of this kind; session.* means all that begin with session."),
        arg("--level", choices=("debug", "info", "warn", "error"), help="this level and above"),
        arg("--since", metavar="T", help="an age such as 10m or 2h, or a date and time"),
        arg("--search", metavar="Q", help="only with these words"),
        arg("--limit", type=count_from(1), default=500, metavar="N", help="at most this many, the newest (500)"),
        arg("--follow", action="store_true", help="go on printing events as they happen"),
    ),
    Verb(
        "thoughts",
        "take thoughts from an engine of your own",
        "my-engine | quarterdeck thoughts ingest",
        verbs=(
            Verb(
                "ingest",
                "read thought updates, one JSON object a line, and say how many counted",
                "my-engine | quarterdeck thoughts ingest",
                "transfer:ingest",
                arg("--follow", action="store_true", help="say after each update how many counted so far"),
            ),
        ),
    ),
    Verb(
        "watch",
        "watch without a screen: keep what is known up to date, notify, print one event a line",
        "quarterdeck watch --json",
        "events_watch:watch",
        arg("--print-unit", action="store_true", help="only print a systemd user unit that runs this"),
    ),
    Verb(
        "doctor",
        "check tmux, git, folders, settings, agents, hooks, state and engine; exit 1 if any check fails",
        "quarterdeck doctor --json  # for scripts",
        "doctor:run",
    ),
    Verb(
        "spawn",
        "start a worker: an agent in its own git worktree",
        'quarterdeck spawn web --issue 42 --prompt "Fix the login redirect"',
        "work_verbs:spawn_worker",
        arg("project", nargs="?", metavar="PROJECT", help="a project from the settings; by default this folder's"),
        arg("--issue", metavar="ID", help="issue to work on, fetched from the project's tracker"),
        arg("--prompt", metavar="TEXT", help="what to do; - reads it from standard input"),
        AGENT_ARGUMENT,
        arg("--branch", metavar="B", help="branch to work on, in place of one made from the issue"),
    ),
    Verb(
        "orchestrator",
        "start a project's one orchestrator: an agent that plans and spawns workers",
        "quarterdeck orchestrator ensure web",
        verbs=(
            Verb(
                "ensure",
                "start it unless it runs",
                "quarterdeck orchestrator ensure web",
                "work_verbs:orchestrator_ensure",
                *ORCHESTRATOR_ARGUMENTS,
            ),
            Verb(
                "relaunch",
                "end it, and start it anew",
                "quarterdeck orchestrator relaunch web",
                "work_verbs:orchestrator_relaunch",
                *ORCHESTRATOR_ARGUMENTS,
            ),
        ),
    ),
    Verb(
        "restore",
        "bring back a session that ended or went stale, with its conversation",
        "quarterdeck restore web-3",
        "work_verbs:restore_session",
        ONE_SESSION,
    ),
    Verb(
        "remap",
        "find an OpenCode session's conversation again",
        "quarterdeck remap web-3 --force",
        "work_verbs:remap_session",
        SPAWNED,
        arg("--force", action="store_true", help="also when one is known already"),
    ),
    Verb(
        "claim-pr",
        "let a worker take over an open pull request",
        "quarterdeck claim-pr web-3 118 --assign",
        "work_verbs:claim",
        SPAWNED,
        arg("pr", metavar="PR", help="its number or address"),
        arg("--assign", action="store_true", help="assign it to you as well"),
    ),
    Verb(
        "cleanup",
        "end workers that are done or dead",
        "quarterdeck cleanup web --dry-run",
        "work_verbs:clean_up",
        arg("project", nargs="?", metavar="PROJECT", help="only this project's"),
        arg("--dry-run", action="store_true", help="only say what would be ended"),
        arg("--keep", action="store_true", help="keep unsaved work as a commit first, and end those too"),
        arg("--purge", action="store_true", help="also delete the OpenCode conversations of all that is over"),
    ),
    Verb(
        "report",
        "say what this session's agent is doing (run by the agent)",
        'quarterdeck report pr_created --pr https://github.com/me/web/pull/7 --note "ready"',
        "work_verbs:report_state",
        arg("state", metavar="STATE", help="started, working, waiting, needs_input, pr_created, completed, …"),
        arg("--note", metavar="N", help="a few words"),
        arg("--pr", metavar="URL", help="the pull request's address"),
    ),
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
