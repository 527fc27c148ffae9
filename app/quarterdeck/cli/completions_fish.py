"""The completion script for fish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.cli.completions import NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from quarterdeck.cli.completions import CommandNode, CommandOption

_HEAD = r"""# fish completion for quarterdeck and qd; made by `quarterdeck completions fish`.

# The words before the cursor that are no options: the verb and what follows it.
function __quarterdeck_words
    set -l skip 0
    for word in (commandline -opc)[2..]
        if test $skip = 1
            set skip 0
            continue
        end
        switch $word
            case @VALUED@
                set skip 1
            case '-*'
            case '*'
                echo $word
        end
    end
end

# Whether exactly these words stand there.
function __quarterdeck_at
    set -l words (__quarterdeck_words)
    test "$words" = "$argv"
end

# Whether these words stand there, and perhaps more.
function __quarterdeck_in
    set -l words (__quarterdeck_words)
    test (count $words) -ge (count $argv); and test "$words[1..$(count $argv)]" = "$argv"
end

# The names that only the program knows, of a kind.
function __quarterdeck_names
    set -l typed (commandline -opc)
    set -l given
    for i in (seq 2 (count $typed))
        if contains -- $typed[$i] -L -S --home
            set -a given $typed[$i] (string replace -r '^~' $HOME -- $typed[(math $i + 1)])
        end
    end
    $typed[1] $given names $argv[1] 2>/dev/null
end

complete -c quarterdeck -f
complete -c qd -w quarterdeck
"""


def script(root: CommandNode) -> str:
    """The whole script."""
    valued = sorted({option.name for node in root.below() for option in node.options if option.takes})
    head = _HEAD.replace("@VALUED@", " ".join(valued))
    return head + "".join(f"{line}\n" for node in root.below() for line in _lines(node))


def _lines(node: CommandNode) -> Iterator[str]:
    path = " ".join(node.path)
    at = f"-n '__quarterdeck_at{' ' if path else ''}{path}'"
    inside = f"-n '__quarterdeck_in {path}'" if path else ""
    for verb in node.verbs:
        yield f"complete -c quarterdeck {at} -a {verb.name} -d {_quoted(verb.summary)}"
    for option in node.options:
        yield " ".join(filter(None, ("complete -c quarterdeck", inside, _option(option), "-d", _quoted(option.help))))
    if not node.path:
        yield "complete -c quarterdeck -s h -l help -d 'show how it is called'"
        yield "complete -c quarterdeck -l version -d 'show the version'"
    words = _values(node.takes, node.choices)
    if words:
        yield f"complete -c quarterdeck {inside if node.repeats else at} {words}"


def _option(option: CommandOption) -> str:
    kind = "-l" if option.name.startswith("--") else "-s"
    values = _values(option.takes, option.choices)
    taking = f" -r {values}" if option.takes in {"folder", "file"} else f" -x {values}" if option.takes else ""
    return f"{kind} {option.name.lstrip('-')}{taking}".rstrip()


def _values(takes: str, choices: tuple[str, ...]) -> str:
    if takes in NAMES:
        return f"-a '(__quarterdeck_names {takes})'"
    if choices:
        return f"-a {_quoted(' '.join(choices))}"
    return {"folder": "-a '(__fish_complete_directories)'", "file": "-F"}.get(takes, "")


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
