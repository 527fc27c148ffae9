"""New sessions: where, which agent, what to do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events, on
from textual.binding import Binding, BindingType

from quarterdeck.core.text import cell_width, clean, from_home
from quarterdeck.operations.new import NewSessionRequest
from quarterdeck.tui.screens.dialog import Keys, field
from quarterdeck.tui.screens.picker import Picker, PickerItem
from quarterdeck.tui.widgets.choices import Choice
from quarterdeck.tui.widgets.text_box import TextBox
from quarterdeck.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.widget import Widget

    from quarterdeck.tui.backend import OpenFleet
    from quarterdeck.tui.screen_context import ScreenContext

SHELL = "shell"


def _keys(enter: str, arrows: str = "↑ ↓") -> Keys:
    return (arrows, "choose"), ("Enter", enter), ("Tab", "next field"), ("Ctrl+T", "mark several"), ("Esc", "back")


def end_of(path: str, width: int) -> str:
    """A path without its first folders where it is too long: what tells it from others stands at its end."""
    rest = path
    while cell_width(rest) > width and "/" in rest.removeprefix("…/"):
        rest = f"…/{rest.removeprefix('…/').partition('/')[2]}"
    return rest


class NewScreen(Picker):
    """Type a directory or choose one, or mark several; then the agent; then the request. Enter goes on."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+t", "mark", "mark"), Binding("ctrl+s", "start", "start")]
    beside = 13
    nothing = "Nothing matches; Enter takes a full path that you type."
    keys = _keys("go on")

    def __init__(self, context: ScreenContext, here: str) -> None:
        super().__init__(context, "New session", hint="type to narrow, or a path")
        self._here = here
        self._marked: list[str] = []
        self._tool = Choice(context.colours, SHELL, on_enter=self._tool_chosen, on_turn=self._tool_turned)
        self._request = TextBox()
        self.wanted: Sequence[NewSessionRequest] = ()
        """What the operator asked for, once they did."""

    def body(self) -> Iterable[Widget]:
        """Directory, agent, request."""
        yield field("where", *super().body())
        yield field("agent", self._tool)
        yield field("request", self._request)

    def on_mount(self) -> None:
        """Offer the selected session's directory while the others are looked for."""
        self._candidates = [PickerItem(self._here, _from_home(self._here), "here")] if self._here else []
        self._ask_for_request()
        # An Enter that comes before the usual agent is known must not start a shell in its place.
        self.context.app.hold_keys()
        self.context.attempt(self._find())

    def _tool_turned(self) -> None:
        self._ask_for_request()
        self._name_enter()

    def _ask_for_request(self) -> None:
        """A shell takes no request."""
        is_shell = self._tool.value == SHELL
        self._request.disabled = is_shell
        self._request.placeholder = "for an agent only" if is_shell else "what to do (optional)"

    @on(events.DescendantFocus)
    def _name_enter(self) -> None:
        """Enter goes on to the next field, and starts from the last one; agents stand side by side."""
        is_tool = self.focused is self._tool
        is_last = self.focused is self._request or (is_tool and self._tool.value == SHELL)
        self.show_keys(_keys("start" if is_last else "go on", "← →" if is_tool else "↑ ↓"))

    async def _find(self) -> None:
        try:
            await self.context.when_open(self._fetch)
        except BaseException:
            # Else they went on as soon as the agents were known: others may be held by now.
            self.context.app.let_keys_go()
            raise

    async def _fetch(self, opened: OpenFleet) -> None:
        tools = await opened.reader.tools()
        self._tool.offer([SHELL, *tools.names], tools.usual)
        self._ask_for_request()
        self.context.app.let_keys_go()
        known = await opened.reader.directories(self.context.backend.memory.recent())
        for one in known:
            if one.path != self._here:
                notes = ["repository"] * one.is_repository + ["recent"] * one.is_recent
                self._candidates.append(PickerItem(one.path, _from_home(one.path), ", ".join(notes)))
        self.narrow()

    def prompt(self, one: PickerItem, width: int) -> Text:
        """A directory's line, with its mark."""
        is_marked = one.id in self._marked
        sign = ("✓ ", self.context.colours.ink("accent bold")) if is_marked else "  "
        shown = replace(one, title=end_of(one.title, width - cell_width(one.note) - 4))
        return Text.assemble(sign, super().prompt(shown, width - 2))

    def action_mark(self) -> None:
        """Mark or unmark the directory under the cursor."""
        option = self.options.highlighted_option
        if option is None or option.id is None:
            return
        if option.id in self._marked:
            self._marked.remove(option.id)
        else:
            self._marked.append(option.id)
        here = self.options.highlighted or 0
        self.narrow()
        self.options.highlighted = min(here + 1, self.options.option_count - 1)

    def take(self, choice: str) -> None:
        """Where is said; next, which agent."""
        if self._directories():
            # At once, unlike `focus()`: the next key may be on its way.
            self.set_focus(self._tool)

    def _tool_chosen(self) -> None:
        if self._tool.value == SHELL:
            self.action_start()
        else:
            self.set_focus(self._request)

    @on(TextBox.Submitted)
    def action_start(self) -> None:
        """Start them."""
        directories = self._directories()
        if directories:
            tool = None if self._tool.value == SHELL else self._tool.value
            request = self._request.text.strip() if tool is not None else ""
            folders = [Path(each).expanduser() for each in directories]
            stems = ["-".join(filter(None, (folder.name, tool))) for folder in folders]
            self.wanted = [
                NewSessionRequest(cwd=folder, stem=stem, tool=tool, request=request)
                for folder, stem in zip(folders, stems, strict=True)
            ]
            self.dismiss("start")

    def _directories(self) -> tuple[str, ...]:
        """The marked ones; else what was typed, when it is a path; else the one under the cursor."""
        if self._marked:
            return tuple(self._marked)
        typed = self.typed.value.strip()
        if typed.startswith(("/", "~")):
            if Path(os.path.expanduser(typed)).is_dir():  # noqa: PTH111 — `~nobody` is no folder, and no failure
                return (typed,)
            # Said while what was written can still be mended: it would be lost with the dialog.
            self.app.notify(f"There is no folder {clean(typed)}.", severity="warning", markup=False)
            return ()
        option = self.options.highlighted_option
        return (option.id,) if option is not None and option.id is not None else ()


def _from_home(path: str) -> str:
    return clean(from_home(path, str(Path.home())))
