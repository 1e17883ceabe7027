"""A tracker whose admin listener asks who somebody is: its password, its tokens, other people's pages."""

import contextlib
import http.client
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support.clients.programs import waypost
from tests.support.stack import Stack

PASSWORD = "horse staple ü"


def password_file(folder: Path) -> Path:
    """Return where the password of a stack is kept."""
    return folder / "admin.password"


def keep_password(folder: Path, kept: str) -> None:
    """Keep a password, or its hash."""
    file = password_file(folder)
    file.touch(0o600)
    file.write_text(kept)


def guarded(folder: Path, kept: str, tracker: str = "") -> Stack:
    """Furnish a stack with a password, and more keys of `[tracker]`."""
    stack = Stack(folder=folder, relay=9).furnish()
    keep_password(folder, kept)
    keys = f'admin_password_file = "{password_file(folder)}"\n{tracker}\n'
    text = stack.config.read_text()
    stack.config.write_text(text.replace("[store]\n", f"{keys}[store]\n"))
    return stack


def token(stack: Stack, name: str, *scopes: str) -> str:
    """Add a token with the command, and return it."""
    asked = [word for scope in scopes for word in ("--scope", scope)]
    made = waypost("token", "add", name, "-c", stack.config, *asked)
    assert made.returncode == 0, made.stderr.decode()
    return made.stdout.decode().strip()


@dataclass
class Told:
    """An answer of the admin listener."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


def ask(stack: Stack, path: str, method: str = "GET", body: bytes = b"", **headers: str) -> Told:
    """Ask the admin listener; `_` in a header's name stands for `-`."""
    connection = http.client.HTTPConnection("127.0.0.1", stack.admin, timeout=60)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with contextlib.closing(connection):
        connection.request(method, path, body or None, named)
        answer = connection.getresponse()
        return Told(answer.status, answer.headers, answer.read())


@contextlib.contextmanager
def other_site(page: str) -> Iterator[str]:
    """Serve a page of another site; gives its URL (`localhost`, where ours is 127.0.0.1)."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
