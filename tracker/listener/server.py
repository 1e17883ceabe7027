"""An HTTP server on sockets that listen, from start to stop.

Owns: taking connections, and stopping without breaking off an answer.
Does not own: the sockets (`sockets`), each connection (`connection`), their bounds (`admission`),
or what is answered (`tracker.redirect.redirector`, `asgi`).
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from functools import partial

from tracker.listener.admission import Admission
from tracker.listener.connection import Connection, Handler, Site
from tracker.listener.limits import BACKLOG, LAST_REQUEST_S, STOP_TIMEOUT_S
from tracker.listener.sockets import bound_kernel_buffers


async def serve(
    handler: Handler,
    sockets: Sequence[socket.socket],
    stop: asyncio.Event,
    admission: Admission,
    *,
    on_ready: Callable[[], None] = lambda: None,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Answer requests on `sockets` until `stop` is set and the answers begun are given.

    With `tls` all of them speak HTTPS.
    """
    site = Site(handler, admission, tls)
    loop = asyncio.get_running_loop()
    servers = []
    for listening in sockets:
        bound_kernel_buffers(listening)
        servers.append(
            await loop.create_server(partial(Connection, site), sock=listening, backlog=BACKLOG)
        )
    keeping_time = loop.create_task(admission.keep_time())
    on_ready()
    try:
        await stop.wait()
    finally:
        await asyncio.shield(_stop(site, servers, sockets))
        keeping_time.cancel()


async def _stop(
    site: Site, servers: Sequence[asyncio.Server], sockets: Sequence[socket.socket]
) -> None:
    """Take no more connections; those that are here may ask for something within a second."""
    for server in servers:
        server.close()
    await asyncio.sleep(0)  # what was accepted in this turn of the loop is ours to serve
    for listening in sockets:
        listening.close()
    site.leaving = True
    await site.admission.emptied(LAST_REQUEST_S if site.tls is None else 2 * LAST_REQUEST_S)
    site.admission.close_gently()
    await site.admission.emptied(STOP_TIMEOUT_S)
    site.admission.close_all()
