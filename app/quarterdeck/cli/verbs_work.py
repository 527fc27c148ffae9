"""The verbs for spawned work, as rows of the table of verbs."""

from __future__ import annotations

from quarterdeck.cli.table import Verb, arg

PROJECT = arg("project", metavar="PROJECT", help="a project of the settings")
SPAWNED = arg("session", metavar="SESSION", help="id of a spawned session, or an unambiguous prefix")
GONE = arg("session", metavar="SESSION", help="an id, an exact tmux name, or an unambiguous prefix of either")
AGENT = arg("--agent", metavar="A", help="agent to start, in place of the project's")

WORK_VERBS: tuple[Verb, ...] = (
    Verb(
        name="spawn",
        summary="a worker in its own git worktree",
        example='quarterdeck spawn web --issue 42 --prompt "Fix the login redirect"',
        runs="quarterdeck.cli.work_verbs:spawn_worker",
        arguments=(
            arg("project", nargs="?", metavar="PROJECT", help="a project of the settings; by default this folder's"),
            arg("--issue", metavar="ID", help="issue to work on, fetched from the project's tracker"),
            arg("--prompt", metavar="TEXT", help="what to do; - reads it from standard input"),
            AGENT,
            arg("--branch", metavar="B", help="branch to work on, in place of one made from the issue"),
        ),
    ),
    Verb(
        name="orchestrator",
        summary="the project's one orchestrator",
        example="quarterdeck orchestrator ensure web",
        verbs=tuple(
            Verb(
                name=name,
                summary=summary,
                example=f"quarterdeck orchestrator {name} web",
                runs=f"quarterdeck.cli.work_verbs:orchestrator_{name}",
                arguments=(
                    PROJECT,
                    AGENT,
                    arg("--prompt-file", metavar="F", help="further standing instructions, from a file"),
                ),
            )
            for name, summary in (
                ("ensure", "start it unless it runs"),
                ("relaunch", "end it, and start it anew"),
            )
        ),
    ),
    Verb(
        name="restore",
        summary="bring back a session that ended or went stale, with its conversation",
        example="quarterdeck restore web-3",
        runs="quarterdeck.cli.work_verbs:restore_session",
        arguments=(GONE,),
    ),
    Verb(
        name="remap",
        summary="find an OpenCode session's conversation again",
        example="quarterdeck remap web-3 --force",
        runs="quarterdeck.cli.work_verbs:remap_session",
        arguments=(SPAWNED, arg("--force", action="store_true", help="also when one is known already")),
    ),
    Verb(
        name="claim-pr",
        summary="take over an open pull request",
        example="quarterdeck claim-pr web-3 118 --assign",
        runs="quarterdeck.cli.work_verbs:claim",
        arguments=(
            SPAWNED,
            arg("pr", metavar="PR", help="its number or address"),
            arg("--assign", action="store_true", help="assign it to you as well"),
        ),
    ),
    Verb(
        name="cleanup",
        summary="end workers that are done or dead",
        example="quarterdeck cleanup web --dry-run",
        runs="quarterdeck.cli.work_verbs:clean_up",
        arguments=(
            arg("project", nargs="?", metavar="PROJECT", help="only this project's"),
            arg("--dry-run", action="store_true", help="only say what would be ended"),
            arg("--keep", action="store_true", help="keep unsaved work as a commit first, and end those too"),
            arg("--purge", action="store_true", help="also delete the OpenCode conversations of all that is over"),
        ),
    ),
    Verb(
        name="report",
        summary="say what this session's agent is doing (run by the agent)",
        example='quarterdeck report pr_created --pr https://github.com/me/web/pull/7 --note "ready"',
        runs="quarterdeck.cli.work_verbs:report_state",
        arguments=(
            arg("state", metavar="STATE", help="started, working, waiting, needs_input, pr_created, completed, …"),
            arg("--note", metavar="N", help="a few words"),
            arg("--pr", metavar="URL", help="the pull request's address"),
        ),
    ),
)
