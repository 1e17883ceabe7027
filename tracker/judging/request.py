"""One request, as far as judging looks at it.

Owns: the value, and how much of an agent counts.
Does not own: what follows from it (`signals`), or whose address it is (`config.forwarded`).
"""

from collections.abc import Mapping
from typing import NamedTuple

from config.addresses import IpAddress
from config.forwarded import Headers

MAX_AGENT_CHARACTERS = 512
"""What is kept and looked at of a User-Agent; the longest of real browsers stay below 400."""


class Request(NamedTuple):
    """What is known of one request. `address` is the client's, whole, or None.

    `fields` has the first value of each header field, by its name in lower case, `agent` the User-Agent,
    cut to a bounded length. `https` says that the client used HTTPS for certain.
    """

    method: str
    https: bool
    fields: Mapping[bytes, bytes]
    address: IpAddress | None
    agent: str

    @classmethod
    def of(
        cls, method: str, headers: Headers, address: IpAddress | None, *, https: bool
    ) -> "Request":
        """Return the request that has these header fields."""
        fields = dict(reversed(headers))
        agent = fields.get(b"user-agent", b"")[:MAX_AGENT_CHARACTERS].decode("latin-1")
        return cls(method, https, fields, address, agent)

    def header(self, name: bytes) -> str:
        """Return the value of a header field, whose name is in lower case; empty if there is none."""
        return self.fields.get(name, b"").decode("latin-1").strip()
