"""`completions`: scripts by shtab. They ask `names`, which runs while somebody holds Tab, for what only we know."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any, Final

from quarterdeck.cli.address import server_socket
from quarterdeck.cli.arguments import PROGRAM, Parser, build
from quarterdeck.cli.output import write
from quarterdeck.core.pane import Snapshot
from quarterdeck.core.text import clean
from quarterdeck.errors import QuarterdeckError
from quarterdeck.foreign_files import read_text
from quarterdeck.store.glances import names
from quarterdeck.tmux.look import FirstLook

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from quarterdeck.cli.call import Call

NAME_KINDS: Final = ("session", "kept", "project", "agent")
"""What `quarterdeck names` tells."""
ARGUMENT_KINDS: Final = {
    **dict.fromkeys(("restore SESSION", "remap SESSION", "show SESSION", "--session", "--as"), "kept"),
    **dict.fromkeys(("AGENT", "--agent", "--tool"), "agent"),
    **dict.fromkeys(("PROJECT", "--project"), "project"),
    "--in": "session",
    **dict.fromkeys(("FILE", "--prompt-file", "-S"), "file"),
    **dict.fromkeys(("--cwd", "--home"), "folder"),
    "SESSION": "session",
}
"""What an argument takes, by its name or, for one without a dash, by what stands for it in the help."""

TAB_PATIENCE = 0.3
"""Seconds that whoever holds Tab waits for tmux."""

BASH: Final = r"""
# The names that only the program knows, of a kind.
_quarterdeck_names() {
    local typed=$2 quote= name i before=
    local -a given=()
    case $typed in
        \"* | \'*) quote=1 typed=${typed:1} ;;
        *) typed=${typed//\\/} ;;
    esac
    if [[ $COMP_WORDBREAKS == *:* ]]; then
        # bash takes a place for several words, and wants the last of them.
        name=${COMP_LINE:0:COMP_POINT} name=${name##*[[:space:]]}
        [[ $name == [!\"\']*:* ]] && typed=$name before=${name%:*}:
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            --) return ;;
            -L | -S | --home) name=${COMP_WORDS[i + 1]//[\"\'\\]/} given+=("${COMP_WORDS[i]}" "${name/#\~/$HOME}") ;;
        esac
    done
    while IFS=$'\t' read -r name _; do
        name=${name#"$before"}
        if [[ -z $quote ]]; then printf '%q\n' "$name"; else printf '%s\n' "$name"; fi
    done < <("${COMP_WORDS[0]/#\~/$HOME}" "${given[@]}" names "$1" -- "$typed" 2>/dev/null </dev/null)
}
"""
ZSH: Final = r"""
# The names that only the program knows, of a kind.
_quarterdeck_names() {
    local -a typed lines found given
    local line tab=$'\t' i
    typed=(${(z)BUFFER})
    for ((i = 2; i < $#typed; i++)); do
        case $typed[i] in
            -L|-S|--home) given+=($typed[i] ${~${(Q)typed[i+1]}}) ;;
        esac
    done
    lines=("${(@f)$(_call_program names ${typed[1]} ${(q)given} names $1 2>/dev/null)}")
    for line in $lines; do
        found+=("${${line%%$tab*}//:/\\:}:${line#*$tab}")
    done
    (( $#found )) && _describe -t "$1" "$1" found
}
"""
FISH: Final = r"""
# The names that only the program knows, of a kind.
function _quarterdeck_names
    set -l typed (commandline -opc)
    set -l given
    for i in (seq 2 (count $typed))
        if contains -- $typed[$i] -L -S --home
            set -a given $typed[$i] (string replace -r '^~' $HOME -- $typed[(math $i + 1)])
        end
    end
    $typed[1] $given names $argv[1] 2>/dev/null
end
"""
WAYS: Final = {
    **{kind: {"bash": f"_quarterdeck_{kind}", "zsh": f" _quarterdeck_names {kind}",
              "fish": f"(_quarterdeck_names {kind})"} for kind in NAME_KINDS},
    "folder": {"bash": "_shtab_compgen_dirs", "zsh": "_files -/", "fish": "(__fish_complete_directories)"},
    "file": {"bash": "_shtab_compgen_files", "zsh": "_files", "fish": "(__fish_complete_path)"},
}  # fmt: skip
"""The shells' functions for each kind; zsh's blank keeps `_arguments` from putting words of its own in between."""
HELPERS: Final = {
    "bash": BASH + "".join(f'_quarterdeck_{kind}() {{ _quarterdeck_names {kind} "$1"; }}\n' for kind in NAME_KINDS),
    "zsh": ZSH,
    "fish": FISH,
}
ONLY_THE_FIRST: Final = '"(*):'
EACH: Final = '"*:'
SECOND_NAME: Final = {
    "bash": "complete -o bashdefault -F _shtab_quarterdeck qd",
    "zsh": "compdef qd=quarterdeck",
    "fish": "complete -c quarterdeck -f\ncomplete -c qd -w quarterdeck",
}
"""What makes a shell complete `qd` as well."""


def run(call: Call) -> int:
    """Print the script for a shell."""
    write(script(call.options.shell))
    return 0


def script(shell: str) -> str:
    """The whole script for a shell."""
    import shtab

    made = shtab.complete(build(kind=_Completed), shell=shell, preamble=HELPERS[shell])
    # shtab 1.13 has zsh complete only the first of an argument's words.
    return f"{made.replace(ONLY_THE_FIRST, EACH)}\n{SECOND_NAME[shell]}\n"


class _Completed(Parser):
    """A parser whose arguments say what completes them, where shtab looks for it."""

    def add_argument(self, *names: Any, **options: Any) -> argparse.Action:
        """Add an argument, of this verb."""
        action = super().add_argument(*names, **options)
        name = action.option_strings[-1] if action.option_strings else action.metavar
        kind = ARGUMENT_KINDS.get(f"{self.prog.removeprefix(PROGRAM).strip()} {name}") or ARGUMENT_KINDS.get(str(name))
        if kind is not None and action.nargs != 0:
            action.complete = WAYS[kind]  # type: ignore[attr-defined] # an attribute that shtab alone knows
        return action


def print_names(call: Call) -> int:
    """Print the names of a kind, each with what it is after a tab; nothing at all when they cannot be known."""
    kind, prefix = call.options.kind, call.options.prefix
    try:
        for name, what in TELLERS[kind](call, prefix):
            # What a terminal must not be shown cannot be typed either.
            if name.startswith(prefix) and clean(name) == name:
                write(f"{name}\t{clean(what)}\n")
    except (QuarterdeckError, OSError, ValueError):
        # A word in the operator's command line is no place for an error: `doctor` tells it.
        return 1
    return 0


def _sessions(call: Call, prefix: str) -> Iterator[tuple[str, str]]:
    live = [each for each in _all_kept(call) if each[2] == "live"]
    yield from _told(live, prefix)
    known = {name for _, name, *_ in live}
    # Where nobody has watched yet, tmux alone knows.
    seen = FirstLook(call.address).wait(TAB_PATIENCE)
    if isinstance(seen, Snapshot):
        for name in dict.fromkeys(pane.session_name for pane in seen.panes):
            if name not in known:
                yield name, "not watched yet"


def _kept(call: Call, prefix: str) -> Iterator[tuple[str, str]]:
    return _told([each for each in _all_kept(call) if each[2] in {"live", "stale", "ended"}], prefix)


def _all_kept(call: Call) -> list[tuple[str, str, str, str]]:
    return names(call.places.state_file, server_socket(call.options.socket_name, call.options.socket_path))


def _told(found: list[tuple[str, str, str, str]], prefix: str) -> Iterator[tuple[str, str]]:
    counted = [name for _, name, *_ in found]
    by_name = False
    for session_id, name, status, state in found:
        if counted.count(name) == 1 and name.startswith(prefix):
            by_name = True
            yield name, f"{session_id}, {state if status == 'live' else status}"
    # Ids are what one types when names do not do.
    if not by_name or prefix:
        for session_id, name, *_ in found:
            yield session_id, name


def _projects(call: Call, _: str) -> Iterator[tuple[str, str]]:
    for name, project in _section(call, "projects").items():
        yield name, str(project.get("path", "")) if isinstance(project, dict) else ""


def _agents(call: Call, _: str) -> Iterator[tuple[str, str]]:
    from quarterdeck.plugins.loading import names as plugin_names

    for name in dict.fromkeys((*_section(call, "agents"), *plugin_names())):
        yield name, "agent"


def _section(call: Call, name: str) -> dict[str, object]:
    # Without the model, which takes longer to import than anybody holds Tab.
    file = call.places.config_file
    section = tomllib.loads(read_text(file)).get(name, {}) if file.exists() else {}
    return section if isinstance(section, dict) else {}


TELLERS = {"session": _sessions, "kept": _kept, "project": _projects, "agent": _agents}
