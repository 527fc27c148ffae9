"""Who may see the console in a browser: whoever has the address, from this machine, through a page of ours."""

from __future__ import annotations

from hmac import compare_digest
from typing import Final, NamedTuple

LOOPBACK: Final = "127.0.0.1"


class WebAccess(NamedTuple):
    """The one way in. The token is the first part of every path, so nothing at all is served without it."""

    port: int
    token: str

    @property
    def origin(self) -> str:
        """Where our own pages come from."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def url(self) -> str:
        """The address to open."""
        return f"{self.origin}/{self.token}/"

    def admits(self, path: str, host: str, origin: str | None) -> bool:
        """Whether a request may be answered.

        A name that leads here by a trick of somebody's DNS is not ours, and neither is a page of another site, even
        when either has learned the token.
        """
        first, _, _ = path.removeprefix("/").partition("/")
        return (
            bool(self.token)
            and compare_digest(first.encode(errors="backslashreplace"), self.token.encode())
            and host == f"{LOOPBACK}:{self.port}"
            and origin in {None, self.origin}
        )

    def connects(self, origin: str | None) -> bool:
        """Whether what comes from there may have a console: every browser says where a page's connection comes from."""
        return origin == self.origin
