"""Every verb there is. A verb stands here once it works: one row, and one small module that runs it."""

from __future__ import annotations

from argparse import SUPPRESS

from quarterdeck.cli.table import Verb, arg, count_from
from quarterdeck.cli.verbs_shell import SHELL_VERBS
from quarterdeck.cli.verbs_work import WORK_VERBS

CONFIG = Verb(
    name="config",
    summary="settings, with where each value comes from",
    example="quarterdeck config show  # every setting and its origin",
    verbs=(
        Verb(
            name="path",
            summary="where the settings file is",
            example='cat "$(quarterdeck config path)"',
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
            name="edit",
            summary="edit the settings; kept only when they are right",
            example="EDITOR=nano quarterdeck config edit",
            runs="quarterdeck.cli.config_edit:edit",
        ),
        Verb(
            name="schema",
            summary="JSON schema of the settings file, for editors",
            example="quarterdeck config schema > config.schema.json",
            runs="quarterdeck.cli.config:schema",
        ),
    ),
)

SESSION = arg("session", metavar="SESSION", help="an id, an exact tmux name, or an unambiguous prefix of either")
SESSIONS = arg("session", nargs="+", metavar="SESSION", help="ids, exact tmux names, or unambiguous prefixes")

VERBS: tuple[Verb, ...] = (
    Verb(
        name="ls",
        summary="the live sessions, once",
        example="quarterdeck ls --json  # for scripts",
        runs="quarterdeck.cli.ls_show:list_sessions",
        arguments=(arg("--all", action="store_true", help="also stale sessions and those that ended"),),
    ),
    Verb(
        name="show",
        summary="one session whole: state, thoughts, events and last words",
        example="quarterdeck show work --lines 40",
        runs="quarterdeck.cli.ls_show:show",
        arguments=(
            SESSION,
            arg("--lines", type=count_from(0), default=20, metavar="N", help="lines of its screen to show (20)"),
            arg("--why", action="store_true", help="also say which rule its state comes from"),
        ),
    ),
    Verb(
        name="new",
        summary="a new tmux session, with an agent in it when one is named",
        example='quarterdeck new fix --cwd ~/web --tool claude --request "Fix the login test"',
        runs="quarterdeck.cli.session_verbs:new",
        arguments=(
            arg("name", nargs="?", metavar="NAME", help="its tmux name; by default the next free number"),
            arg("--cwd", metavar="DIR", help="folder to start in; by default this one"),
            arg("--tool", metavar="T", help="agent to start, such as claude or codex"),
            arg("--request", metavar="TEXT", help="what the agent is to do; - reads it from standard input"),
        ),
    ),
    Verb(
        name="attach",
        summary="go to a session: switch there inside tmux, attach outside",
        example="quarterdeck attach work",
        runs="quarterdeck.cli.attach_back:attach",
        arguments=(SESSION,),
    ),
    Verb(
        name="back",
        summary="return to the console on this tmux server",
        example="quarterdeck back",
        runs="quarterdeck.cli.attach_back:back",
        arguments=(
            arg("--open", action="store_true", help="open one where none runs, in a session of its own"),
            arg("--client", metavar="NAME", help=SUPPRESS),
        ),
    ),
    Verb(
        name="kill",
        summary="end sessions",
        example="quarterdeck kill sess_3 --detach  # forget it, leave tmux alone",
        runs="quarterdeck.cli.session_verbs:kill",
        arguments=(
            SESSIONS,
            arg("--detach", action="store_true", help="only stop watching; tmux keeps it"),
            arg("--keep", action="store_true", help="of a spawned one, keep unsaved work as a commit first"),
        ),
    ),
    Verb(
        name="adopt",
        summary="watch a tmux session, under an identity that is known",
        example="quarterdeck adopt web --as sess_3",
        runs="quarterdeck.cli.session_verbs:adopt",
        arguments=(
            arg("name", metavar="NAME", help="the tmux session's exact name"),
            arg("--as", dest="identity", metavar="SESSION", help="id of a stale session kept for that name"),
        ),
    ),
    Verb(
        name="send",
        summary="a message to sessions: delivered, queued or unconfirmed, and how that is known",
        example='quarterdeck send web api -- "Run the tests again"',
        runs="quarterdeck.cli.send_answer:send",
        takes_rest=True,
        arguments=(
            arg("words", nargs="*", metavar="SESSION", help="sessions, then -- and the text; or one, and TEXT or -"),
            arg("--no-wait", action="store_true", help="type and submit it, and do not wait for proof"),
            arg("--now", action="store_true", help="type it whatever is in the way: a draft, a dialog, a human"),
            arg("--keys", nargs="+", metavar="KEY", help="press these keys instead, by tmux's names"),
            arg("--held", action="store_true", help="list the messages that wait"),
            arg("--edit", type=int, metavar="ID", help="change the text of a message that waits"),
            arg("--withdraw", type=int, metavar="ID", help="take back a message that waits"),
        ),
    ),
    Verb(
        name="answer",
        summary="answer the open question or permission; without a choice, show it",
        example="quarterdeck answer web 1",
        runs="quarterdeck.cli.send_answer:answer",
        takes_rest=True,
        arguments=(
            SESSION,
            arg("choice", nargs="?", metavar="CHOICE", help="a number, key or words; several as 1,3; free text"),
        ),
    ),
    Verb(
        name="events",
        summary="the activity log",
        example='quarterdeck events --since 2h --kind "session.*" --json',
        runs="quarterdeck.cli.events_watch:events",
        arguments=(
            arg("--session", metavar="S", help="only of this session, by id or name"),
            arg("--project", metavar="P", help="only of this project"),
            arg("--kind", metavar="K", help="only of this kind; session.* means all that begin with session."),
            arg("--level", choices=("debug", "info", "warn", "error"), help="this level and above"),
            arg("--since", metavar="T", help="an age such as 10m or 2h, or a date and time"),
            arg("--search", metavar="Q", help="only with these words"),
            arg("--limit", type=count_from(1), default=500, metavar="N", help="at most this many, the newest (500)"),
            arg("--follow", action="store_true", help="go on printing as they happen"),
        ),
    ),
    Verb(
        name="thoughts",
        summary="thoughts from an outside engine",
        example="my-engine | quarterdeck thoughts ingest",
        verbs=(
            Verb(
                name="ingest",
                summary="read thought updates, one JSON object a line, and say how many counted",
                example="my-engine | quarterdeck thoughts ingest",
                arguments=(arg("--follow", action="store_true", help="say after each update how many counted so far"),),
                runs="quarterdeck.cli.ingest:ingest",
            ),
        ),
    ),
    Verb(
        name="watch",
        summary="watch without a screen: keep what is known up to date, notify, print one event a line",
        example="quarterdeck watch --json",
        runs="quarterdeck.cli.events_watch:watch",
        arguments=(
            arg("--print-unit", action="store_true", help="only print a unit for the user's systemd that runs this"),
        ),
    ),
    Verb(
        name="doctor",
        summary="checks tmux, git, folders, settings, agents, hooks, state and engine; exit 1 if any fails",
        example="quarterdeck doctor --json  # for scripts",
        runs="quarterdeck.cli.doctor:run",
    ),
    *WORK_VERBS,
    *SHELL_VERBS,
    CONFIG,
)

CONSOLE = "quarterdeck.cli.console:run"
"""What runs when no verb is given."""
