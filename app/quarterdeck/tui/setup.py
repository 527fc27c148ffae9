"""What the console asks of the set-up: whether all it stands on is right, and what could be turned on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from quarterdeck.core.setup_part import SetupPart
    from quarterdeck.operations.setup_offers import Offer
    from quarterdeck.ports.doctor_check import Finding


class Setup(Protocol):
    """The set-up of this machine, as far as it is ours."""

    pictures: Path
    """The folder that takes pictures of the screen; it need not exist."""

    async def findings(self) -> Sequence[Finding]:
        """Look whether everything is right, without changing anything."""

    async def offer(self, part: SetupPart) -> Offer | None:
        """What turning this part on would do; None when it is on, or there is nothing to turn on."""
