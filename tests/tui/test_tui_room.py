"""Everything in the room it has: toasts, questions, paths."""

from __future__ import annotations

import pytest
from textual.widgets._toast import Toast

from quarterdeck.tui.preferences import Preferences
from quarterdeck.tui.rows.session_row import question_within
from quarterdeck.tui.screens.new import end_of
from quarterdeck.values import replace
from support.canned import CannedBackend
from support.console import console
from support.fleet import NOW, canned_sessions, fleet_of
from support.workers import until


@pytest.mark.parametrize("key", ["", "y"])
async def test_a_toast_covers_neither_the_question_nor_the_keys(key: str) -> None:
    async with console(size=(80, 24), shows_toasts=True) as running:
        if key:
            await running.press(key)
        running.app.notify("Delivered to 1", markup=False)
        await running.press()
        screen = running.app.screen
        (toast,) = screen.query(Toast)
        read = ("#box",) if key else ("QuestionPanel", "#fleet", "#foot")
        assert toast.region.height == 1
        for name in read:
            assert not screen.query_one(name).region.overlaps(toast.region)


@pytest.mark.parametrize(
    ("width", "said"),
    [(40, "/home/kim/atlas/tiles"), (20, "…/kim/atlas/tiles"), (9, "…/tiles"), (3, "…/tiles")],
)
def test_a_long_path_is_told_by_its_end(width: int, said: str) -> None:
    assert end_of("/home/kim/atlas/tiles", width) == said


async def test_the_same_is_said_once_and_old_toasts_make_room() -> None:
    async with console(size=(80, 24)) as running:

        def told() -> list[str]:
            return [toast.message for toast in running.app._notifications]

        running.app.notify("broken", severity="error", markup=False)
        for said in ("a", "b", "a", "a", "c\nd"):
            running.app.notify(said, markup=False)
            await running.press()
        assert told() == ["broken", "b", "a", "c\nd"]
        running.app.notify("word " * 40, title="long", markup=False)
        await running.press()
        assert told() == ["broken", "word " * 40]


async def test_the_theme_picker_begins_at_the_theme_in_use() -> None:
    async with console(CannedBackend(preferences=Preferences(theme="light"))) as running:
        await running.press("T")
        assert running.app.context.colours.name == "light"
        await running.press("up")
        assert running.app.context.colours.name == "high-contrast"
        await running.press("escape")
        assert running.app.context.colours.name == "light"


def test_a_question_is_broken_where_its_room_ends_and_keeps_its_choices() -> None:
    ask = canned_sessions()[0].asks
    assert ask is not None
    said = [text for text, _ in question_within(ask, NOW, 30, 10)]
    assert said[-4:] == [
        "  2  Yes, and do not ask",
        "     again for psql",
        "  3  No, and say what to do",
        "     instead",
    ]
    longer = replace(ask, text="word " * 200)
    cut = [text for text, _ in question_within(longer, NOW, 30, 10)]
    assert len(cut) == 10
    assert cut[-6:] == ["…", "  1  Yes", *said[-4:]]


async def test_a_long_question_is_scrolled_and_its_choices_stay() -> None:
    first, *others = canned_sessions()
    assert first.asks is not None
    asking = replace(first, asks=replace(first.asks, text="\n".join(map(str, range(60)))))
    async with console(CannedBackend(shown=fleet_of(asking, *others)), size=(80, 24)) as running:
        await running.press("y")
        screen = running.app.screen
        question = screen.query_one("#question")
        await until(lambda: question.max_scroll_y > 11, "there is something to scroll")
        await running.press("j", "pagedown")
        await until(lambda: question.scroll_offset.y == 11, "each key has scrolled")
        choices = screen.query_one("#choices").region
        assert screen.query_one("#box").region.contains_region(choices)
