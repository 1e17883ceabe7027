"""The site that links of the demo lead to: one page that shows which destination was reached.

Owns: that page, its server on the loopback, and hearing of clicks as a webhook.
Does not own: the links (`waypost_demo.mailings`), or redirecting (`tracker.redirect`).
"""

import contextlib
import threading
from collections.abc import Iterator
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>You have arrived</title>
<style>
body {{ font: 1.1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 15vh auto; padding: 0 1rem;
  color-scheme: light dark }}
code {{ overflow-wrap: anywhere }}
</style>
<h1>You have arrived</h1>
<p>This is the page that the author of the mail linked to:</p>
<p><code>{url}</code></p>
<p>It belongs to the demo of Waypost. Your click was counted on the way, and no site of anybody was asked.</p>
</html>
"""
PICTURE = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="560" height="180"><rect width="560" height="180"'
    b' fill="#d9c9b0"/><g fill="#8a5a44"><circle cx="150" cy="100" r="45"/><circle cx="280" cy="100"'
    b' r="45"/><circle cx="410" cy="100" r="45"/></g></svg>'
)
MOST_OCTETS = 100_000
"""Of what is told of one click."""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""Nothing of what a link says can do anything there."""


class _Visitor(BaseHTTPRequestHandler):
    """Whoever followed a link."""

    def do_GET(self) -> None:
        """Show which URL was asked for."""
        is_picture = self.path.startswith("/pictures/")
        url = f"http://{self.headers.get('Host', '')}{self.path}"
        body = PICTURE if is_picture else PAGE.format(url=escape(url)).encode()
        self.send_response(200)
        kind = "image/svg+xml" if is_picture else "text/html; charset=utf-8"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """Take what a webhook is told of clicks; nothing becomes of it."""
        self.rfile.read(min(int(self.headers.get("Content-Length") or 0), MOST_OCTETS))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing: the terminal is for the demo."""


@contextlib.contextmanager
def serving(port: int) -> Iterator[str]:
    """Serve the page on this port of the loopback while the block runs; yields the site's URL."""
    server = ThreadingHTTPServer(("127.0.0.1", port), _Visitor)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1})
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
