"""Every limit of the HTTP server, in one place.

Owns: the numbers and why they are what they are. Sizes are octets, times seconds.
Does not own: how many descriptors a process may have (`config.service.descriptors`), or what the
API takes of a body (`tracker.api.requests`).
"""

MAX_HEAD_OCTETS = 16 * 1024
"""Request line and header fields together; nginx takes 32 KB, Apache and browsers less."""

MAX_FIELDS = 100
"""Header fields of a request, as Apache (LimitRequestFields); browsers send about twenty."""

MAX_BODY_OCTETS = 4 * 1024 * 1024
"""A body is read, or passed over, up to here; the connection ends with a longer one. Octets on the
wire: framing counts."""

READ_OCTETS = 16 * 1024
"""Read from one client at a time, and no more is read while a request is being answered: what a
connection that pipelines can have us keep."""

UNREAD_OCTETS = 64 * 1024
"""An answer that the client does not read: with so much of it in memory nothing more is asked or
answered before it has read on."""

KERNEL_OCTETS = 64 * 1024
"""Send and receive buffer of a connection in the kernel, which would grow to 4 and 6 MB by itself.
Requests and redirects have less than 4 KB."""

PATIENCE_S = 15.0
"""For whatever a client owes: the TLS handshake, a request (its head to the end, however it drips),
its body, taking the answer. An idle connection waits so long for the next request."""

SWEEP_S = 0.5
"""How often connections that used up their time are looked for."""

LINGER_S = 2.0
"""After a last answer, what the client is still sending is thrown away for so long: closing at once
would have the kernel reset the connection, and the answer be lost (RFC 9112 §9.6)."""

MAX_CONNECTIONS = 10_000
"""Readers connected at one time, to all workers, where there are descriptors for so many."""

MAX_FROM_NETWORK = 256
"""Of them, from one IPv4 address or IPv6 /64. A provider or an office may have thousands of readers
behind one address; with 15 seconds of idle time this many connections are 17 new ones a second
before the oldest of them is closed early, and hundreds a second where they are not kept idle."""

NETWORK_SHARE = 8
"""Where there are few descriptors: one network has at most an eighth of all connections."""

BACKLOG = 2048
"""Connections that the kernel keeps for us while we are busy."""

LAST_REQUEST_S = 1.0
"""How long a stop waits for requests on open connections, and for TLS handshakes under way."""

STOP_TIMEOUT_S = 5.0
"""An answer takes 250 ms at most; who has not fetched it by then will not."""
