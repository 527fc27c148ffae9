"""`shell-integration`: a snippet by which a shell says when a command begins and how it ended.

It adds short lines to a file of its pane's: no program is started at a prompt, what was in PROMPT_COMMAND, PS0 and the
other hooks stays, and outside tmux, or where our folder is not there, it does nothing at all. The file is begun anew
every hundredth command; to do that each time took 4 ms (ext4 writes what replaces something to the disk at once).
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from quarterdeck.cli.output import write
from quarterdeck.core.shell_word import COMMAND_LENGTH, SHELL_HEADER
from quarterdeck.paths import private_folder

if TYPE_CHECKING:
    from pathlib import Path

    from quarterdeck.cli.call import Call

BASH_SNIPPET: Final = r"""
if [[ $- == *i* && -n ${TMUX-} && ${TMUX_PANE-} == %* && -z ${_qd_word-} && -d @FOLDER@ ]] &&
    ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 404)); then
    _qd_word=${TMUX%,*}
    _qd_word=@FOLDER@/${TMUX_PANE#%}.${_qd_word##*,}
    _qd_ran=0 _qd_number=0 _qd_before=0 _qd_blank=' '
    # Runs in a subshell of PS0. A command that was kept out of the history is not told of either.
    _qd_begins() {
        if ((_qd_number % 100)); then exec >>"$_qd_word"; else exec >|"$_qd_word"; fi
        builtin printf '@HEADER@ %s run - ' "$$"
        if ((_qd_number == _qd_before)); then echo; else HISTTIMEFORMAT= builtin history 1; fi
    } 2>/dev/null
    _qd_ended() {
        local status=$?
        if ((_qd_ran)); then
            _qd_ran=0
            { builtin printf '@HEADER@ %s end %s\n' "$$" "$status" >>"$_qd_word"; } 2>/dev/null
        fi
        return "$status"
    }
    PS0='${_qd_blank:0:$((_qd_ran=1,_qd_before=_qd_number,_qd_number=\!,0))}$(_qd_begins)'${PS0-}
    if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 501)); then
        PROMPT_COMMAND=(_qd_ended "${PROMPT_COMMAND[@]}")
    else
        PROMPT_COMMAND="_qd_ended${PROMPT_COMMAND:+; $PROMPT_COMMAND}"
    fi
fi
"""
ZSH_SNIPPET: Final = r"""
if [[ -o interactive && -n ${TMUX-} && ${TMUX_PANE-} == %* && -z ${_qd_word-} && -d @FOLDER@ ]]; then
    typeset -g _qd_word=${TMUX%,*} _qd_ran=0 _qd_number=0
    _qd_word=@FOLDER@/${TMUX_PANE#%}.${_qd_word##*,}
    _qd_begins() {
        _qd_ran=1
        (( _qd_number++ % 100 )) || { : >|"$_qd_word" } 2>/dev/null
        { builtin print -r -- "@HEADER@ $$ run - ${${1%%$'\n'*}[1,@LENGTH@]}" >>|"$_qd_word" } 2>/dev/null
    }
    _qd_ended() {
        local ended=$?
        (( _qd_ran )) || return 0
        _qd_ran=0
        { builtin print -r -- "@HEADER@ $$ end $ended" >>|"$_qd_word" } 2>/dev/null
    }
    autoload -Uz add-zsh-hook
    add-zsh-hook preexec _qd_begins
    add-zsh-hook precmd _qd_ended
fi
"""
FISH_SNIPPET: Final = r"""
if status is-interactive; and set -q TMUX; and set -q TMUX_PANE; and not set -q _qd_word
    and test -d @FOLDER@
    set -g _qd_word @FOLDER@/(string replace '%' '' -- $TMUX_PANE).(string split ',' -- $TMUX)[-2]
    set -g _qd_number 0
    function _qd_begins --on-event fish_preexec
        test (math $_qd_number % 100) = 0; and echo -n 2>/dev/null >$_qd_word
        set -g _qd_number (math $_qd_number + 1)
        set -l line (string split \n -- $argv[1])[1]
        echo "@HEADER@ $fish_pid run - "(string sub -l @LENGTH@ -- $line) 2>/dev/null >>$_qd_word
    end
    function _qd_ended --on-event fish_postexec
        set -l ended $status
        echo "@HEADER@ $fish_pid end $ended" 2>/dev/null >>$_qd_word
    end
end
"""
SNIPPETS: Final = {"bash": BASH_SNIPPET, "zsh": ZSH_SNIPPET, "fish": FISH_SNIPPET}


def run(call: Call) -> int:
    """Print the snippet of one shell, and make the folder that it writes into."""
    write(snippet_for(call.options.shell, private_folder(call.places.shells)))
    return 0


def snippet_for(shell: str, folder: Path) -> str:
    """The snippet of one shell, which writes into this folder."""
    snippet = SNIPPETS[shell].strip()
    values = {"@FOLDER@": shlex.quote(str(folder)), "@HEADER@": SHELL_HEADER, "@LENGTH@": str(COMMAND_LENGTH)}
    for word, value in values.items():
        snippet = snippet.replace(word, value)
    return f"{snippet}\n"
