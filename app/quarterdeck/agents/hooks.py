"""What it takes to make an agent report: in the user's own files, and for agents that we start.

A hook runs a few lines of shell, which put one report into the spool, in the background. The agent waits for a shell to
start and to fork, and for nothing else. Whatever goes wrong (no space, no program) is silent and leaves exit status 0:
a hook must never stop an agent; `hooks status` says what was heard. Redirecting the shell itself, and not a group of
commands, matters: of those a shell keeps copies, and the agent would wait for the last of them to close. The time is
the machine's uptime, which the shell can read without starting a program; where there is none (macOS) the file's own
time has to do.
"""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from quarterdeck.agents import json_splice
from quarterdeck.agents.json_splice import BOM, SPACE, JsonEdit, JsonNode, NotPlainJson
from quarterdeck.core.report import PAYLOAD_BYTES, REPORT_HEADER
from quarterdeck.errors import Refused
from quarterdeck.foreign_files import exact_text
from quarterdeck.ports.agent import HookPlan, HookStatus, backup_path
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    from quarterdeck.ports.agent import Launch, LaunchPlan
    from quarterdeck.ports.agent_process import AgentHome

HOOKS_DEPTH = 5
"""Settings, their hooks, the groups of an event, a group, its commands."""
REPORTS_KEPT = 2_000
"""With nobody to read them, the oldest report goes when a new one comes."""
COMMAND_MARK = "# quarterdeck"
"""Ends every command of ours, so that it is known again wherever the files have moved."""

_SCRIPT = """\
# Written by quarterdeck; `quarterdeck hooks uninstall` takes away what runs it.
exec >/dev/null 2>&1
command exec 3<&0
umask 077
t=
IFS=' ' read -r t t_ </proc/uptime
(
  trap '' HUP INT
  cd {spool} || {{ mkdir {spool} && cd {spool}; }} || exit
  f=${{t:-0}}.$$.{agent}
  {{
    printf '{header} {agent} %s %s %s\\n' "${{t:-0}}" "${{TMUX_PANE:--}}" "${{TMUX:--}}"
    cut -b 1-{payload} <&3
  }} >"$f.tmp" && mv -f "$f.tmp" "$f.report"
  set -- *.report
  [ $# -le {kept} ] || rm -f "$1"
) </dev/null &
:
"""


def script_path(spool: Path, agent: str) -> Path:
    """Where an agent's script lies: beside the reports it writes."""
    return spool / f"{agent}.sh"


def script_text(spool: Path, agent: str) -> str:
    """The script of one agent."""
    return _SCRIPT.format(
        spool=shlex.quote(str(spool)), agent=agent, header=REPORT_HEADER, payload=PAYLOAD_BYTES, kept=REPORTS_KEPT
    )


def hook_command(spool: Path, agent: str, *, own_shell: bool = False) -> str:
    """What is put into an agent's settings. A script that is gone is no error: agents take status 2 for a veto.

    `own_shell`: the command may be run by a shell with a syntax of its own (fish), so that ours is started for it.
    """
    path = shlex.quote(str(script_path(spool, agent)))
    run = "sh" if own_shell else "."
    return f"test ! -f {path} || {run} {path} {COMMAND_MARK}"


class HookSetup(Protocol):
    """How one kind of agent is made to report."""

    def file(self, home: AgentHome | None, /) -> Path:
        """The file of the user's that says which hooks an agent runs."""

    def plan(self, *, install: bool, spool: Path, home: AgentHome | None) -> HookPlan:
        """The change to the user's own file."""

    def status(self, *, spool: Path, home: AgentHome | None) -> HookStatus:
        """Whether the user's own file holds our hooks."""

    def for_launch(self, plan: LaunchPlan, wanted: Launch) -> LaunchPlan:
        """The launch with hooks in it, leaving the user's own files alone."""


class JsonHooks(Struct, frozen=True, kw_only=True):
    """Hooks in a JSON file of the shape that Claude Code gave them: event → groups → commands."""

    agent: str
    file: Callable[[AgentHome | None], Path]
    """The user's file, from the home folder (None: the real one)."""
    events: tuple[str, ...]
    matcher: str = ""
    """Told with each group, for agents that want one."""
    name: str = ""
    """Told with each hook, for agents that want one."""
    timeout: int = 5
    """After which the agent gives up on the hook, in its own unit; it takes a few milliseconds."""
    comments: bool = False
    """Whether the agent takes comments in its file."""
    own_shell: bool = False
    note: str = ""
    launch_flag: str = ""
    """Word of the command line before a file with such hooks, read beside the user's; "" = there is none."""

    def plan(self, *, install: bool, spool: Path, home: AgentHome | None) -> HookPlan:
        """The change to the user's own file; raises Refused when it is no plain JSON."""
        path = self.file(home)
        before = exact_text(path)
        if not install and (before is None or COMMAND_MARK not in before):
            return HookPlan(path=path, before=before, after=before)
        try:
            found = self._parsed(before)
            after = self._installed(found, spool) if install else self._uninstalled(found, path)
        except NotPlainJson as error:
            raise Refused(
                f"{path} is not plain JSON, so it is left alone: {error}.",
                hint=f"{'Add the hooks' if install else 'Take the hooks out'} by hand: {self.command(spool)}",
            ) from error
        note = self.note if install and after != before else ""
        files = {script_path(spool, self.agent): script_text(spool, self.agent)} if install else {}
        return HookPlan(path=path, before=before, after=after, files=files, is_ours=found.has_ours, note=note)

    def status(self, *, spool: Path, home: AgentHome | None) -> HookStatus:
        """Whether the user's own file holds our hooks, all of them and for this spool."""
        try:
            text = exact_text(self.file(home))
        except Refused:
            return HookStatus.ABSENT
        if text is None or COMMAND_MARK not in text:
            return HookStatus.ABSENT
        try:
            found = self._parsed(text)
            current = self._installed(found, spool) == text
        except NotPlainJson:
            return HookStatus.OUTDATED
        if not found.has_ours:
            return HookStatus.ABSENT
        return HookStatus.INSTALLED if current else HookStatus.OUTDATED

    def for_launch(self, plan: LaunchPlan, wanted: Launch) -> LaunchPlan:
        """The launch with hooks in it."""
        if not self.launch_flag or wanted.spool is None or wanted.files is None:
            return plan
        file = wanted.files / f"{self.agent}-settings.json"
        hooks = {"hooks": {event: [self._group(wanted.spool)] for event in self.events}}
        script = {script_path(wanted.spool, self.agent): script_text(wanted.spool, self.agent)}
        files = {**plan.files, **script, file: json.dumps(hooks, indent=2) + "\n"}
        return replace(plan, argv=(plan.argv[0], self.launch_flag, str(file), *plan.argv[1:]), files=files)

    def command(self, spool: Path) -> str:
        """The command that each hook runs."""
        return hook_command(spool, self.agent, own_shell=self.own_shell)

    def _group(self, spool: Path) -> Mapping[str, object]:
        name = {"name": self.name} if self.name else {}
        command = {"type": "command", **name, "command": self.command(spool), "timeout": self.timeout}
        return {"matcher": self.matcher, "hooks": [command]} if self.matcher else {"hooks": [command]}

    def _installed(self, found: _Parsed, spool: Path) -> str:
        group = self._group(spool)
        kept = found.without_ours(keep=group, events=self.events)
        found = found if kept == found.text else self._parsed(kept)
        text, root = found.text, found.root
        _require(root.members, "the file should be an object")
        if found.hooks is None:
            all_of_them = {event: [group] for event in self.events}
            return json_splice.applied(text, [json_splice.adding(text, root, [("hooks", all_of_them)])])
        _require(found.hooks.members, "hooks should be an object")
        groups, edits = found.events, []
        for event in self.events:
            if event in groups and not _ours(groups[event]):
                _require(groups[event].items, f"{event} in hooks should be a list")
                edits.append(json_splice.adding(text, groups[event], [(None, group)]))
        missing = [(event, [group]) for event in self.events if event not in groups]
        if missing:
            edits.append(json_splice.adding(text, found.hooks, missing))
        return json_splice.applied(text, edits)

    def _uninstalled(self, found: _Parsed, path: Path) -> str | None:
        if not found.has_ours:
            return found.text
        backup = exact_text(backup_path(path))
        left = found.without_ours()
        if backup is None:
            return None if json_splice.tokens(left) == ["{", "}"] else left
        return backup if self._is_back(found, backup) else left

    def _is_back(self, found: _Parsed, backup: str) -> bool:
        """Whether nothing but our hooks, and perhaps space, makes a text other than it was before they came."""
        try:
            was = self._parsed(backup)
        except NotPlainJson:
            return False
        now, before = (json_splice.tokens(each.without_ours(empty_too=True)) for each in (found, was))
        return now == before and not was.has_ours

    def _parsed(self, text: str | None) -> _Parsed:
        """The text with the places of its hooks; a file that is not there, or says nothing, is an empty object."""
        if text is None or not text.removeprefix(BOM).strip(SPACE):
            text = f"{BOM if text and text.startswith(BOM) else ''}{{}}\n"
        plain = json_splice.blanked(text, comments=self.comments)
        return _Parsed(text, plain, json_splice.parse(plain, depth=HOOKS_DEPTH, only="hooks"))


class _Parsed(Struct, frozen=True):
    """A settings file's text, with the places of its hooks."""

    text: str
    plain: str
    """The same with comments blanked."""
    root: JsonNode

    @property
    def hooks(self) -> JsonNode | None:
        """What the file says of hooks, if anything."""
        return (self.root.members or {}).get("hooks")

    @property
    def events(self) -> Mapping[str, JsonNode]:
        """The groups of each event."""
        return (self.hooks.members if self.hooks else None) or {}

    @property
    def has_ours(self) -> bool:
        """Whether a hook of ours is in it."""
        return any(_ours(groups) for groups in self.events.values())

    def without_ours(
        self, *, keep: Mapping[str, object] | None = None, events: Collection[str] = (), empty_too: bool = False
    ) -> str:
        """The text without our groups, and without what that leaves empty.

        Those equal to `keep` stay, if their event is one of `events`. `empty_too`: what was empty before goes as well.
        """
        edits: list[JsonEdit] = []
        gone: list[int] = []
        for place, (event, groups) in enumerate(self.events.items()):
            ours = [each for each in _ours(groups) if not (event in events and self._says(groups, each) == keep)]
            # Somebody may have put theirs beside ours.
            shared = [each for each in ours if not all(map(_is_ours, _commands(groups, each).items or ()))]
            if groups.items is not None and len(ours) - len(shared) == len(groups.items) and (ours or empty_too):
                gone.append(place)
                continue
            for each in shared:
                commands = _commands(groups, each)
                mine = [at for at, command in enumerate(commands.items or ()) if _is_ours(command)]
                edits += json_splice.removing(self.text, self.plain, commands, mine)
            if alone := [each for each in ours if each not in shared]:
                edits += json_splice.removing(self.text, self.plain, groups, alone)
        hooks = self.hooks
        if hooks is None or hooks.members is None or not (gone or (empty_too and not hooks.members)):
            return json_splice.applied(self.text, edits)
        if len(gone) < len(hooks.members):
            edits += json_splice.removing(self.text, self.plain, hooks, gone)
        else:
            at = next(place for place, (start, end) in enumerate(self.root.spans) if start < hooks.start < end)
            edits = list(json_splice.removing(self.text, self.plain, self.root, [at]))
        return json_splice.applied(self.text, edits)

    def _says(self, groups: JsonNode, place: int) -> object:
        start, end = groups.spans[place]
        return json.loads(self.plain[start:end])


def _ours(groups: JsonNode) -> list[int]:
    """Which groups of an event hold a command of ours."""
    places = range(len(groups.items or ()))
    return [place for place in places if any(map(_is_ours, _commands(groups, place).items or ()))]


def _commands(groups: JsonNode, place: int) -> JsonNode:
    """The commands of one group."""
    assert groups.items is not None
    return (groups.items[place].members or {}).get("hooks") or JsonNode(0)


def _is_ours(command: JsonNode) -> bool:
    text = command.value.get("command") if isinstance(command.value, dict) else None
    return isinstance(text, str) and text.endswith(COMMAND_MARK)


def _require(inside: object, what: str) -> None:
    if inside is None:
        raise NotPlainJson(what)
