"""`replace` for frozen structs.

It is msgspec's; the types are those of the dataclasses' one, whose changes mypy checks field by field.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import replace
else:
    from msgspec.structs import replace

__all__ = ["replace"]
