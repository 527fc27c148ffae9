from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest

from quarterdeck.errors import TmuxMissing
from quarterdeck.tui.actions import SetupPart
from quarterdeck.tui.app import ConsoleApp
from quarterdeck.tui.preferences import Preferences
from support.canned import CannedBackend, CannedSetup, StillClock
from support.console import Typed, press, still
from support.fleet import canned_fleet, fleet_of
from support.shared_fleet import plain_panes, shared_fleet

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.pilot import Pilot

SMALL, LARGE = (80, 24), (160, 45)
SCREENS: dict[str, tuple[str, ...]] = {
    "main": (),
    "filter": ("/", Typed("repo:shop")),
    "groups": ("tab", "space"),
    "details": ("i",),
    "activity": ("e",),
    "help": ("?",),
    "settings": (",",),
    "message": ("m", Typed("Please rebase.")),
    "end": ("x",),
    "new": ("n",),
    "spawn": ("s", "enter"),
    "cleanup": ("c", "j"),
    "answer": ("y",),
    "themes": ("T",),
    "checks": ("!",),
    "hooks": ("H",),
    "palette": ("ctrl+p", Typed("shop")),
}
SHOTS = list(product(SCREENS, ("dark", "light", "no-colour"), (SMALL, LARGE)))


@pytest.mark.parametrize(
    ("screen", "theme", "size"), SHOTS, ids=[f"{screen}-{theme}-{size[0]}" for screen, theme, size in SHOTS]
)
def test_screens_look_as_they_did(
    screen: str,
    theme: str,
    size: tuple[int, int],
    snap_compare: Callable[..., bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    if theme == "no-colour":
        monkeypatch.setenv("NO_COLOR", "1")
    clock = StillClock()
    backend = CannedBackend(preferences=Preferences(theme="dark" if theme == "no-colour" else theme))
    app = ConsoleApp(backend, clock)

    async def arrive(pilot: Pilot[int]) -> None:
        await still(pilot)
        # After the start, so that the card stands only where it is looked at.
        backend.setup.off = set(SetupPart)
        await press(pilot, *SCREENS[screen])
        clock.advance(2)
        await still(pilot)

    assert snap_compare(app, run_before=arrive, terminal_size=size)


SHARED: dict[str, tuple[str, ...]] = {
    "flat": (),
    "by-session": ("tab",),
    "folded": ("tab", "j", "h"),
    "end-pane": ("j", "x"),
    "end-session": ("j", "x", "s"),
    "panes": ("0",),
}
SHARED_SHOTS = list(product(SHARED, ("dark", "light"), (SMALL, (200, 50))))


@pytest.mark.parametrize(
    ("screen", "theme", "size"),
    SHARED_SHOTS,
    ids=[f"{screen}-{theme}-{size[0]}" for screen, theme, size in SHARED_SHOTS],
)
def test_sessions_of_several_agents_look_as_they_did(
    screen: str,
    theme: str,
    size: tuple[int, int],
    snap_compare: Callable[..., bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    clock = StillClock()
    backend = CannedBackend(
        shown=shared_fleet(), preferences=Preferences(theme=theme), panes=plain_panes(), panes_in_session=2
    )

    async def arrive(pilot: Pilot[int]) -> None:
        await still(pilot)
        await pilot.press(*SHARED[screen])
        clock.advance(2)
        await still(pilot)

    assert snap_compare(ConsoleApp(backend, clock), run_before=arrive, terminal_size=size)


def test_the_card_of_what_is_not_set_up_looks_as_it_did(
    snap_compare: Callable[..., bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    backend = CannedBackend(setup=CannedSetup(off=set(SetupPart)))
    assert snap_compare(ConsoleApp(backend, StillClock()), run_before=still, terminal_size=SMALL)


@pytest.mark.parametrize("state", ["no-sessions", "tmux-too-old"])
def test_empty_states_look_as_they_did(
    state: str, snap_compare: Callable[..., bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    backend = CannedBackend(shown=fleet_of() if state == "no-sessions" else canned_fleet())
    if state == "tmux-too-old":
        backend.problem = TmuxMissing("tmux 2.9 is too old: quarterdeck needs 3.2.", hint="Install a newer tmux.")
    assert snap_compare(ConsoleApp(backend, StillClock()), run_before=still, terminal_size=SMALL)
