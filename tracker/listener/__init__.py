"""The tracker's HTTP server: HTTP/1.1 on asyncio, within bounds that hold against anybody."""
