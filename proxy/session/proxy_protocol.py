"""The PROXY header with which a load balancer says whom it speaks for (versions 1 and 2).

Owns: what such a header means to us. Does not own: its format (aiosmtpd reads it), which listeners
expect one (`proxy.server`), or what the client may do then (`trust`).
"""

from aiosmtpd.proxy_protocol import AF, V2_CMD, AsyncReader, ProxyData, get_proxy

from config.addresses import IpAddress, parse_ip


class BadProxyHeader(ValueError):
    """The connection did not begin with a valid PROXY header."""


async def read_proxy_header(reader: AsyncReader, peer: IpAddress | None) -> IpAddress | None:
    """Read the PROXY header (versions 1 and 2); give the real client's address, None if untold.

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
