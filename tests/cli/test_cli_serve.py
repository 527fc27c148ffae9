"""`serve`: what it says where it cannot serve. What it serves is looked at in tests/web."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.cli import ROOT, run_cli

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    for name in ("aiohttp", "textual_serve"):
        (tmp_path / f"{name}.py").write_text(f"raise ModuleNotFoundError('No module named {name}')\n")

    done = run_cli("serve", env={"PYTHONPATH": f"{tmp_path}:{ROOT / 'app'}"})

    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "quarterdeck: Serving needs the extra `web`, which is not installed.\n"
        "Install it: pip install 'quarterdeck[web]'\n"
    )


def test_wrong_settings_are_told_before_anything_is_served(private_home: Path) -> None:
    private_home.mkdir(mode=0o700)
    (private_home / "config.toml").write_text("[nonsense]\n")

    assert run_cli("serve").code == 78


@pytest.mark.parametrize("port", ["0", "65536", "x"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    assert run_cli("serve", "--port", port).code == 2
