"""Failures, shown once: a toast for what went wrong, one line and a log entry for a crash."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from rich.text import Text
from textual.worker import WorkerFailed

from quarterdeck.core.text import clean
from quarterdeck.errors import QuarterdeckError

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from textual.app import App

logger = logging.getLogger(__name__)
TOAST_SECONDS = 8.0


def tell(app: App[int], error: QuarterdeckError) -> None:
    """Show a failure with its hint."""
    parts = (error.message, error.hint, *getattr(error, "__notes__", ()))
    text = "\n".join(clean(part) for part in parts if part)
    app.notify(text, title=clean(error.title), severity="error", timeout=TOAST_SECONDS, markup=False)


async def shown(app: App[int], action: Coroutine[object, object, None]) -> None:
    """Wait for what an action does, and show how it failed."""
    try:
        await action
    except QuarterdeckError as error:
        tell(app, error)
    except Exception:
        # One action that fails in a way nobody thought of must not take the watch over all sessions with it.
        logger.exception("an action failed")
        app.notify(
            "Something failed that should not. The log has the details.",
            severity="error",
            timeout=TOAST_SECONDS,
            markup=False,
        )


def crashed(app: App[int], error: BaseException | None) -> None:
    """Leave with one sentence; the traceback, without local variables, goes to the log."""
    if isinstance(error, WorkerFailed):
        error = error.error
    logger.critical("the console stopped", exc_info=error)
    name = type(error).__name__ if error is not None else "an unknown error"
    app.bell()
    app.panic(Text(f"The console stopped on an internal error ({name}). The log has the details; your sessions go on."))
