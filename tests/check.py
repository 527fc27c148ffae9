#!/usr/bin/env python3
"""Every gate in one command: `python tests/check.py`, or only some: `python tests/check.py layers wheel`.

All they need comes with `pip install -e '.[dev]'`. Where the extra `test` is installed already, the rest of it comes
with `pip install $(python tests/check.py --tools)`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Gate:
    """One thing that must hold, and the command that tells."""

    name: str
    argv: tuple[str, ...]


GATES = (
    Gate("format", ("ruff", "format", "--check", ".")),
    Gate("lint", ("ruff", "check", ".")),
    Gate("types", ("mypy",)),
    Gate("layers", ("lint-imports", "--no-cache")),
    Gate("unused", (sys.executable, str(ROOT / "tests" / "unused.py"))),
    Gate("wheel", (sys.executable, str(Path(__file__)), "--look-into-wheel")),
    Gate("other days", (sys.executable, str(ROOT / "tests" / "other_days.py"))),
    # Module size, imports and README are held by tests/gates, which these run.
    Gate("tests", (sys.executable, "-m", "pytest", "-q")),
)


def main(words: Sequence[str]) -> int:
    """Run the gates that are named, or all; 1 if any is red."""
    if words == ["--tools"]:
        print(*tools())
        return 0
    if words == ["--look-into-wheel"]:
        return look_into_wheel()
    known = {gate.name for gate in GATES}
    skipped = {word.removeprefix("--no-") for word in words if word.startswith("--no-")}
    chosen = {word for word in words if not word.startswith("--")} or known - skipped
    if chosen - known:
        print(f"no such gate: {', '.join(sorted(chosen - known))}; there are {', '.join(sorted(known))}")
        return 2
    red = [gate.name for gate in GATES if gate.name in chosen and not is_green(gate)]
    print(f"RED: {', '.join(red)}" if red else f"green: {', '.join(g.name for g in GATES if g.name in chosen)}")
    return 1 if red else 0


def is_green(gate: Gate) -> bool:
    """Run one gate; what it says is shown only when it is red."""
    began = time.monotonic()
    environ = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONPATH": str(ROOT / "app"),
    }
    try:
        done = subprocess.run(
            gate.argv, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        ok, said = done.returncode == 0, done.stdout
    except FileNotFoundError:
        ok, said = False, f"{gate.argv[0]} is not installed: pip install -e '.[dev]'\n"
    if not ok:
        print(said.rstrip())
    print(f"{'ok ' if ok else 'RED'} {gate.name:<11}{time.monotonic() - began:6.1f} s", flush=True)
    return ok


def tools() -> list[str]:
    """The packages of the extra `dev`, without the other extras that it takes in."""
    wanted: list[str] = project()["optional-dependencies"]["dev"]
    return [package for package in wanted if not package.startswith("quarterdeck[")]


def project() -> dict[str, Any]:
    """What pyproject.toml says of the project."""
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def look_into_wheel() -> int:
    """Build the wheel and compare what is in it with what must be; 1 if it differs."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True, timeout=120
        )
        (wheel,) = Path(folder).glob("*.whl")
        faults = wheel_faults(wheel)
    print("\n".join(faults))
    return 1 if faults else 0


def wheel_faults(wheel: Path) -> list[str]:
    """What is missing from a wheel, what does not belong there, and what it promises wrongly."""
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
        info = next(name.split("/")[0] for name in names if ".dist-info/" in name)
        commands = archive.read(f"{info}/entry_points.txt").decode()
        metadata = archive.read(f"{info}/METADATA").decode()
    data = f"{info.removesuffix('.dist-info')}.data/data/"
    inside = {name.removeprefix(data) for name in names if not name.startswith(f"{info}/")}
    wanted = wanted_in_wheel()
    return [
        *(f"missing: {name}" for name in sorted(wanted - inside)),
        *(f"does not belong there: {name}" for name in sorted(inside - wanted)),
        *(f"no command {name}" for name, where in project()["scripts"].items() if f"{name} = {where}" not in commands),
        *([] if any("license" in name.lower() for name in names - inside) else ["missing: the licence"]),
        *([] if re.search(r"^Requires-Dist: textual(<|==)", metadata, re.M) else ["any newer textual will do"]),
    ]


def wanted_in_wheel() -> set[str]:
    """All that a wheel must hold beside its metadata, and nothing else."""
    package = files_below(ROOT / "app" / "quarterdeck", "quarterdeck")
    return (
        package
        | files_below(ROOT / "themes", "quarterdeck/themes")
        | files_below(ROOT / "app" / "man", "share/man/man1")
    )


def files_below(folder: Path, name: str) -> set[str]:
    """Every file below `folder` as the wheel names it."""
    return {
        f"{name}/{file.relative_to(folder).as_posix()}"
        for file in folder.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and not file.name.startswith(".")
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
