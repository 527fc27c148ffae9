"""What the panes of the canned fleet show, with the colours a terminal would have."""

from __future__ import annotations

ASKING = """\
\x1b[1m>\x1b[0m bring the tax tables up to date on staging

\x1b[32m●\x1b[0m I will apply the migration first, then check the totals of last month.

\x1b[32m●\x1b[0m \x1b[1mRead\x1b[0m(migrations/0042_tax.sql)
  \x1b[2m⎿  Read 38 lines\x1b[0m

\x1b[32m●\x1b[0m \x1b[1mUpdate\x1b[0m(src/checkout/tax.py)
  \x1b[2m⎿  Updated src/checkout/tax.py with 3 additions and 1 removal\x1b[0m
     \x1b[2m41\x1b[0m     def rate(self, country: str) -> Decimal:
     \x1b[2m42\x1b[0m \x1b[41m\x1b[97m-        return RATES[country]                     \x1b[0m
     \x1b[2m42\x1b[0m \x1b[42m\x1b[30m+        rate = RATES.get(country)                 \x1b[0m
     \x1b[2m43\x1b[0m \x1b[42m\x1b[30m+        if rate is None:                          \x1b[0m
     \x1b[2m44\x1b[0m \x1b[42m\x1b[30m+            raise UnknownCountry(country)         \x1b[0m

\x1b[33m╭──────────────────────────────────────────────────────╮
│ Bash command                                         │
│   psql -h staging -f 0042_tax.sql                    │
│ Do you want to proceed?                              │
│ ❯ 1. Yes                                             │
│   2. Yes, and do not ask again for psql              │
│   3. No, and say what to do instead                  │
╰──────────────────────────────────────────────────────╯\x1b[0m
"""

WORKING = """\
\x1b[1m>\x1b[0m put the tile cache behind one lock

\x1b[32m●\x1b[0m The cache is written from two places. I will give both the same lock.

\x1b[32m●\x1b[0m \x1b[1mBash\x1b[0m(pytest tests/tiles -q)
  \x1b[2m⎿\x1b[0m  ........................                     \x1b[32m[100%]\x1b[0m
     \x1b[32m24 passed\x1b[0m in 1.93s

\x1b[38;2;215;119;87m✻ Weighing…\x1b[0m \x1b[2m(41s · ↓ 2.1k tokens · esc to interrupt)\x1b[0m
"""

SHELL = """\
\x1b[34m~\x1b[0m \x1b[32m❯\x1b[0m git status --short
 \x1b[31mM\x1b[0m notes.md
\x1b[34m~\x1b[0m \x1b[32m❯\x1b[0m


"""

TAILS = {"sess_1": ASKING, "sess_11": SHELL}


def tail_of(session_id: str) -> str:
    """A pane's last lines."""
    return TAILS.get(session_id, WORKING)
