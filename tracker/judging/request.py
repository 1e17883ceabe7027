"""One request, as far as judging looks at it.

Owns: the value.
Does not own: what follows from it (`signals`), or whose address it is (`tracker.forwarded`).
"""

from dataclasses import dataclass

from config.addresses import IpAddress
from tracker.forwarded import Headers


@dataclass(frozen=True, slots=True)
class Request:
    """What is known of one request. `address` is the client's, whole, or None."""

    method: str
    https: bool
    headers: Headers
    address: IpAddress | None

    def header(self, name: bytes) -> str:
        """Return the first value of a header field, whose name is in lower case; empty if none."""
        for each, value in self.headers:
            if each == name:
                return value.decode("latin-1").strip()
        return ""
