"""The mail server behind a relay: takes every message as it comes, lines of any length included."""

import contextlib
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from socketserver import StreamRequestHandler, ThreadingTCPServer

_SENDER = re.compile(rb"MAIL FROM:<([^>]*)>", re.IGNORECASE)
_SAID = {
    b"EHLO": b"250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 100000000\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 bye\r\n",
}


@dataclass
class Sink:
    """What came, by its envelope sender."""

    port: int = 0
    received: dict[bytes, bytes] = field(default_factory=dict)

    def wait_for(self, senders: set[bytes], idle_s: float) -> dict[bytes, bytes]:
        """Return all that came, once mail of each of `senders` has, or nothing came for so long."""
        count, deadline_s = 0, time.monotonic() + idle_s
        while not senders <= self.received.keys() and time.monotonic() < deadline_s:
            if len(self.received) > count:
                count, deadline_s = len(self.received), time.monotonic() + idle_s
            time.sleep(0.05)
        return dict(self.received)


@contextlib.contextmanager
def sink_running() -> Iterator[Sink]:
    """Listen on a free port of the loopback until the block ends."""
    sink = Sink()

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            sender = b""
            self.wfile.write(b"220 sink.test\r\n")
            for line in self.rfile:
                verb = line[:4].upper().strip()
                sender = found[1] if (found := _SENDER.match(line)) else sender
                self.wfile.write(_SAID.get(verb, b"250 ok\r\n"))
                if verb == b"DATA":
                    sink.received[sender] = self._content()
                    self.wfile.write(b"250 kept\r\n")
                if verb == b"QUIT":
                    return

        def _content(self) -> bytes:
            lines = []
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line.removeprefix(b"."))
            return b"".join(lines)

    class Server(ThreadingTCPServer):
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    sink.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield sink
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
