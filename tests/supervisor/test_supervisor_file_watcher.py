"""Who waits for another process's change is told of it, and looks only where nobody tells."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

import pytest

from quarterdeck import inotify
from quarterdeck.config.settings import Settings
from quarterdeck.supervisor.file_watcher import APPEARED, DEAF_AFTER, REPLACED, FileWatcher
from support.patience import PATIENCE
from support.workers import services_on, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from quarterdeck.supervisor.file_watcher import WatchedFiles


pytestmark = pytest.mark.skipif(not inotify.works(), reason="this system tells nobody of files")


@pytest.fixture
async def file_watcher() -> AsyncIterator[FileWatcher]:
    made = FileWatcher()
    yield made
    made.close()


async def listening(watched: WatchedFiles) -> WatchedFiles:
    """The bell, after its first ring, which says that whatever happened before was not told."""
    assert await watched.wait(PATIENCE, PATIENCE)
    assert watched.is_heard
    return watched


async def settled(watched: WatchedFiles) -> None:
    """Wait until it has heard all there was, and has moved to where it is to listen."""
    silent = 0
    while silent < 3:
        silent = 0 if await watched.wait(0.0, 0.0) else silent + 1


async def rings_after(watched: WatchedFiles, action: Callable[[], object]) -> bool:
    """Whether it rings for a deed that is done while it is waited for."""
    waiting = asyncio.create_task(watched.wait(0.0, PATIENCE))
    await asyncio.sleep(0)
    action()
    return await waiting


async def test_a_bell_rings_for_what_happens_to_its_file(file_watcher: FileWatcher, tmp_path: Path) -> None:
    file, draft = tmp_path / "config.toml", tmp_path / "draft"
    watched = await listening(file_watcher.files(file))

    draft.write_text("two")
    for action in (lambda: file.write_text("one"), lambda: draft.replace(file), file.unlink):
        assert await rings_after(watched, action)


async def test_a_bell_keeps_still_for_other_files_and_for_half_a_file(
    file_watcher: FileWatcher, tmp_path: Path
) -> None:
    file = tmp_path / "config.toml"
    watched = await listening(file_watcher.files(file, mask=REPLACED))
    with file.open("w") as writing:
        writing.write("half")
        writing.flush()
        (tmp_path / "other.toml").write_text("whole")
        # A bell that hears what came last shows that this one has heard what came before.
        assert await rings_after(await listening(file_watcher.files(tmp_path / "last")), (tmp_path / "last").touch)
        assert not await watched.wait(0.0, 0.0)

    assert await watched.wait(0.0, PATIENCE)


async def test_a_bell_takes_a_pattern(file_watcher: FileWatcher, tmp_path: Path) -> None:
    watched = await listening(file_watcher.files(tmp_path / "*.report", mask=APPEARED))
    (tmp_path / "1.tmp").write_text("half")

    assert await rings_after(watched, lambda: (tmp_path / "1.tmp").rename(tmp_path / "1.report"))


async def test_a_bell_waits_for_a_folder_that_is_not_there_and_for_one_that_comes_back(
    file_watcher: FileWatcher, tmp_path: Path
) -> None:
    folder = tmp_path / "not" / "there"
    watched = await listening(file_watcher.files(folder / "file"))
    for _ in range(2):
        await settled(watched)
        assert await rings_after(watched, lambda: folder.mkdir(parents=True))
        await settled(watched)
        assert await rings_after(watched, (folder / "file").touch)
        await settled(watched)
        assert await rings_after(watched, lambda: shutil.rmtree(tmp_path / "not"))


async def test_without_word_from_the_kernel_one_looks_now_and_then(tmp_path: Path) -> None:
    watched = FileWatcher(listens=False).files(tmp_path / "file")

    assert not await watched.wait(0.0, PATIENCE)
    assert not watched.is_heard


async def test_a_bell_that_did_not_ring_is_not_relied_on(file_watcher: FileWatcher, tmp_path: Path) -> None:
    watched = await listening(file_watcher.files(tmp_path / "file"))
    for _ in range(DEAF_AFTER):
        assert watched.is_heard
        watched.miss()

    assert not watched.is_heard
    assert not await watched.wait(0.0, PATIENCE)


@pytest.mark.parametrize("watch", ["auto", "poll"])
async def test_changed_settings_are_taken_up_with_and_without_the_kernel(tmp_path: Path, watch: str) -> None:
    settings = Settings.model_validate({"tmux": {"watch": watch}})
    async with services_on(tmp_path / "none.sock", tmp_path, settings=settings) as opened:
        following = asyncio.ensure_future(opened.workers.also["settings"]())
        await asyncio.sleep(0)
        (tmp_path / "config.toml").write_text("[notify]\nquiet_hours = '01:00-02:00'\n")

        await until(lambda: opened.live.now.notify.quiet_hours == "01:00-02:00", "the new settings hold")
        following.cancel()
