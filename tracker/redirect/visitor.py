"""What a request says of who made it: a human or a machine, and what may be kept of the address.

Owns: the rules that tell machines from readers, each with a name and a version, so that counts can
be made anew when rules change; making an address private.
Does not own: the answer to a request (`redirector`), which address it comes from
(`tracker.forwarded`), or how clicks are counted (`tracker.ingest.counting`).

Everybody is served alike; a classification is a label and drops nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

from config.addresses import IpAddress, first_of_network
from config.schema import IpPrivacy
from tracker.forwarded import Headers
from tracker.listener.http1 import Request

MAX_USER_AGENT_CHARACTERS = 512
"""What is kept of one; the longest of real browsers stay below 400."""
KEPT_PREFIX_BITS = {4: 24, 6: 48}
"""What `truncate` keeps of an address: a network that many people share."""


@dataclass(frozen=True, slots=True)
class MachineRule:
    """One reason to take a request for a machine's. A changed test gets a higher version."""

    name: str
    version: int
    matches: Callable[[Request], bool]

    @property
    def label(self) -> str:
        """The rule's name and version, as they stand in stored clicks."""
        return f"{self.name}/{self.version}"


@dataclass(frozen=True, slots=True)
class Classification:
    """A machine's request, by the labels of the rules that say so; a human's where none does."""

    reasons: tuple[str, ...]

    @property
    def human(self) -> bool:
        """Whether no rule took the request for a machine's."""
        return not self.reasons


RULES: tuple[MachineRule, ...] = (
    # No browser sends HEAD when its user follows a link; scanners and previews do.
    MachineRule("head", 1, lambda request: request.method == "HEAD"),
)


def classify(request: Request) -> Classification:
    """Return what all rules say of one request."""
    return Classification(tuple(rule.label for rule in RULES if rule.matches(request)))


def user_agent(headers: Headers) -> str:
    """Return the User-Agent, cut to a bounded length; empty where there is none."""
    for name, value in headers:
        if name == b"user-agent":
            return value[:MAX_USER_AGENT_CHARACTERS].decode("latin-1")
    return ""


def private_ip(address: IpAddress | None, mode: IpPrivacy) -> str | None:
    """Return what may be kept of an address: all of it, its network's first address, or nothing."""
    if address is None or mode == "none":
        return None
    if mode == "full":
        return str(address)
    return str(first_of_network(address, KEPT_PREFIX_BITS))
