"""Who waits for another process's change is told of it, and looks only where nobody tells."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

import pytest

from quarterdeck import inotify
from quarterdeck.config.settings import Settings
from quarterdeck.supervisor.file_watcher import APPEARED, DISTRUST_AFTER, REPLACED, FileWatcher
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
    """The files, after the first wait, which ends at once: whatever happened before was not told."""
    assert await watched.wait(PATIENCE, PATIENCE)
    assert watched.is_told
    return watched


async def settled(watched: WatchedFiles) -> None:
    """Wait until all there was has been told, and the right folder is watched."""
    silent = 0
    while silent < 3:
        silent = 0 if await watched.wait(0.0, 0.0) else silent + 1


async def wakes_after(watched: WatchedFiles, action: Callable[[], object]) -> bool:
    """Whether what is done while somebody waits wakes them."""
    waiting = asyncio.create_task(watched.wait(0.0, PATIENCE))
    await asyncio.sleep(0)
    action()
    return await waiting


async def test_what_happens_to_a_file_wakes_who_waits_for_it(file_watcher: FileWatcher, tmp_path: Path) -> None:
    file, draft = tmp_path / "config.toml", tmp_path / "draft"
    watched = await listening(file_watcher.files(file))

    draft.write_text("two")
    for action in (lambda: file.write_text("one"), lambda: draft.replace(file), file.unlink):
        assert await wakes_after(watched, action)


async def test_other_files_and_half_a_file_wake_nobody(file_watcher: FileWatcher, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    watched = await listening(file_watcher.files(file, mask=REPLACED))
    with file.open("w") as writing:
        writing.write("half")
        writing.flush()
        (tmp_path / "other.toml").write_text("whole")
        # Who is told of what came last shows that what came before has been told.
        assert await wakes_after(await listening(file_watcher.files(tmp_path / "last")), (tmp_path / "last").touch)
        assert not await watched.wait(0.0, 0.0)

    assert await watched.wait(0.0, PATIENCE)


async def test_files_may_be_named_by_a_pattern(file_watcher: FileWatcher, tmp_path: Path) -> None:
    watched = await listening(file_watcher.files(tmp_path / "*.report", mask=APPEARED))
    (tmp_path / "1.tmp").write_text("half")

    assert await wakes_after(watched, lambda: (tmp_path / "1.tmp").rename(tmp_path / "1.report"))


async def test_a_folder_that_is_not_there_is_waited_for_and_so_is_one_that_comes_back(
    file_watcher: FileWatcher, tmp_path: Path
) -> None:
    folder = tmp_path / "not" / "there"
    watched = await listening(file_watcher.files(folder / "file"))
    for _ in range(2):
        await settled(watched)
        assert await wakes_after(watched, lambda: folder.mkdir(parents=True))
        await settled(watched)
        assert await wakes_after(watched, (folder / "file").touch)
        await settled(watched)
        assert await wakes_after(watched, lambda: shutil.rmtree(tmp_path / "not"))


async def test_without_word_from_the_kernel_one_looks_now_and_then(tmp_path: Path) -> None:
    watched = FileWatcher(listens=False).files(tmp_path / "file")

    assert not await watched.wait(0.0, PATIENCE)
    assert not watched.is_told


async def test_a_kernel_that_did_not_tell_is_not_relied_on(file_watcher: FileWatcher, tmp_path: Path) -> None:
    watched = await listening(file_watcher.files(tmp_path / "file"))
    for _ in range(DISTRUST_AFTER):
        assert watched.is_told
        assert not await watched.wait(0.0, 0.0)
        watched.note_change()

    assert not watched.is_told
    assert not await watched.wait(0.0, PATIENCE)


@pytest.mark.parametrize("watch", ["auto", "poll"])
async def test_changed_settings_are_taken_up_with_and_without_the_kernel(tmp_path: Path, watch: str) -> None:
    settings = Settings.model_validate({"tmux": {"watch": watch}})
    async with services_on(tmp_path / "none.sock", tmp_path, settings=settings) as opened:
        following = asyncio.ensure_future(opened.workers.others()["settings"]())
        await asyncio.sleep(0)
        (tmp_path / "config.toml").write_text("[notify]\nquiet_hours = '01:00-02:00'\n")

        await until(lambda: opened.live.now.notify.quiet_hours == "01:00-02:00", "the new settings hold")
        following.cancel()
