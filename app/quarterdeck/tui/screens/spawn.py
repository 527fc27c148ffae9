"""A worker in its own worktree: project, issue, agent, branch, prompt."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import Static

from quarterdeck.core.text import clean_lines
from quarterdeck.operations.spawn import SpawnRequest
from quarterdeck.tui.screens.dialog import field
from quarterdeck.tui.screens.picker import Picker, PickerItem, ranked
from quarterdeck.tui.widgets.choices import Choice
from quarterdeck.tui.widgets.field import Field
from quarterdeck.tui.widgets.text_box import TextBox

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from textual.widget import Widget

    from quarterdeck.core.session import SessionId
    from quarterdeck.errors import QuarterdeckError
    from quarterdeck.tui.backend import OpenFleet
    from quarterdeck.tui.screen_context import ScreenContext

NO_ISSUE = PickerItem("—", "no issue", "the prompt says what to do")
_IS_ID = re.compile(r"#?\d+|[A-Za-z][A-Za-z0-9]*-\d+")


def to_choose_from(issues: Sequence[PickerItem], typed: str) -> list[PickerItem]:
    """What Enter could take: with nothing typed every issue or none, else what matches and what was typed itself."""
    word = typed.strip()
    if not word:
        return [NO_ISSUE, *issues]
    exact = [one for one in issues if one.id.removeprefix("#").casefold() == word.removeprefix("#").casefold()]
    found = [one for one in ranked(issues, word) if one not in exact]
    if exact:
        return [*exact, *found]
    as_typed = PickerItem(word, word, "as typed")
    return [as_typed, *found] if _IS_ID.fullmatch(word) else [*found, as_typed]


class SpawnScreen(Picker):
    """Enter goes on, and in the prompt starts the worker."""

    AUTO_FOCUS = "Choice"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "start", "start")]
    beside = 18
    keys = (("← → ↑ ↓", "choose"), ("Tab", "next field"), ("Enter", "go on"), ("Ctrl+S", "start"), ("Esc", "back"))

    def __init__(self, context: ScreenContext, near: SessionId | None = None) -> None:
        super().__init__(context, "Spawn a worker", hint="a word or an id, or none")
        self._near = near
        self._prompt = TextBox(placeholder="what to do (optional with an issue)")
        self._branch = Field(
            placeholder="made from the issue (optional)", css_id="branch", on_enter=lambda: self.set_focus(self._prompt)
        )
        self._agent = Choice(context.colours, on_enter=lambda: self.set_focus(self._branch))
        self._project = Choice(
            context.colours, on_enter=lambda: self.set_focus(self.typed), on_turn=self._project_turned
        )
        self._said = Static(self.style("", "muted"), id="issues-said", markup=False)
        self._usual: Mapping[str, str] = {}
        """The usual agent of each project."""
        self._installed: Sequence[str] = ()
        self.request: SpawnRequest | None = None

    def body(self) -> Iterable[Widget]:
        """Each field under its label."""
        yield field("project", self._project)
        yield field("issue", *super().body(), self._said)
        yield field("agent", self._agent)
        yield field("branch", self._branch)
        yield field("prompt", self._prompt)

    def on_mount(self) -> None:
        """Find out which projects and agents there are, and what there is to do."""
        self.context.do(self._fetch, self._no_projects)

    def _no_projects(self, error: QuarterdeckError) -> None:
        self._say("\n".join(part for part in (error.message, error.hint) if part), "failed")

    async def _fetch(self, opened: OpenFleet) -> None:
        self._usual = await opened.reader.projects(self._near)
        self._project.offer(list(self._usual))
        self._load()
        self._installed = (await opened.reader.tools()).names
        self._offer_agents()

    def _project_turned(self) -> None:
        self._offer_agents()
        self._load()

    def _offer_agents(self) -> None:
        """Begin with the project's usual agent; where that is not installed, starting it will say so."""
        usual = self._usual.get(self._project.value, "")
        missing = [usual] if usual and usual not in self._installed else []
        self._agent.offer([*missing, *self._installed], usual)

    def _load(self) -> None:
        self._candidates = []
        self.narrow()
        # Another project's list that is still on its way is of no use any more.
        loading = self.context.when_open(partial(self._load_issues, self._project.value), self._no_issues)
        self.run_worker(loading, group="issues", exclusive=True)

    def _no_issues(self, error: QuarterdeckError) -> None:
        said = " ".join(part for part in (error.message, error.hint) if part)
        self._say(f"{said}\nAn issue can still be typed.", "failed")

    async def _load_issues(self, project: str, opened: OpenFleet) -> None:
        self._say("Asking for its open issues … you can type one meanwhile.")
        found = await opened.reader.issues(project)
        self._candidates = [
            PickerItem(one.id, f"{one.id}  {one.title}", ", ".join(one.labels[:2])) for one in found.issues
        ]
        self.narrow()
        count = len(found.issues)
        listed = f"{count} open issue{'' if count == 1 else 's'} at {found.tracker}; another one can be typed."
        self._say(listed if found.tracker else f"{project} has no tracker. What is typed becomes the branch's name.")

    def _say(self, text: str, role: str = "muted") -> None:
        self._said.update(self.style(clean_lines(text), role))

    def matching(self, typed: str) -> list[PickerItem]:
        """Issues, none, or what was typed."""
        return to_choose_from(self._candidates, typed)

    def take(self, choice: str) -> None:
        """The issue is chosen; next, the agent."""
        self.set_focus(self._agent)

    @on(TextBox.Submitted)
    def action_start(self) -> None:
        """Start the worker, when it is said what for."""
        if self.typed.value != self._narrowed_to:
            self.narrow()
        chosen = self.options.highlighted_option
        issue = chosen.id if chosen is not None and chosen.id != NO_ISSUE.id else None
        prompt = self._prompt.text.strip()
        if not self._project.value:
            self.app.notify("There is no project to spawn a worker in.", severity="warning", markup=False)
        elif not (issue or prompt):
            self.app.notify("Give an issue or a prompt.", severity="warning", markup=False)
        else:
            agent, branch = self._agent.value or None, self._branch.value.strip() or None
            self.request = SpawnRequest(
                project=self._project.value, issue=issue, prompt=prompt or None, agent=agent, branch=branch
            )
            self.dismiss("start")
