"""The folders that all else lies in, as plain text: what `paths` builds on, and all that `status-line` can wait for."""

from __future__ import annotations

import os
import sys

from quarterdeck.errors import UsageError

# As `typing` says it, which costs `status-line` a fifth of its time to import.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

APP = "quarterdeck"
HOME_VARIABLE = "QUARTERDECK_HOME"
STATE_FILE = "state.db"


def absolute(path: str) -> str:
    """The path from the root on, as `pathlib` says it, which takes 8 ms to import. Raises UsageError."""
    whole = os.path.expanduser(path)
    if whole.startswith("~"):
        raise UsageError(f"{path} is below the home of a user who is not known here.")
    if not whole.startswith("/"):
        whole = os.path.join(current_folder(), whole)
    return "/" + "/".join(part for part in whole.split("/") if part not in {"", "."})


def current_folder() -> str:
    """The folder this process was started in. Raises UsageError where that is gone."""
    try:
        return os.getcwd()
    except OSError as error:
        raise UsageError("The folder you are in is gone.", hint="Go to another one first.") from error


def chosen_home(home: str | None, environ: Mapping[str, str]) -> str:
    """The one folder for everything: `home`, else QUARTERDECK_HOME, else empty. Raises UsageError."""
    if home is None:
        home = environ.get(HOME_VARIABLE, "")
    elif not home:
        raise UsageError("The home folder has an empty name.", hint="--home takes the path of a folder.")
    return absolute(home) if home else ""


def system_folders() -> tuple[str, str, str, str]:
    """Where the system keeps such a program's settings, state, data and log."""
    if sys.platform == "linux" and "ANDROID_ROOT" not in os.environ:
        state = _xdg("XDG_STATE_HOME", ".local/state")
        return _xdg("XDG_CONFIG_HOME", ".config"), state, _xdg("XDG_DATA_HOME", ".local/share"), f"{state}/log"
    import platformdirs

    return (
        platformdirs.user_config_dir(APP, appauthor=False),
        platformdirs.user_state_dir(APP, appauthor=False),
        platformdirs.user_data_dir(APP, appauthor=False),
        platformdirs.user_log_dir(APP, appauthor=False),
    )


def state_file(home: str | None, environ: Mapping[str, str] = os.environ) -> str:
    """The database of that home. Raises UsageError."""
    return os.path.join(chosen_home(home, environ) or system_folders()[1], STATE_FILE)


def _xdg(variable: str, otherwise: str) -> str:
    """What platformdirs answers on Linux, without the 20 ms that it takes to import."""
    told = os.environ.get(variable, "")
    return os.path.join(told if told.strip() else os.path.expanduser(f"~/{otherwise}"), APP)
