"""Tools and commands of agents in plain words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.transcript import ActionKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.core.transcript import AgentAction

PHRASE_COMMAND_LENGTH = 64


class VerbPhrase(Struct, frozen=True):
    """One thing that tools do: while it goes on, and as somebody asks for leave."""

    doing: str
    do: str
    thing: str = ""
    """Stands for what it is about where that is not told."""


RUN = VerbPhrase("running", "run", "a command")
_VERBS = {
    RUN: "bash shell exec execcommand runshellcommand localshell shellcommand runcommand terminal",
    VerbPhrase("editing", "edit", "a file"): "edit multiedit notebookedit replace editfile strreplace strreplaceeditor"
    " applypatch patch",
    VerbPhrase("writing", "write", "a file"): "write writefile createfile",
    VerbPhrase("reading", "read", "a file"): "read readfile readmanyfiles view viewimage cat",
    VerbPhrase(
        "searching for", "search for", "something"
    ): "grep glob search searchfilecontent findfiles codesearch rg",
    VerbPhrase("listing", "list", "a folder"): "ls list listdirectory",
    VerbPhrase("fetching", "fetch", "a page"): "webfetch fetch",
    VerbPhrase("searching the web for", "search the web for", "something"): "websearch googlewebsearch",
    VerbPhrase("waiting for a helper:", "start a helper:", "its task"): "agent task spawnagent",
    VerbPhrase("planning", "change the plan"): "todowrite todoread updateplan writetodos todo",
    VerbPhrase("showing a plan", "go ahead with this plan"): "exitplanmode presentplan",
}
_BY_TOOL = {tool: verb for verb, tools in _VERBS.items() for tool in tools.split()}
_QUOTED = frozenset({"running"})

_BEFORE = re.compile(
    r"^\s*(?:cd\s+\S+\s*(?:&&|;)\s*|(?:[A-Za-z_]\w*=\S*|env|time|exec|timeout\s+\S+|uv\s+run|poetry\s+run|npx|bunx)\s+)"
)
_AFTER = re.compile(r"\s*(?:2>&1|[|]{1,2}\s*(?:tail|head|grep|cat|tee|true)\b.*|>\s*/dev/null)\s*$", re.DOTALL)
_MODULE = re.compile(r"^python[\d.]*\s+-m\s+")
_WITH_SUBCOMMAND = frozenset(
    {"cargo", "go", "npm", "pnpm", "yarn", "bun", "make", "just", "task", "rake", "mix", "dotnet", "swift", "zig"}
    | {"gradle", "mvn", "deno", "ruff", "git", "docker"}
)
_SUFFIX = {1: "st", 2: "nd", 3: "rd"}


def parts_of(gist: str) -> tuple[str, str]:
    """The tool and what it is about, out of `tool: what`."""
    tool, _, detail = gist.partition(":")
    return tool.strip(), detail.strip()


def verb_of(tool: str) -> VerbPhrase | None:
    """What a tool does, where it is one of those that agents share."""
    return _BY_TOOL.get(re.sub(r"[\s_-]", "", tool).lower())


def doing(gist: str, actions: Sequence[AgentAction] = ()) -> str:
    """What goes on while this tool runs: "running pytest, 3rd time"."""
    tool, detail = parts_of(gist)
    verb = verb_of(tool)
    if verb is None:
        return f"using {spoken(tool)}" + (f": {detail}" if detail else "")
    if verb.doing not in _QUOTED:
        thing = detail or verb.thing
        return f"{verb.doing} {thing}".strip()
    words = command_words(gist, actions)
    return f"{verb.doing} {words}{_nth(_times(words, actions))}" if detail else f"{verb.doing} {verb.thing}"


def asking(gist: str) -> str:
    """The question for leave: "may I run `rm -r build`?"."""
    tool, detail = parts_of(gist)
    verb = verb_of(tool)
    if verb is None:
        return f"may I use {spoken(tool)}" + (f": {detail}?" if detail else "?")
    if verb.doing in _QUOTED:
        return f"may I {verb.do} `{_cut(detail)}`?" if detail else f"may I {verb.do} {verb.thing}?"
    return f"may I {verb.do} {detail or verb.thing}".rstrip() + "?"


def spoken(tool: str) -> str:
    """A tool's name as it may be said: `mcp__github__search` is GitHub's search."""
    parts = [part for part in tool.split("__") if part]
    return f"{parts[2]} ({parts[1]})" if len(parts) >= 3 and parts[0] == "mcp" else tool


def command_words(gist: str, actions: Sequence[AgentAction] = ()) -> str:
    """A shell command without what only surrounds it; a check by its name alone."""
    command = bare_command(parts_of(gist)[1])
    kind = next((action.kind for action in reversed(actions) if action.text == gist), None)
    return check_name(command) if kind is ActionKind.CHECK else f"`{_cut(command)}`"


def bare_command(command: str) -> str:
    """The command itself, without the folder, variables and time-outs before it and the pipe that shortens it."""
    while (shorter := _AFTER.sub("", _BEFORE.sub("", command, count=1), count=1)) != command and shorter.strip():
        command = shorter
    return command.strip()


def check_name(command: str) -> str:
    """What a check is called: `pytest`, `cargo test`, `npm run lint`."""
    words = _MODULE.sub("", command).split()
    if not words:
        return "a check"
    name = words[0].rpartition("/")[2]
    if name not in _WITH_SUBCOMMAND:
        return name
    rest = [word for word in words[1:4] if re.fullmatch(r"[a-z][\w:.-]*", word)]
    return " ".join([name, *rest[: 2 if rest[:1] == ["run"] else 1]])


def _times(words: str, actions: Sequence[AgentAction]) -> int:
    """How often this command was called in these actions, this time included."""
    telling = words.strip("`").partition("…")[0].split(" ", 1)[0]
    return sum(
        telling in action.text
        and action.kind not in {ActionKind.SAID, ActionKind.THINKING}
        and verb_of(action.tool) is RUN
        and command_words(action.text, (action,)) == words
        for action in actions
    )


def _nth(count: int) -> str:
    if count < 2:
        return ""
    suffix = "th" if count % 100 in {11, 12, 13} else _SUFFIX.get(count % 10, "th")
    return f", {count}{suffix} time"


def _cut(command: str) -> str:
    command = " ".join(command.split()).replace("`", "'")
    return command if len(command) <= PHRASE_COMMAND_LENGTH else command[: PHRASE_COMMAND_LENGTH - 1].rstrip() + "…"
