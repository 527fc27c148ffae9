"""What runs in front in a pane: the program that matters, what it is called, and of which kind it is. Pure."""

from __future__ import annotations

import itertools
import re
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from quarterdeck.core.process_tree import is_interpreter, is_shell, script_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.core.process_tree import Process

LONGEST_COMMAND_NAME = 32
"""Characters of a command line that is short enough to be a name as a whole."""

_NAMED = {
    kind: frozenset(names.split())
    for kind, names in {
        "viewer": "vi vim nvim view vimdiff gvim nano pico emacs emacsclient micro hx helix kak joe ne mcedit ed"
        " less more most pager man info pinfo bat delta moar ov lnav tig top htop btop btm atop glances nvtop gotop"
        " bpytop iotop iftop nethogs nmon powertop watch s-tui lazygit gitui lazydocker k9s ctop dive ncdu mc ranger"
        " nnn lf yazi vifm broot tmux screen zellij byobu fzf sk mutt neomutt weechat irssi newsboat cmatrix tty-clock",
        "trivial": "sleep cat tee grep egrep fgrep rg head tail wc true false date sed awk gawk mawk sort uniq tr cut"
        " xargs find yes printf echo test expr basename dirname seq paste column stdbuf script unbuffer pv",
        "wrapper": "sudo doas env time nice ionice timeout nohup setsid exec command strace ltrace catchsegv faketime"
        " chrt taskset dotenv direnv caffeinate hyperfine entr",
        "subcommand": "cargo go npm pnpm yarn bun npx bunx deno make just task rake mix dotnet swift zig gradle gradlew"
        " mvn git docker podman kubectl helm terraform tofu pulumi pip pip3 uv poetry apt apt-get brew flutter"
        " systemctl rails manage.py next vite nx turbo docker-compose",
    }.items()
}
_VIEWERS = _NAMED["viewer"]
"""Editors, pagers, monitors and what else one looks at: that they run is no work, and they ask nothing."""
_TRIVIAL = _NAMED["trivial"]
"""Programs that stand beside what matters, and read what is piped to them."""
_WRAPPERS = _NAMED["wrapper"]
_WITH_SUBCOMMAND = _NAMED["subcommand"]
_FOLLOWERS = {
    "tail": ("-f", "-F", "--follow"), "journalctl": ("-f", "--follow"), "dmesg": ("-w", "-W", "--follow"),
    "kubectl": ("-f", "--follow", "-w", "--watch"), "docker": ("-f", "--follow"),
}  # fmt: skip
"""Programs that show what others write, with the options that make them go on."""
_RUNNERS = {"uv": "run", "poetry": "run", "pipenv": "run", "pdm": "run", "hatch": "run", "bundle": "exec"}
_SUFFIX = re.compile(r"\.(?:exe|js|mjs|cjs)$")
_OPTION_WITH_PLACE = frozenset(
    {"-C", "-f", "-p", "-H", "--file", "--context", "--directory", "--project", "--manifest-path"}
)
_OPTION_WITH_VALUE = frozenset({"-W", "-X", "-r", "--require", "--import", "--loader", "-C", "--directory"})


class FrontKind(StrEnum):
    """What kind of program has a pane's keyboard."""

    SHELL = "shell"
    """A shell that waits for commands."""
    VIEWER = "viewer"
    """An editor, a pager, a monitor."""
    PROGRAM = "program"


class Front(Struct, frozen=True):
    """What runs in front in a pane."""

    kind: FrontKind = FrontKind.SHELL
    name: str = ""
    """What it is called, as one would say it: `pytest`, `npm run dev`; "" for a shell."""
    pids: tuple[int, ...] = ()
    """Its processes, the first of them first."""
    has_shell: bool = False
    """Whether one of them is a shell, with a script or a line of its own to run."""
    is_filter: bool = False
    """Whether nothing runs but what passes on what it reads."""


NO_FRONT = Front()


def front_of(family: Sequence[Process]) -> Front:
    """What runs in front among a pane's processes, nearest to the pane first."""
    front = [each for each in family if each.in_front] or list(family)
    programs = [each for each in front if not (is_shell(each.name) and script_of(each) is None)]
    if not programs:
        return Front(pids=tuple(each.pid for each in front))
    pids = tuple(each.pid for each in programs)
    called = [_words(each) for each in programs]
    scripts = [_is_script(each) for each in programs]
    if any(_is_viewer(words) for words in called):
        return Front(FrontKind.VIEWER, next(_base(words[0]) for words in called if _is_viewer(words)), pids)
    telling = [pair for pair in zip(called, scripts, strict=True) if _base(pair[0][0]) not in _TRIVIAL]
    # What a script runs says more than its own name, unless it only waits.
    named = next((words for words, is_script in telling if not is_script), None)
    named = named or next((words for words, _ in telling if not is_shell(_base(words[0]))), None)
    waits = next((words for words in called if not is_shell(_base(words[0]))), called[0])
    name = command_name(named or waits)
    return Front(FrontKind.PROGRAM, name, pids, has_shell=any(scripts), is_filter=not telling)


def command_name(words: Sequence[str]) -> str:
    """What a command is called: the whole of a short one, else its program with the subcommand."""
    if not words:
        return ""
    name = _base(words[0])
    whole = " ".join([name, *words[1:]])
    if len(whole) <= LONGEST_COMMAND_NAME and "\n" not in whole:
        return whole
    if name not in _WITH_SUBCOMMAND:
        return name[:LONGEST_COMMAND_NAME]
    rest = [
        word
        for before, word in itertools.pairwise(words[:8])
        if before not in _OPTION_WITH_PLACE and re.fullmatch(r"[a-z][\w:.-]{0,20}", word)
    ]
    return " ".join([name, *rest[: 2 if rest[:1] in (["run"], ["compose"]) else 1]])


def _is_script(process: Process) -> bool:
    """Whether a shell runs there that was given something to run; its name may be that of the script."""
    return is_shell(process.name) or bool(process.argv and is_shell(process.argv[0]))


def _words(process: Process) -> list[str]:
    """The words of what a process really does, without what only stands around it or interprets it."""
    words = list(process.argv) or [process.name]
    if " " in words[0] and len(words) == 1:
        words = words[0].split()  # it has given itself this name: `npm run dev`
    for _ in range(4):
        shorter = _without_wrapper(words)
        if shorter == words:
            break
        words = shorter
    return words or [process.name]


def _without_wrapper(words: list[str]) -> list[str]:
    name, rest = _base(words[0]), words[1:]
    if is_shell(name):
        script = next((word for word in rest if not word.startswith(("-", "+"))), "")
        takes = rest[:1] and rest[0].startswith("-") and "c" in rest[0]
        return [name] if takes or not script else [script, *rest[rest.index(script) + 1 :]]
    if is_interpreter(name) and name.rstrip("0123456789.") not in {"npm", "npx", "pnpm", "yarn", "uv", "bun", "deno"}:
        return _interpreted(words)
    if rest and _RUNNERS.get(name) == rest[0]:
        return _command_in(rest[1:]) or words
    if name in _WRAPPERS:
        return _command_in(rest) or words
    return words


def _interpreted(words: list[str]) -> list[str]:
    """What an interpreter runs; itself where it runs nothing that has a name."""
    skip = False
    for at, word in enumerate(words[1:], 1):
        if skip:
            skip = False
        elif word == "-m":
            return words[at + 1 :] or words
        elif word in {"-c", "-e", "-p", "--eval"}:
            return words[:1]
        elif word in _OPTION_WITH_VALUE:
            skip = True
        elif not word.startswith("-"):
            return words[at:]
    return words[:1]


def _command_in(words: list[str]) -> list[str]:
    """The command behind a wrapper's own options, variables and times."""
    for at, word in enumerate(words):
        if word.startswith("-") or "=" in word or re.fullmatch(r"[\d.]+[smhd]?", word):
            continue
        return words[at:]
    return []


def _is_viewer(words: Sequence[str]) -> bool:
    name = _base(words[0])
    if name in _VIEWERS:
        return True
    goes_on = _FOLLOWERS.get(name)
    if name in _WITH_SUBCOMMAND and not {"logs", "get"} & {*words[1:4]}:
        return False
    return goes_on is not None and any(
        word in goes_on or (name == "tail" and re.fullmatch(r"-\w*[fF]\w*", word)) for word in words[1:]
    )


def _base(word: str) -> str:
    return _SUFFIX.sub("", word.rstrip("/").rpartition("/")[2].lstrip("-"))
