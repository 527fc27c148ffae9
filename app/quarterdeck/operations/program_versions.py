"""Which version of an agent runs, by the files beside its program; the program itself is never started."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.core.foreign_json import parse_object, text_at
from quarterdeck.core.process_tree import is_interpreter
from quarterdeck.foreign_files import read_bytes, read_head
from quarterdeck.supervisor.agent_facts import ENVIRON_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quarterdeck.ports.agent_process import Program
    from quarterdeck.ports.agent_spec import AgentSpec

PACKAGE_BYTES = 256 * 1024
FOLDERS_ABOVE = 7
"""Of a program's path, in which its package may say what it is."""
WORDS_LOOKED_AT = 6
PACKAGES_LOOKED_AT = 3_000
"""Of one Python environment."""
SHEBANG_BYTES = 512
_VERSION = re.compile(r"v?(\d+\.\d[\w.+-]{0,40})")
_PLATFORM = re.compile(r"-(?:linux|darwin|win32|windows|x86_64|x64|aarch64|arm64)\b.*$")
_OF_VERSIONS = frozenset({"versions", "releases"})
"""Folders that hold one for each version."""


def version_of(program: Program, spec: AgentSpec) -> str:
    """The version of the agent that this process is; "" where no file says it. Blocking, short."""
    return next(filter(None, (_version_at(path, spec) for path in _paths(program))), "")


def installed_version(program: Path, spec: AgentSpec) -> str:
    """The version of a program that need not run; "" where no file says it. Blocking, short."""
    return next(filter(None, (_version_at(path, spec) for path in _real(program))), "")


def _version_at(path: Path, spec: AgentSpec) -> str:
    names = {name.lower().replace("_", "-") for name in (spec.key, *spec.commands)}
    return _PLATFORM.sub("", _in_path(path, names) or _in_package(path) or _in_python(path, names))


def _paths(program: Program) -> Iterator[Path]:
    """The files that the process is or interprets, links followed."""
    of_process = Path(f"/proc/{program.pid}")
    with suppress(OSError):
        cwd = (of_process / "cwd").readlink()
        for word in islice(program.argv, WORDS_LOOKED_AT):
            if "/" in word and not word.startswith("-"):
                yield from _real(cwd / word)
    with suppress(OSError):
        yield from _real((of_process / "exe").readlink())
    # Some set their own command line, which then has nothing but their name.
    with suppress(OSError, ValueError, IndexError, StopIteration):
        environ = read_head(of_process / "environ", ENVIRON_BYTES).split(b"\0")
        search = next(entry for entry in environ if entry.startswith(b"PATH=")).removeprefix(b"PATH=")
        if found := shutil.which(program.argv[0].split()[0], path=os.fsdecode(search)):
            yield from _real(Path(found))


def _real(path: Path) -> Iterator[Path]:
    with suppress(OSError, RuntimeError):
        real = path.resolve(strict=True)
        if not is_interpreter(real.name):
            yield real


def _in_path(path: Path, names: set[str]) -> str:
    """As `claude/versions/2.1.300` and `Cellar/codex/0.171.0/bin/codex` say it."""
    for above, part in zip(path.parts, path.parts[1:], strict=False):
        found = _VERSION.fullmatch(part)
        if found and (above.lower() in names or (above in _OF_VERSIONS and names & set(map(str.lower, path.parts)))):
            return found[1]
    return ""


def _in_package(path: Path) -> str:
    for folder in islice(path.parents, FOLDERS_ABOVE):
        try:
            package = parse_object(read_bytes(folder / "package.json", PACKAGE_BYTES))
        except OSError:
            continue
        if package and text_at(package, "name") and _VERSION.fullmatch(text_at(package, "version")):
            return text_at(package, "version")
    return ""


def _in_python(path: Path, names: set[str]) -> str:
    """The version of the Python package that a script of this name belongs to."""
    try:
        first = read_head(path, SHEBANG_BYTES).partition(b"\n")[0].decode(errors="replace")
    except OSError:
        return ""
    if not first.startswith("#!") or "python" not in first:
        return ""
    root = Path(first[2:].split()[0]).parent.parent
    for lib in islice(root.glob("lib/python3*/site-packages"), 3):
        with suppress(OSError), os.scandir(lib) as entries:
            for entry in islice(entries, PACKAGES_LOOKED_AT):
                package, _, rest = entry.name.partition("-")
                is_its = any(name in package.lower().replace("_", "-") for name in names)
                if is_its and rest.endswith(".dist-info"):
                    return rest.removesuffix(".dist-info")
    return ""
