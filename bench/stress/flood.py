"""Clients of one HTTP server that send requests ahead and hardly read, or never: for `hostile.py`.

Each sends requests as fast as they are taken, 26 MB at most, and stays. Who is sent away comes back,
until there is a line on standard input, or its end. Then this prints, as JSON, how many octets were
sent, and for how long each connection was held.

    python -m bench.stress.flood PORT CONNECTIONS OCTETS_READ_A_SECOND
"""

import json
import select
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNK = REQUEST * 1000
MOST_OCTETS = 26_000_000
READ_EVERY_S = 0.25
RECEIVE_BUFFER_OCTETS = 32 * 1024
GONE = select.EPOLLHUP | select.EPOLLERR


@dataclass
class Client:
    """One connection: since when, and how much it sent."""

    connection: socket.socket
    since_s: float = field(default_factory=time.monotonic)
    sent: int = 0
    at: int = 0
    """Where in CHUNK it goes on."""


class Flood:
    """So many clients of the server on a port of the loopback."""

    def __init__(self, port: int, octets_read_a_second: int) -> None:
        self._port = port
        self._read_octets = int(octets_read_a_second * READ_EVERY_S)
        self._poll = select.epoll()
        self._clients: dict[int, Client] = {}
        self.sent = 0
        self.closed_after_s: list[float] = []

    def connect(self) -> None:
        """Let one more client come."""
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_OCTETS)
        connection.settimeout(10)
        with suppress(OSError):
            connection.connect(("127.0.0.1", self._port))
        connection.settimeout(0)
        self._clients[connection.fileno()] = Client(connection)
        self._poll.register(connection, select.EPOLLOUT)

    def run(self, connections: int) -> None:
        """Send until there is something on standard input."""
        for _ in range(connections):
            self.connect()
        self._poll.register(sys.stdin, select.EPOLLIN)
        read_at_s = time.monotonic()
        while True:
            for number, events in self._poll.poll(READ_EVERY_S):
                if number == sys.stdin.fileno():
                    return
                self._serve(self._clients[number], events)
            if self._read_octets and time.monotonic() >= read_at_s:
                read_at_s += READ_EVERY_S
                for client in list(self._clients.values()):
                    self._read(client)

    def held_s(self) -> list[float]:
        """Return for how long the connections have been held that are still open."""
        return [time.monotonic() - client.since_s for client in self._clients.values()]

    def _serve(self, client: Client, events: int) -> None:
        if events & GONE:
            self._replace(client)
            return
        try:
            sent = client.connection.send(CHUNK[client.at :])
        except BlockingIOError:
            return
        except OSError:
            self._replace(client)
            return
        self.sent += sent
        client.sent += sent
        client.at = (client.at + sent) % len(CHUNK)
        if client.sent >= MOST_OCTETS:
            self._poll.modify(client.connection, 0)

    def _read(self, client: Client) -> None:
        try:
            if not client.connection.recv(self._read_octets):
                self._replace(client)
        except BlockingIOError:
            pass
        except OSError:
            self._replace(client)

    def _replace(self, client: Client) -> None:
        """Come back in place of a client that was sent away."""
        self.closed_after_s.append(time.monotonic() - client.since_s)
        del self._clients[client.connection.fileno()]
        client.connection.close()
        self.connect()


def main() -> None:
    """Flood, and say what came of it."""
    port, connections, octets_a_second = map(int, sys.argv[1:])
    flood = Flood(port, octets_a_second)
    flood.run(connections)
    found = {"sent": flood.sent, "closed_s": flood.closed_after_s, "held_s": flood.held_s()}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
