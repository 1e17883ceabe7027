"""What a client hears in the place of a session.

Owns: the reply to each reason, and telling log and metrics of it.
Does not own: who is turned away (`proxy.server.server`), or the replies (`proxy.smtp.replies`).
"""

from enum import StrEnum

from config.telemetry.observe import SESSION_REFUSED, SESSIONS_REFUSED, log
from proxy.client.connection import ClientConnection
from proxy.client.trust import Client
from proxy.smtp import replies


class TurnedAway(StrEnum):
    """Why a client gets no session, as log and metrics name it."""

    SESSIONS = "sessions"
    """There are too many."""
    ADDRESS = "address"
    """There are too many of its address."""
    PROXY_HEADER = "proxy_header"
    """A load balancer did not say whose connection it is."""


_REPLIES = {
    TurnedAway.SESSIONS: replies.TOO_MANY_SESSIONS,
    TurnedAway.ADDRESS: replies.TOO_MANY_FROM_ADDRESS,
}


def turn_away(connection: ClientConnection, client: Client, why: TurnedAway, *, tls: bool) -> None:
    """End a connection on which nothing was said yet, with the reply to that if it has one.

    `tls`: the client expects a TLS handshake first, and could not read a reply.
    """
    SESSIONS_REFUSED.labels(why).inc()
    log(SESSION_REFUSED, client=str(client), reason=why)
    reply = None if tls else _REPLIES.get(why)
    if reply is not None:
        connection.send(reply.wire())
    connection.close()
