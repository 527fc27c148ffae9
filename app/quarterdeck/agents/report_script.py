"""The few lines of shell that an agent's hook runs: one report into the spool, in the background.

The agent waits for a shell to start and to fork, and for nothing else. Whatever goes wrong (no space, no program) is
silent and leaves exit status 0: a hook must never stop an agent; `hooks status` says what was heard. Redirecting the
shell itself, and not a group of commands, matters: of those a shell keeps copies, and the agent would wait for the last
of them to close. The time is the machine's uptime, which the shell can read without starting a program; where there is
none (macOS) the file's own time has to do.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from quarterdeck.core.report import HEADER, PAYLOAD_BYTES

if TYPE_CHECKING:
    from pathlib import Path

REPORTS_KEPT = 2_000
"""With nobody to read them, the oldest report goes when a new one comes."""
MARK = "# quarterdeck"
"""Ends every command of ours, so that it is known again wherever the files have moved."""

_SCRIPT = """\
# Written by quarterdeck; `quarterdeck hooks uninstall` takes away what runs it.
exec >/dev/null 2>&1
command exec 3<&0
umask 077
t=
IFS=' ' read -r t t_ </proc/uptime
(
  trap '' HUP INT
  cd {spool} || {{ mkdir {spool} && cd {spool}; }} || exit
  f=${{t:-0}}.$$.{agent}
  {{
    printf '{header} {agent} %s %s %s\\n' "${{t:-0}}" "${{TMUX_PANE:--}}" "${{TMUX:--}}"
    cut -b 1-{payload} <&3
  }} >"$f.tmp" && mv -f "$f.tmp" "$f.report"
  set -- *.report
  [ $# -le {kept} ] || rm -f "$1"
) </dev/null &
:
"""


def script_path(spool: Path, agent: str) -> Path:
    """Where an agent's script lies: beside the reports it writes."""
    return spool / f"{agent}.sh"


def script_text(spool: Path, agent: str) -> str:
    """The script of one agent."""
    return _SCRIPT.format(
        spool=shlex.quote(str(spool)), agent=agent, header=HEADER, payload=PAYLOAD_BYTES, kept=REPORTS_KEPT
    )


def hook_command(spool: Path, agent: str, *, own_shell: bool = False) -> str:
    """What is put into an agent's settings. A script that is gone is no error: agents take status 2 for a veto.

    `own_shell`: the command may be run by a shell with a syntax of its own (fish), so that ours is started for it.
    """
    path = shlex.quote(str(script_path(spool, agent)))
    run = "sh" if own_shell else "."
    return f"test ! -f {path} || {run} {path} {MARK}"
