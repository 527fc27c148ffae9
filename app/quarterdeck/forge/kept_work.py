"""Keeping work that was never committed: a commit under `refs/quarterdeck/kept/`, made behind git's back."""

from __future__ import annotations

import shlex
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.errors import GitError
from quarterdeck.forge.git_command import LONG, ask, git
from quarterdeck.ports.forge import Kept, kept_ref

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from quarterdeck.ports.forge import WorkAtRisk

_WHO = {
    **dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "Quarterdeck"),
    **dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "quarterdeck@localhost"),
}
# A hook of the operator's must not run, nor fail, because we keep something.
_NO_HOOKS = ("core.hooksPath=/dev/null",)


async def keep_work(
    path: Path, repository: Path, session_id: str, risk: WorkAtRisk, own: frozenset[str], ignored: Sequence[str]
) -> Kept | None:
    """Keep what a worktree holds beyond its branch; index, head and files stay as they are.

    The commit's tree is the files as they stand, its first parent the head. What was staged and then changed again,
    and what had been kept before, are further parents, so that nothing falls off.
    """
    if risk.unkeepable:
        raise GitError(
            f"A commit cannot hold the work in {', '.join(risk.unkeepable)}: it is a repository of its own.",
            hint="Commit and push there, or move it out of the worktree, and try again.",
        )
    if not (risk.changed or risk.untracked or risk.is_detached or risk.unpushed or ignored):
        return None
    ref = kept_ref(session_id)
    with tempfile.TemporaryDirectory(prefix="qd-keep-") as folder:
        index = Path(folder) / "index"
        real = Path((await ask(path, "rev-parse", "--path-format=absolute", "--git-path", "index")).rstrip("\n"))
        if real.exists():
            shutil.copyfile(real, index)
        env = {"GIT_INDEX_FILE": str(index)}
        staged = await git(path, "write-tree", env=env)
        await ask(path, "add", "--all", "--", ".", timeout=LONG, env=env, settings=("advice.addEmbeddedRepo=false",))
        await _update_index(path, ignored, env, "--add")
        if own:
            tracked = await git(path, "ls-tree", "-r", "-z", "--name-only", "HEAD")
            await _update_index(path, own - set(tracked.out.split("\0")), env, "--force-remove")
        tree = (await ask(path, "write-tree", env=env)).strip()
    head = [risk.head] if risk.head else []
    head_tree = (await ask(path, "rev-parse", "HEAD^{tree}")).strip() if head else ""
    parents = list(head)
    # An index with unmerged entries has no tree; its contents are in the files.
    if staged.ok and staged.out.strip() not in (tree, head_tree):
        parents.append(await _commit(path, staged.out.strip(), head, f"Staged in {session_id}"))
    before = await git(path, "rev-parse", "--verify", "--quiet", ref)
    if before.ok:
        parents.append(before.out.strip())
    branch = risk.branch or "a detached head"
    commit = await _commit(path, tree, parents, f"Kept from {session_id} on {branch}\n\n{risk.describe()}")
    await ask(path, "update-ref", ref, commit, before.out.strip() if before.ok else "", settings=_NO_HOOKS)
    back = f"git -C {shlex.quote(str(repository))} branch {session_id}-kept {ref}"
    return Kept(ref=ref, commit=commit, how_to_get_it_back=back)


async def _update_index(path: Path, names: Collection[str], env: dict[str, str], what: str) -> None:
    """Take files into the index, or out of it, whatever git is told to ignore."""
    if names:
        told = "".join(f"{name}\0" for name in sorted(names))
        await ask(path, "update-index", what, "-z", "--stdin", input=told, timeout=LONG, env=env)


async def _commit(path: Path, tree: str, parents: list[str], message: str) -> str:
    arguments = ["commit-tree", tree]
    for parent in dict.fromkeys(parents):
        arguments += ["-p", parent]
    return (await ask(path, *arguments, "-m", message, env=_WHO)).strip()
