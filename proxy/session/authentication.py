"""AUTH, passed through: the relay judges credentials, we only carry them (RFC 4954).

Owns: the exchange line by line as raw octets, and its limits.
Does not own: SASL mechanisms, credentials (nothing is kept), whether a client may log in here
(`standing`), or who is trusted after it (`access`).
"""

from proxy.accounts import account_name
from proxy.relay.upstream import RelayLink
from proxy.session.connection import ClientChannel, LineTooLong
from proxy.session.limits import MAX_AUTH_LINE_OCTETS
from proxy.smtp import replies
from proxy.smtp.replies import Reply

CANCEL = b"*"
"""RFC 4954 §4: what a client says to give up."""


async def authenticate(
    channel: ClientChannel, link: RelayLink, arg: bytes, patience_s: float
) -> Reply:
    """Carry one AUTH exchange to its end, and give the last reply of it.

    `arg` is the mechanism, and the initial response where there is one, as the client wrote them.
    Raises ClientGone, or TimeoutError when the client is silent for `patience_s`.
    """
    mechanism, *said = arg.split()
    reply = await link.auth_line(b"AUTH " + arg)
    while reply.intermediate:
        channel.send(reply.wire())
        try:
            response = await channel.line(MAX_AUTH_LINE_OCTETS, patience_s)
        except LineTooLong:
            await link.auth_line(CANCEL)
            return replies.AUTH_LINE_TOO_LONG
        if b"\r" in response or b"\0" in response:
            await link.auth_line(CANCEL)
            return replies.AUTH_SYNTAX
        said.append(response)
        reply = await link.auth_line(response)
    if link.authenticated:
        link.account = account_name(mechanism, said)
    return reply
