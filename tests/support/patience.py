"""How long a test waits for what must come."""

from __future__ import annotations

PATIENCE = 60.0
"""Seconds: far more than anything takes on a machine that does much else, and less than a test may take."""
