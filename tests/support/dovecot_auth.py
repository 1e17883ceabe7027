"""Who checks passwords for Postfix: Dovecot's authentication protocol 1.1, with one account."""

import base64
import contextlib
import socketserver
import threading
from collections.abc import Iterator

LOGIN, PASSWORD = "alice", "correct horse"
_GOOD = base64.b64encode(f"\0{LOGIN}\0{PASSWORD}".encode()).decode()


class _Dialogue(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        """Say what we can, then judge each request."""
        self.wfile.write(
            b"VERSION\t1\t1\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t00\nDONE\n"
        )
        for line in self.rfile:
            verb, *words = line.decode().rstrip("\n").split("\t")
            if verb == "AUTH":
                good = f"resp={_GOOD}" in words
                self.wfile.write(f"{'OK' if good else 'FAIL'}\t{words[0]}\tuser={LOGIN}\n".encode())


@contextlib.contextmanager
def dovecot_auth() -> Iterator[int]:
    """Serve on a free port of the loopback until the block ends; gives the port."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Dialogue) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()
