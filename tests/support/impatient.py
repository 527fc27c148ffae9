"""The program, which waits for its database no longer than a test would: `python -m support.impatient ARGS`."""

from __future__ import annotations

import sys

from quarterdeck.cli import main
from quarterdeck.store.sqlite import SqliteStore
from quarterdeck.supervisor import workers

if __name__ == "__main__":
    defaults = SqliteStore.__init__.__kwdefaults__
    assert defaults is not None
    defaults["busy_timeout"] = workers.PERSIST_PATIENCE = 0.3
    sys.exit(main())
