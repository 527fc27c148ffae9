"""`replace` for frozen structs: msgspec's, with the types of the dataclasses' one, which mypy checks field by field."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import replace
else:
    from msgspec.structs import replace

__all__ = ["replace"]
