"""The PROXY header in which a load balancer names its client (HAProxy's, versions 1 and 2).

Owns: what such a header means to us.
Of TLS that a load balancer has ended, version 2 tells with a TLV of its own (PP2_TYPE_SSL), which
HAProxy sends with `send-proxy-v2-ssl`.

Does not own: its format (aiosmtpd reads it), who must send one (`proxy.server.server`), or what the
client may do then (`trust`).
"""

from typing import TYPE_CHECKING

from config.addresses import IpAddress, parse_ip
from proxy.client.trust import Client

if TYPE_CHECKING:
    from aiosmtpd.proxy_protocol import AsyncReader, ProxyData

_CLIENT_SSL = 0x01
"""Of the bits in that TLV: the client connected over TLS."""


class BadProxyHeader(ValueError):
    """The connection did not begin with a valid PROXY header."""


async def read_proxy_header(reader: "AsyncReader", peer: IpAddress | None) -> Client:
    """Read the PROXY header; return the real client, without an address where it names none.

    `peer` is the load balancer, which may also speak for itself (a health check). Raises
    BadProxyHeader.
    """
    # Loaded with the first such header: most proxies never see one.
    from aiosmtpd.proxy_protocol import AF, V2_CMD, get_proxy  # noqa: PLC0415 - see above

    data: ProxyData = await get_proxy(reader)
    if not data.valid:
        raise BadProxyHeader(data.error or "no PROXY header")
    if data.command == V2_CMD.LOCAL:
        return Client(peer)
    if data.family in (AF.INET, AF.INET6) and isinstance(data.src_addr, IpAddress):
        return Client(parse_ip(str(data.src_addr)), tls=_over_tls(data))
    return Client(None, tls=_over_tls(data))


def _over_tls(data: "ProxyData") -> bool:
    """Return whether the client spoke TLS with the load balancer, for sure."""
    from aiosmtpd.proxy_protocol import MalformedTLV  # noqa: PLC0415 - as above

    try:
        tlv = data.tlv
    except (MalformedTLV, IndexError):
        raise BadProxyHeader("a TLV is malformed") from None
    return tlv is not None and bool(tlv.get("SSL_CLIENT", 0) & _CLIENT_SSL)
