from __future__ import annotations

import pytest

from support.idle import until_idle


@pytest.fixture(autouse=True)
def pilots_wait_by_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have Textual's pilot wait until the console has nothing to do, however busy the machine is."""
    monkeypatch.setattr("textual.app.wait_for_idle", until_idle)
    monkeypatch.setattr("textual.pilot.wait_for_idle", until_idle)


@pytest.fixture(autouse=True)
def toasts_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no toast go by itself before the test has read it."""
    monkeypatch.setattr("textual.notifications.Notification.time_left", property(lambda toast: 3600 * toast.timeout))
