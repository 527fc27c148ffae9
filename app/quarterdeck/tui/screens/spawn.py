"""A worker in its own worktree: project, issue, agent, branch, prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from quarterdeck.tui.backend import SpawnRequest
from quarterdeck.tui.screens.dialog import Dialog
from quarterdeck.tui.widgets.choice import Choice
from quarterdeck.tui.widgets.field import Field
from quarterdeck.tui.widgets.writing import Writing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.widget import Widget

    from quarterdeck.tui.app import ConsoleApp

USUAL = "usual"


class SpawnScreen(Dialog[SpawnRequest]):
    """Enter goes on, and in the prompt starts the worker."""

    AUTO_FOCUS = "#project"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "start", "start")]
    heading = "Spawn a worker"
    keys = (("← →", "choose"), ("Tab", "next field"), ("Enter", "go on"), ("Ctrl+S", "start"), ("Esc", "back"))

    def __init__(self, console: ConsoleApp) -> None:
        super().__init__(console)
        self._project = Choice(console.colours, [], css_id="project")
        self._agent = Choice(console.colours, [USUAL], css_id="agent")
        self._issue = Field(placeholder="a number of its tracker (optional)", css_id="issue")
        self._branch = Field(placeholder="made from the issue (optional)", css_id="branch")
        self._prompt = Writing(css_id="writing")

    def body(self) -> Iterable[Widget]:
        """Each field under its label."""
        fields: tuple[tuple[str, Widget], ...] = (
            ("project", self._project),
            ("issue", self._issue),
            ("agent", self._agent),
            ("branch", self._branch),
            ("prompt (optional with an issue)", self._prompt),
        )
        for label, field in fields:
            yield Static(self.style(label, "muted"), classes="label")
            yield field

    def on_mount(self) -> None:
        """Find out which projects and agents there are."""
        self.console_app.attempt(self._fetch())

    async def _fetch(self) -> None:
        backend = self.console_app.backend
        self._project.offer(await backend.projects())
        self._agent.offer([USUAL, *await backend.tools()])

    @on(Input.Submitted)
    @on(Choice.Submitted)
    def _next(self) -> None:
        self.focus_next()

    @on(Writing.Submitted)
    def action_start(self) -> None:
        """Start the worker, when it is said what for."""
        issue, prompt = self._issue.value.strip(), self._prompt.text.strip()
        if not self._project.value:
            self.app.notify("No project is set up yet.", severity="warning", markup=False)
        elif not (issue or prompt):
            self.app.notify("Say what for: an issue or a prompt.", severity="warning", markup=False)
        else:
            agent = self._agent.value
            self.dismiss(
                SpawnRequest(
                    project=self._project.value,
                    issue=issue or None,
                    prompt=prompt,
                    agent=None if agent == USUAL else agent,
                    branch=self._branch.value.strip() or None,
                )
            )
