"""What stands in the place of the table while that has no rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from textual.widgets import Static

from quarterdeck.core.text import clean
from quarterdeck.tui.actions import BY_NAME, spoken
from quarterdeck.tui.rows.around_table import LEAST_TABLE_HEIGHT

if TYPE_CHECKING:
    from collections.abc import Callable

    from quarterdeck.tui.actions import Action
    from quarterdeck.tui.rows.around_table import EmptyNotice
    from quarterdeck.tui.screen_context import ScreenContext


class EmptyTable(Static):
    """What is so, why, and the keys that lead on; painted anew only when it says something else."""

    def __init__(self, context: ScreenContext) -> None:
        super().__init__("", id="notice", markup=False)
        self.context = context
        self._said = Text()

    def show(self, notice: EmptyNotice, works: Callable[[Action], bool]) -> None:
        """Say this, with those of its keys that work now."""
        if (text := self._text(notice, works)) != self._said:
            self._said = text
            self.update(text)

    def _text(self, notice: EmptyNotice, works: Callable[[Action], bool]) -> Text:
        style, keys = self.context.colours.style, self.context.keys
        text = Text(justify="center")
        text.append(clean(notice.what), style("failed bold" if notice.is_bad else "text bold"))
        text.append(f"\n{clean(notice.why)}", style("muted"))
        text.append("\n\n" if self.app.size.height > LEAST_TABLE_HEIGHT else "\n")
        for phrase in notice.next.split("   "):
            name, _, said = phrase.removeprefix("{").partition("}")
            if works(BY_NAME[name]) and keys[name]:
                text.append(spoken(keys[name][0]), style("accent bold"))
                text.append(said + "   ", style("muted"))
        text.rstrip()
        return text
