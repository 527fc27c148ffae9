"""What it takes to make an agent report: in the user's own files, and for agents that we start."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from quarterdeck.agents import json_splice
from quarterdeck.agents.json_splice import Node, NotPlainJson
from quarterdeck.agents.report_script import MARK, hook_command, script_path, script_text
from quarterdeck.errors import Refused
from quarterdeck.foreign_files import read_text
from quarterdeck.ports.agent import HookPlan, HookStatus
from quarterdeck.values import value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from quarterdeck.ports.agent import Launch, LaunchPlan

BACKUP_SUFFIX = ".before-quarterdeck"
TIMEOUT = 5
"""Seconds after which an agent gives up on the hook; it takes a few milliseconds."""


class HookSetup(Protocol):
    """How one kind of agent is made to report."""

    def plan(self, *, install: bool, spool: Path, home: Path | None) -> HookPlan:
        """The change to the user's own file."""

    def status(self, *, spool: Path, home: Path | None) -> HookStatus:
        """Whether the user's own file holds our hooks."""

    def for_launch(self, plan: LaunchPlan, wanted: Launch) -> LaunchPlan:
        """The launch with hooks in it, leaving the user's own files alone."""


def backup_path(path: Path) -> Path:
    """Where the file as it was before is kept."""
    return path.with_name(path.name + BACKUP_SUFFIX)


@value(kw_only=True)
class JsonHooks:
    """Hooks in a JSON file of the shape that Claude Code gave them: event → groups → commands."""

    agent: str
    file: Callable[[Path | None], Path]
    """The user's file, from the home folder (None: the real one)."""
    events: tuple[str, ...]
    matcher: str = ""
    """Told with each group, for agents that want one."""
    named: bool = False
    milliseconds: bool = False
    """Whether the agent counts its time-outs so."""
    own_shell: bool = False
    note: str = ""
    launch: Callable[[LaunchPlan, Launch, str], LaunchPlan] | None = None
    """Adds the hooks, given as JSON text, to a launch; None = they cannot be given to one."""

    def plan(self, *, install: bool, spool: Path, home: Path | None) -> HookPlan:
        """The change to the user's own file; raises Refused when it is no plain JSON."""
        path = self.file(home)
        before = _text(path)
        try:
            after = self._installed(before, spool) if install else self._uninstalled(before, path)
        except NotPlainJson as error:
            raise Refused(
                f"{path} is no plain JSON, so it is left alone: {error}.",
                hint=f"{'Add the hooks' if install else 'Take the hooks out'} by hand: {self.command(spool)}",
            ) from error
        return HookPlan(path=path, before=before, after=after, note=self.note if install and after != before else "")

    def status(self, *, spool: Path, home: Path | None) -> HookStatus:
        """Whether the user's own file holds our hooks, all of them and for this spool."""
        text = _text(self.file(home))
        try:
            hooks = _hooks_of(json_splice.parse(text)) if text and text.strip() else None
        except NotPlainJson:
            return HookStatus.OUTDATED if text and MARK in text else HookStatus.ABSENT
        ours = {event for event, node in (hooks.members or {}).items() if _ours(node)} if hooks else set()
        if not ours:
            return HookStatus.ABSENT
        current = text is not None and self._installed(text, spool) == text
        return HookStatus.INSTALLED if current else HookStatus.OUTDATED

    def for_launch(self, plan: LaunchPlan, wanted: Launch) -> LaunchPlan:
        """The launch with hooks in it."""
        if self.launch is None or wanted.spool is None or wanted.files is None:
            return plan
        files = {**plan.files, script_path(wanted.spool, self.agent): script_text(wanted.spool, self.agent)}
        hooks = {"hooks": {event: [self._group(wanted.spool)] for event in self.events}}
        return self.launch(replace(plan, files=files), wanted, json.dumps(hooks, indent=2) + "\n")

    def command(self, spool: Path) -> str:
        """The command that each hook runs."""
        return hook_command(spool, self.agent, own_shell=self.own_shell)

    def _group(self, spool: Path) -> Mapping[str, object]:
        command: dict[str, object] = {"type": "command"}
        if self.named:
            command["name"] = "quarterdeck"
        command |= {"command": self.command(spool), "timeout": TIMEOUT * 1000 if self.milliseconds else TIMEOUT}
        return {"matcher": self.matcher, "hooks": [command]} if self.matcher else {"hooks": [command]}

    def _installed(self, before: str | None, spool: Path) -> str:
        text = before if before and before.strip() else "{}\n"
        group = self._group(spool)
        text = self._without(text, keep=group)
        for event in self.events:
            root = _object(json_splice.parse(text), "the file")
            assert root.members is not None
            if "hooks" not in root.members:
                text = json_splice.add_member(text, root, "hooks", {event: [group]})
                continue
            hooks = _object(root.members["hooks"], "hooks")
            assert hooks.members is not None
            if event not in hooks.members:
                text = json_splice.add_member(text, hooks, event, [group])
            elif not _ours(hooks.members[event]):
                text = json_splice.add_item(text, hooks.members[event], group)
        return text

    def _uninstalled(self, before: str | None, path: Path) -> str | None:
        if before is None or not before.strip():
            return before
        backup = _text(backup_path(path))
        text = self._without(before)
        if backup is not None and self._same(backup, text):
            return backup
        return None if text.strip() == "{}" and backup is None and text != before else text

    @staticmethod
    def _same(one: str, other: str) -> bool:
        """Whether two texts say the same, empty groups left out."""
        try:
            return bool(_pruned(json.loads(one)) == _pruned(json.loads(other)))
        except ValueError:
            return False

    def _without(self, text: str, keep: Mapping[str, object] | None = None) -> str:
        """The text without our groups; those equal to `keep` stay, if their event is still one we want."""
        while True:
            root = json_splice.parse(text)
            hooks = _hooks_of(root)
            shorter = _one_less(text, root, hooks, None if keep is None else (keep, self.events)) if hooks else None
            if shorter is None:
                return text
            text = shorter


def _one_less(
    text: str, root: Node, hooks: Node, keep: tuple[Mapping[str, object], tuple[str, ...]] | None
) -> str | None:
    """The text with one group of ours taken out, and what that leaves empty; None when there is none to take out."""
    assert hooks.members is not None
    for event, groups in hooks.members.items():
        for place in _ours(groups):
            assert groups.items is not None
            group = groups.items[place]
            if keep and event in keep[1] and json.loads(text[group.start : group.end]) == keep[0]:
                continue
            if len(groups.items) > 1:
                return json_splice.remove_item(text, groups, place)
            if len(hooks.members) > 1:
                return json_splice.remove_member(text, hooks, event)
            return json_splice.remove_member(text, root, "hooks")
    return None


def _ours(groups: Node) -> list[int]:
    """Which groups of an event hold a command of ours."""
    found = []
    for place, group in enumerate(groups.items or ()):
        commands = (group.members or {}).get("hooks")
        texts = [(each.members or {}).get("command") for each in (commands.items or ())] if commands else []
        if any(node is not None and isinstance(node.value, str) and node.value.endswith(MARK) for node in texts):
            found.append(place)
    return found


def _hooks_of(root: Node) -> Node | None:
    found = (root.members or {}).get("hooks")
    return found if found is not None and found.members is not None else None


def _object(node: Node, what: str) -> Node:
    if node.members is None:
        raise NotPlainJson(f"{what} should be an object")
    return node


def _pruned(value: object) -> object:
    if isinstance(value, dict):
        kept = {key: _pruned(each) for key, each in value.items()}
        return {key: each for key, each in kept.items() if each not in ({}, [])}
    return [_pruned(each) for each in value] if isinstance(value, list) else value


def _text(path: Path) -> str | None:
    try:
        return read_text(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}.") from error
