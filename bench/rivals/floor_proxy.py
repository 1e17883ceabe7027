"""The least that a proxy in Python costs: each octet passed on, a signature, and a line on the disk before the relay.

No rival: it understands nothing of mail, finds no link, refuses nobody, and trusts that a client waits for each
answer. What Waypost costs above it is the price of all that Waypost does.
Usage: python floor_proxy.py LISTEN_PORT RELAY_PORT RSA_KEY_FILE LINES_FILE
"""

import asyncio
import hashlib
import os
import queue
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import cast

import uvloop
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, utils
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

LINE = b"e" * 450 + b"\n"
"""As long as the event of a message with few links."""
END = b"\r\n.\r\n"
GREETING, EHLO_SENT, READY = range(3)


class Lines(threading.Thread):
    """Makes lines durable, those that wait with one fdatasync, and says so in the loop."""

    def __init__(self, file: Path, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(daemon=True)
        self._waiting: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._file = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        self._loop = loop
        self.add = self._waiting.put

    def run(self) -> None:
        """Write for as long as there is a loop."""
        while True:
            told = [self._waiting.get()]
            while not self._waiting.empty():
                told.append(self._waiting.get())
            os.write(self._file, LINE * len(told))
            os.fdatasync(self._file)
            self._loop.call_soon_threadsafe(_call_all, told)


def _call_all(told: list[Callable[[], None]]) -> None:
    for each in told:
        each()


class Relay(asyncio.Protocol):
    """The relay of one client."""

    transport: asyncio.Transport

    def __init__(self, client: "Client") -> None:
        self._client, self._state = client, GREETING

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for its greeting."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Have the client hear what it says, once it has been greeted."""
        if self._state == READY:
            self._client.hear(data)
        elif self._state == GREETING:
            self._state = EHLO_SENT
            self.transport.write(b"EHLO floor.test\r\n")
        else:
            self._state = READY
            self._client.transport.write(b"220 floor.test\r\n")


class Client(asyncio.Protocol):
    """A client, which has a relay connection of its own."""

    transport: asyncio.Transport
    relay: Relay

    def __init__(self, relay_port: int, key: RSAPrivateKey, lines: Lines) -> None:
        self._relay_port, self._key, self._lines = relay_port, key, lines
        self._content: list[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connect to the relay, which is heard before the client is."""
        self.transport, self.relay = cast("asyncio.Transport", transport), Relay(self)
        loop = asyncio.get_running_loop()
        connecting = loop.create_connection(lambda: self.relay, "127.0.0.1", self._relay_port)
        self._connecting = loop.create_task(connecting)

    def connection_lost(self, _error: Exception | None) -> None:
        """Leave the relay as well."""
        self.relay.transport.close()

    def hear(self, reply: bytes) -> None:
        """Pass on what the relay says."""
        if reply.startswith(b"354"):
            self._content = []
        self.transport.write(reply)

    def data_received(self, data: bytes) -> None:
        """Pass on a command; hold a message until it is whole."""
        if self._content is not None:
            self._content.append(data)
            if data.endswith(END) or b"".join(self._content[-3:]).endswith(END):
                self._sign(b"".join(self._content))
                self._content = None
        elif data[:4].upper() == b"EHLO":
            self.transport.write(b"250-floor.test\r\n250 8BITMIME\r\n")
        else:
            self.relay.transport.write(data)

    def _sign(self, content: bytes) -> None:
        """Hand a message on with a field above it, once its line is on the disk."""
        digest = hashlib.sha256(content).digest()
        made = self._key.sign(digest, padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))
        whole = b"X-Signature: " + made.hex().encode() + b"\r\n" + content
        self._lines.add(lambda: self.relay.transport.write(whole))


async def main(listen_port: int, relay_port: int, key: RSAPrivateKey, lines_file: Path) -> None:
    """Serve until killed."""
    loop = asyncio.get_running_loop()
    lines = Lines(lines_file, loop)
    lines.start()
    server = await loop.create_server(
        lambda: Client(relay_port, key, lines), "127.0.0.1", listen_port
    )
    await server.serve_forever()


if __name__ == "__main__":
    rsa_key = load_pem_private_key(Path(sys.argv[3]).read_bytes(), None)
    assert isinstance(rsa_key, RSAPrivateKey)
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2]), rsa_key, Path(sys.argv[4])))
