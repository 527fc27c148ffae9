from __future__ import annotations

import pytest

from quarterdeck.core.fleet import CUT_OFF_AFTER, as_seen
from quarterdeck.core.session import TransportHealth
from quarterdeck.values import replace
from support.fleet import canned_fleet


def test_a_fleet_that_is_looked_at_is_shown_as_it_is() -> None:
    fleet = canned_fleet()

    assert as_seen(fleet) is fleet


@pytest.mark.parametrize(
    ("failures", "health"),
    [
        (1, TransportHealth.DEGRADED),
        (CUT_OFF_AFTER - 1, TransportHealth.DEGRADED),
        (CUT_OFF_AFTER, TransportHealth.DISCONNECTED),
    ],
)
def test_while_tmux_does_not_answer_no_live_row_is_certain_and_none_vanishes(
    failures: int, health: TransportHealth
) -> None:
    fleet = replace(canned_fleet(), look_failures=failures)

    seen = as_seen(fleet)

    assert list(seen.sessions) == list(fleet.sessions)
    assert seen.exited is fleet.exited
    for key, session in fleet.sessions.items():
        expected = session if session.is_stale else replace(session, transport_health=health)
        assert seen.sessions[key] == expected
        assert session.is_stale or not seen.sessions[key].is_certain
