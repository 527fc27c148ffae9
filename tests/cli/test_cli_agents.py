"""What the command line tells of agents and their rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from quarterdeck.core.events import Health
from support.cli import run_cli
from support.workers import services_on

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process
WRONG = 'agent = "claude"\ndate = 2099-01-01\n[[screen]]\nid = "a"\nmeans = "idle"\nregion = "lost"\npattern = "x"\n'
TOLD = "screen rule a: region: there is no 'lost'"


@pytest.fixture
def rules(private_home: Path) -> Path:
    """A file of the operator's own with a fault."""
    file = private_home / "agents" / "claude.toml"
    file.parent.mkdir(mode=0o700, parents=True)
    private_home.chmod(0o700)
    file.write_text(WRONG)
    return file


def test_wrong_rules_are_told_by_doctor_and_by_config_check(rules: Path) -> None:
    doctor, check = run_cli("doctor", "--json"), run_cli("config", "check")

    (found,) = (each for each in doctor.json() if each["name"] == "rules")
    assert doctor.code == 1
    assert found["status"] == "fail"
    assert f"{rules}: {TOLD}" in found["cause"]
    assert check.code == 78
    assert f"{rules}: {TOLD}" in check.err


def test_right_rules_are_nothing_to_tell(rules: Path) -> None:
    rules.write_text(WRONG.replace("lost", "last"))

    assert run_cli("config", "check").code == 0
    assert "rules" not in {each["name"] for each in run_cli("doctor", "--json").json()}


async def test_who_watches_is_told_of_wrong_rules(rules: Path, private_home: Path, short_folder: Path) -> None:
    assert rules.exists()
    async with services_on(short_folder / "s", private_home, persistent=True) as services:
        health, detail = services.workers.supervisor.fleet.workers["agents' rules"]

    assert health is Health.DEGRADED
    assert TOLD in detail
