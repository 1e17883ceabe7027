"""The PROXY header in which a load balancer names its client (HAProxy's, versions 1 and 2).

Owns: what such a header means to us.
Does not own: its format (aiosmtpd reads it), who must send one (`proxy.server.server`), or what the
client may do then (`trust`).
"""

from aiosmtpd.proxy_protocol import AF, V2_CMD, AsyncReader, ProxyData, get_proxy

from config.addresses import IpAddress, parse_ip


class BadProxyHeader(ValueError):
    """The connection did not begin with a valid PROXY header."""


async def read_proxy_header(reader: AsyncReader, peer: IpAddress | None) -> IpAddress | None:
    """Read the PROXY header; return the real client's address, None where it names none.

    `peer` is the load balancer, which may also speak for itself (a health check). Raises
    BadProxyHeader.
    """
    data: ProxyData = await get_proxy(reader)
    if not data.valid:
        raise BadProxyHeader(data.error or "no PROXY header")
    if data.command == V2_CMD.LOCAL:
        return peer
    if data.family in (AF.INET, AF.INET6) and isinstance(data.src_addr, IpAddress):
        return parse_ip(str(data.src_addr))
    return None
