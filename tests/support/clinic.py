"""A Waypost for `waypost doctor` to look at: a folder, a name server, and servers that are ill."""

import contextlib
import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from click.testing import CliRunner

from config.keys.dkim_keys import dkim_record
from tests.support.clients.programs import free_port
from tests.support.name_server import NameServer
from tests.support.stack import Mailbox, Stack
from waypost import cli

SELECTOR = "waypost1._domainkey.example.com"


def quoted(record: str) -> str:
    """Return a TXT value in strings that a zone can hold."""
    return f'"{record[:200]}" "{record[200:]}"'


@dataclass
class Clinic:
    """A Waypost of which all is well, until a test changes something."""

    stack: Stack
    names: NameServer

    def publish(self) -> "Clinic":
        """Put into the DNS what should be there."""
        record = dkim_record((self.stack.folder / "dkim.pem").read_bytes())
        self.names.zone[SELECTOR, "TXT"] = [quoted(record)]
        self.names.zone["example.com", "TXT"] = ['"v=spf1 ip4:192.0.2.1 -all"']
        self.names.zone["_dmarc.example.com", "TXT"] = ['"v=DMARC1; p=reject"']
        return self

    def change(self, before: str, after: str) -> None:
        """Change something in the configuration, which has to be there."""
        text = self.stack.config.read_text()
        assert before in text
        self.stack.config.write_text(text.replace(before, after, 1))

    def lead_links_to(self, url: str) -> None:
        """Have tracked links begin with a URL."""
        self.change(f"http://127.0.0.1:{self.stack.http}", url)

    def examined(self, *arguments: object) -> dict[str, Any]:
        """Return what `waypost doctor --json` says, with its exit status as `status`."""
        asked = f"127.0.0.1:{self.names.port}"
        options = ("-c", self.stack.config, "--json", "--resolver", asked, *arguments)
        done = CliRunner().invoke(cli, ["doctor", *map(str, options)])
        assert done.stdout, done.output
        return {"status": done.exit_code, **json.loads(done.stdout)}

    def problems(self, *arguments: object, topic: str = "") -> list[str]:
        """Return the names of the problems that it finds, all or of one topic.

        The exit status has to tell of them.
        """
        told = self.examined(*arguments)
        wrong = [each for each in told["results"] if each["level"] == "problem"]
        assert told["status"] == bool(wrong)
        assert told["ok"] == (not wrong)
        return [each["finding"] for each in wrong if topic in {"", each["topic"]}]


@contextlib.contextmanager
def website(
    certificate: trustme.LeafCert | None = None, status: int = 404, server: str = "nginx"
) -> Iterator[int]:
    """Serve something that is no tracker, over TLS with a certificate; yields its port."""

    class Handler(BaseHTTPRequestHandler):
        def version_string(self) -> str:
            return server

        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        web.socket = context.wrap_socket(
            web.socket, server_side=True, do_handshake_on_connect=False
        )
        web.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients that hang up
    thread = threading.Thread(target=web.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield web.server_port
    finally:
        web.shutdown()
        thread.join()
        web.server_close()


def trusted(authority: trustme.CA, folder: Path) -> Path:
    """Return a file by which OpenSSL trusts an authority (SSL_CERT_FILE)."""
    file = folder / "authority.pem"
    authority.cert_pem.write_to_path(file)
    return file


def expired(authority: trustme.CA, name: str) -> trustme.LeafCert:
    """Return a certificate that ended yesterday."""
    return authority.issue_cert(name, not_after=datetime.now(UTC) - timedelta(days=1))


@contextlib.contextmanager
def strict_relay(certificate: trustme.LeafCert | None = None) -> Iterator[int]:
    """Run a relay that takes nobody's login, with STARTTLS where it has a certificate."""
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
    port = free_port()
    controller = Controller(
        Mailbox(),
        hostname="127.0.0.1",
        port=port,
        tls_context=context,
        auth_require_tls=False,
        authenticator=lambda *_: AuthResult(success=False, handled=False),
    )
    controller.start()
    try:
        yield port
    finally:
        controller.stop()
