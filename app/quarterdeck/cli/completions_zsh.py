"""The completion script for zsh."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from quarterdeck.cli.completions import NAMES, function_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from quarterdeck.cli.completions import CommandNode, CommandOption

_HEAD = r"""#compdef quarterdeck qd
# zsh completion; made by `quarterdeck completions zsh`.

# The names that only the program knows, of a kind.
_quarterdeck_names() {
    local -a lines found
    local line tab=$'\t'
    lines=("${(@f)$(_call_program names ${(q)_quarterdeck_program} ${(q)_quarterdeck_given} names $1 2>/dev/null)}")
    for line in $lines; do
        found+=("${${line%%$tab*}//:/\\:}:${line#*$tab}")
    done
    (( $#found )) && _describe -t "$1" "$1" found
}
"""
_TAIL = r"""
_quarterdeck() {
    local -a _quarterdeck_given
    local _quarterdeck_program=$words[1] i
    for ((i = 2; i < CURRENT; i++)); do
        case $words[i] in
            -L|-S|--home) _quarterdeck_given+=($words[i] ${~${(Q)words[i+1]}}) ;;
        esac
    done
    _quarterdeck_verbs
}

if [ "$funcstack[1]" = _quarterdeck ]; then
    _quarterdeck "$@"
else
    compdef _quarterdeck quarterdeck qd
fi
"""
HELP = "(-h --help)'{-h,--help}'[show how it is called]"


def script(root: CommandNode) -> str:
    """The whole script."""
    return _HEAD + "".join(_function(node, root) for node in root.below()) + _TAIL


def _function(node: CommandNode, root: CommandNode) -> str:
    name = function_name(node.path) if node.path else "_quarterdeck_verbs"
    specs = [*_specs(node.options), *(_specs(root.options) if node.path else ["'--version[show the version]'"])]
    specs.append(f"'{HELP}'")
    if not node.verbs:
        word = _word(node)
        return _body(name, [*specs, *([word] if word else [])], "")
    listed = "\n".join(f"                {_quoted(_described(verb))}" for verb in node.verbs)
    cases = "\n".join(f"                {verb.name}) {function_name(verb.path)} ;;" for verb in node.verbs)
    after = f"""
    case $state in
        verb)
            local -a verbs=(
{listed}
            )
            _describe verb verbs
            ;;
        rest)
            case $words[1] in
{cases}
            esac
            ;;
    esac"""
    return _body(name, [*specs, "'1: :->verb'", "'*:: :->rest'"], after)


def _body(name: str, specs: Sequence[str], after: str) -> str:
    lines = " \\\n".join(f"        {spec}" for spec in specs)
    return f"""
{name}() {{
    local context state state_descr line
    typeset -A opt_args
    _arguments -C \\
{lines}{after}
}}
"""


def _specs(options: Sequence[CommandOption]) -> Iterator[str]:
    for option in options:
        text = f"{option.name}[{_text(option.help)}]"
        many = "*" if option.name == "-v" else ""
        value = f":{option.takes}:{_action(option.takes, option.choices)}" if option.takes else ""
        yield _quoted(many + text + value)


def _word(node: CommandNode) -> str:
    action = _action(node.takes, node.choices)
    if not node.takes or not action.strip():
        return ""
    return _quoted(f"{'*' if node.repeats else '1'}:{node.takes}:{action}")


def _action(takes: str, choices: tuple[str, ...]) -> str:
    if takes in NAMES:
        # The space keeps `_arguments` from putting words of its own in between.
        return f" _quarterdeck_names {takes}"
    return f"({' '.join(choices)})" if choices else {"folder": "_files -/", "file": "_files"}.get(takes, " ")


def _described(verb: CommandNode) -> str:
    return f"{verb.name}:{verb.summary}"


def _text(text: str) -> str:
    return re.sub(r"[\[\]:\\]", r"\\\g<0>", text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
