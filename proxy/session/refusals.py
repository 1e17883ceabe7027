"""What log and metrics are told of commands that are refused, by the relay or by us.

Owns: one line a refused command, within bounds for each address, and the counter by verb and code.
Does not own: which replies are given (`session`), failed logins and messages that the relay refused,
which have events of their own (`proxy.client.login_limits`, `proxy.delivery.outcomes`).
"""

from collections import OrderedDict

from config.addresses import IpAddress
from config.schema import LogRecipients
from config.telemetry.observe import COMMAND_REFUSED, COMMANDS_REFUSED, log
from config.throttle import MAX_NETWORKS, Throttle, network_of
from proxy.client.trust import Client
from proxy.smtp import replies
from proxy.smtp.logged_address import recipients, shown
from proxy.smtp.replies import Reply

MAX_LINES = 60
"""Within a minute about one address (IPv6: network)."""

MAX_ARGUMENT_OCTETS = 400
"""How much of an argument a line shows: a path has at most 256 (RFC 5321 §4.5.3.1.3)."""

VERBS = frozenset(
    b"AUTH DATA EHLO EXPN HELO HELP MAIL NOOP QUIT RCPT RSET STARTTLS VRFY XCLIENT XFORWARD".split()
)
"""Those that are named; what else a stranger may say is `other`."""


class Refusals:
    """Refused commands of all sessions of a process."""

    def __init__(self) -> None:
        self._lines = Throttle(MAX_LINES)
        self._untold: OrderedDict[IpAddress | None, int] = OrderedDict()

    def count(self, verb: bytes, reply: Reply) -> None:
        """Count a refused command, which the log is told of elsewhere."""
        COMMANDS_REFUSED.labels(_name(verb), str(reply.code), _whose(reply)).inc()

    def tell(
        self, client: Client, verb: bytes, arg: bytes, reply: Reply, how: LogRecipients
    ) -> None:
        """Count a refused command, and log it unless there are many of its address.

        `arg` is shown of MAIL and RCPT alone: elsewhere it may hold what is secret.
        """
        self.count(verb, reply)
        network = network_of(client.address)
        if not self._lines.left(client.address):
            self._leave_untold(network)
            return
        self._lines.failed(client.address)
        facts: dict[str, object] = {"client": str(client), "verb": _name(verb)}
        facts |= _named(verb, arg[:MAX_ARGUMENT_OCTETS], how)
        facts |= {"reply": str(reply), "by": _whose(reply)}
        if untold := self._untold.pop(network, 0):
            facts["untold"] = untold
        log(COMMAND_REFUSED, **facts)

    def _leave_untold(self, network: IpAddress | None) -> None:
        self._untold[network] = self._untold.get(network, 0) + 1
        self._untold.move_to_end(network)
        if len(self._untold) > MAX_NETWORKS:
            self._untold.popitem(last=False)


def _whose(reply: Reply) -> str:
    return "waypost" if replies.is_own(reply) else "relay"


def _name(verb: bytes) -> str:
    return verb.decode("ascii") if verb in VERBS else "other"


def _named(verb: bytes, arg: bytes, how: LogRecipients) -> dict[str, object]:
    """Return whom MAIL or RCPT names."""
    path = arg.partition(b":")[2].strip().partition(b" ")[0].strip(b"<>")
    if verb == b"MAIL":
        return {"sender": shown(path)}
    return {"to": recipients((path,), how)} if verb == b"RCPT" else {}
