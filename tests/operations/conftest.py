"""What tests of operations on spawned work share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.git_repo import Repository, make_repository
from support.work_contexts import Place, open_place

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def no_git_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the developer's own git settings away."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def repository(short_folder: Path) -> Repository:
    """A checkout with an origin."""
    return make_repository(short_folder / "r")


@pytest.fixture
async def place(short_folder: Path, tmux_socket: Path, repository: Repository) -> AsyncIterator[Place]:
    """A work context with one project, `app`."""
    async with open_place(short_folder, tmux_socket, repository) as opened:
        yield opened
