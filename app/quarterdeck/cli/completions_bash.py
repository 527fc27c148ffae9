"""The completion script for bash."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from quarterdeck.cli.completions import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quarterdeck.cli.completions import CommandNode

_SCRIPT = r"""# bash completion for quarterdeck and qd; made by `quarterdeck completions bash`.

# The names that only the program knows, of a kind.
_quarterdeck_names() {
    local name typed=$cur quote=
    case $cur in
        \"* | \'*) quote=1 typed=${cur:1} ;;
        *) typed=${cur//\\/} ;;
    esac
    while IFS=$'\t' read -r name _; do
        if [[ -z $quote ]]; then printf -v name %q "$name"; fi
        COMPREPLY+=("$name")
    done < <("${COMP_WORDS[0]/#\~/$HOME}" "${given[@]}" names "$1" -- "$typed" 2>/dev/null </dev/null)
}

# Words out of a list that begin as what is typed.
_quarterdeck_words() {
    local word
    for word in "$@"; do
        if [[ $word == "$cur"* ]]; then COMPREPLY+=("$word"); fi
    done
}

_quarterdeck_files() {
    compopt -o filenames 2>/dev/null
    local IFS=$'\n'
    COMPREPLY=($(compgen "$1" -- "$cur"))
}

# What an option of a verb takes, or a verb's own words.
_quarterdeck_value() {
    case $1 in
@VALUES@
    esac
    return 0
}

# Whether an option takes a value.
_quarterdeck_takes() {
    case $1 in
        @VALUED@) return 0 ;;
    esac
    return 1
}

_quarterdeck() {
    local cur=${COMP_WORDS[COMP_CWORD]} verb='' word value i words=0
    local -a given=()
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $word == -- ]]; then
            return
        elif _quarterdeck_takes "$word"; then
            if ((i + 1 == COMP_CWORD)); then
                _quarterdeck_value "$verb $word"
                return
            fi
            value=${COMP_WORDS[++i]//[\"\'\\]/}
            case $word in -L | -S | --home) given+=("$word" "${value/#\~/$HOME}") ;; esac
        elif [[ $word != -* ]]; then
            case "$verb $word" in
                @PATHS@) verb="${verb:+$verb }$word" ;;
                *) ((words++)) ;;
            esac
        fi
    done
    if [[ $cur == -* ]]; then
        case $verb in
@OPTIONS@
        esac
        return
    fi
    case $verb in
@WORDS@
    esac
}

complete -F _quarterdeck quarterdeck qd
"""


def script(root: CommandNode) -> str:
    """The whole script."""
    nodes = list(root.below())
    valued = sorted({option.name for node in nodes for option in node.options if option.takes})
    fill = {
        "@VALUES@": "\n".join(_values(root)),
        "@VALUED@": " | ".join(valued),
        "@PATHS@": " | ".join(_pattern(" ".join(node.path)) for node in nodes if node.path),
        "@OPTIONS@": "\n".join(_options(root)),
        "@WORDS@": "\n".join(_words(root)),
    }
    text = _SCRIPT
    for mark, made in fill.items():
        text = text.replace(mark, made)
    return text


def _pattern(path: str) -> str:
    # A verb of the first level comes after an empty one and a space.
    return f'"{path}"' if " " in path else f'" {path}"'


def _values(root: CommandNode) -> Iterator[str]:
    shared = {option.name for option in root.options}
    for node in root.below():
        for option in node.options:
            action = _action(option.takes, option.choices)
            if option.takes and action:
                at = f'*" {option.name}"' if option.name in shared else f'"{" ".join(node.path)} {option.name}"'
                yield f"        {at}) {action} ;;"


def _options(root: CommandNode) -> Iterator[str]:
    shared = [option.name for option in root.options] + ["-h", "--help"]
    for node in root.below():
        own = [option.name for option in node.options if option not in root.options]
        more = ["--version"] if not node.path else []
        words = " ".join((*own, *shared, *more))
        yield f'            "{" ".join(node.path)}") _quarterdeck_words {words} ;;'


def _words(root: CommandNode) -> Iterator[str]:
    for node in root.below():
        path = f'"{" ".join(node.path)}"'
        action = _action(node.takes, node.choices)
        if node.verbs:
            yield f"        {path}) _quarterdeck_words {' '.join(verb.name for verb in node.verbs)} ;;"
        elif action and node.repeats:
            yield f"        {path}) {action} ;;"
        elif action:
            yield f"        {path}) if ((words == 0)); then {action}; fi ;;"


def _action(takes: str, choices: tuple[str, ...]) -> str:
    if takes in NAMES:
        return f"_quarterdeck_names {takes}"
    files = {"folder": "_quarterdeck_files -d", "file": "_quarterdeck_files -f"}
    return f"_quarterdeck_words {shlex.join(choices)}" if choices else files.get(takes, "")
