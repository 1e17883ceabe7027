"""Two nodes behind HAProxy, as docs/scale.md has them: its haproxy.cfg, its waypost.toml for each.

Owns: how they are furnished, started, killed, and reached as clients and readers reach them.
Does not own: what they must do (`tests/e2e/operations/test_two_nodes.py`).
"""

import contextlib
import http.client
import itertools
import os
import re
import shutil
import smtplib
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.support.clients.programs import WAYPOST, free_port, need, running
from tests.support.mail import html_message, link
from tests.support.readers.readers import BROWSER, tracked
from tests.support.recipes import recipe
from tests.support.repository import DOCS
from tests.support.stack import Mailbox, Stack, initialised
from tests.support.waiting import until

PAGE, SECTION = "scale.md", "Behind HAProxy"
NAMES = ("a", "b")
WITHIN_S = 60.0
"""How long a busy machine may take for what is to take seconds."""
REST = """
hostname = "{name}.example.com"
copies = "per-recipient"
[relay]
host = "127.0.0.1"
port = {relay}
tls = "none"
[keys]
file = "{folder}/token.keys"
[[sender]]
domain = "example.com"
[[sender.dkim]]
selector = "waypost1"
key_file = "{folder}/dkim.pem"
"""


@dataclass
class Node:
    """One `waypost serve`, which may be killed and started again; `code` is that of another version."""

    stack: Stack
    code: Path | None = None
    _running: ExitStack = field(default_factory=ExitStack)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; return once it listens."""
        command = self._command("serve")
        self.process = self._running.enter_context(
            running(command, self.stack.smtp, self.stack.log)
        )

    def kill(self) -> None:
        """Kill it with SIGKILL."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Stop it as systemd would."""
        self._running.close()

    def spooled(self) -> bytes:
        """Return all that its spool holds, segments that were fed and are held as well."""
        folder = self.stack.folder / "waypost.db.spool"
        return b"".join(path.read_bytes() for path in sorted(folder.glob("*.log")))

    def do(self, *arguments: str) -> str:
        """Run a command there; return what it says."""
        done = subprocess.run(
            self._command(*arguments), capture_output=True, check=False, timeout=120
        )
        assert done.returncode == 0, (done.stdout + done.stderr).decode()
        return (done.stdout + done.stderr).decode()

    def _command(self, *arguments: str) -> list[str | Path]:
        other = ["env", f"PYTHONPATH={self.code}"] if self.code else []
        return [*other, WAYPOST, *arguments, "-c", self.stack.config]


@dataclass
class Pair:
    """Two nodes, and the ports of the HAProxy before them.

    `mail` takes connections of another load balancer, so that a client comes from wherever it says.
    """

    nodes: dict[str, Node]
    mail: int
    links: int
    socket: Path
    addresses: "itertools.cycle[int]" = field(
        default_factory=lambda: itertools.cycle(range(1, 250))
    )

    def client(self, node: str = "", *, timeout_s: float = 60) -> smtplib.SMTP:
        """Connect as a client whom HAProxy sends to `node`, or to any; greet.

        Which clients are whose is HAProxy's choice, by their address: look for one.
        """
        for address in itertools.islice(self.addresses, 250):
            found, greeting = _greeted(self.mail, f"192.0.2.{address}", timeout_s)
            if greeting.startswith(f"{node}.".encode()) or not node:
                return found
            found.close()
        raise AssertionError(f"HAProxy sends nobody to {node}")

    def send(self, node: str, *readers: str, campaign: str = "May") -> None:
        """Send a message with a link through a node."""
        with self.client(node) as client:
            client.sendmail("bounces@example.com", readers, message(campaign))

    def ask(self, href: str, *, timeout_s: float = 60) -> tuple[int, str | None]:
        """Open a link, or its path; return the status, and where it leads."""
        where = closing(http.client.HTTPConnection("127.0.0.1", self.links, timeout=timeout_s))
        with where as connection:
            connection.request("GET", urlsplit(href).path, headers=BROWSER)
            answer = connection.getresponse()
            answer.read()
            return answer.status, answer.headers["Location"]

    def report(self) -> dict[str, Any]:
        """Return what both nodes report, once it is the same."""
        said: list[dict[str, Any]] = []

        def same() -> bool:
            said[:] = [node.stack.report() for node in self.nodes.values()]
            return said[0] == said[1]

        until(same, WITHIN_S)
        return said[0]

    def until_up(self) -> None:
        """Wait until HAProxy has found all proxies and trackers well."""
        until(lambda: _state(self.socket).count(",UP,") == 2 * len(NAMES) + 2, WITHIN_S)

    def take_out(self, node: str) -> None:
        """Have HAProxy send nobody to a node any more, as the page says of an upgrade."""
        self.steer(_steering()[0].replace("/a ", f"/{node} "))

    def take_in(self, node: str) -> None:
        """Have it use the node again."""
        self.steer(_steering()[1].replace("/a ", f"/{node} "))

    def steer(self, command: str) -> None:
        """Tell HAProxy something, as an operator does."""
        assert _said(self.socket, command).strip() == "", command


def message(campaign: str, url: str = "https://shop.test/sale", key: str = "1") -> bytes:
    """Return a message of a campaign with one link."""
    return html_message(link(url), f"X-Track-Campaign: {campaign}", f"X-Key: {key}")


def hrefs(mailbox: Mailbox, count: int) -> list[str]:
    """Return the tracked links of all messages, once so many have come."""
    return [href for content in mailbox.wait_for(count) for href in tracked(content)]


def _steering() -> list[str]:
    """Return what the page has HAProxy told before a node is upgraded, and after."""
    return re.findall(r'echo "(set server [^"]+)" \| socat', (DOCS / PAGE).read_text("utf-8"))


@contextlib.contextmanager
def running_pair(
    folder: Path,
    url: str,
    relay: int,
    codes: Mapping[str, Path] | None = None,
    own: Mapping[str, str] | None = None,
) -> Iterator[Pair]:
    """Run two nodes on the database at `url`, and HAProxy before them, until the block ends.

    `codes` are those of other versions, by node; `own` the urls of nodes that have another way to it.
    """
    haproxy = need("haproxy")
    mail, links = free_port(), free_port()
    nodes = {
        name: Node(
            _furnished(folder, (own or {}).get(name, url), name, relay, links),
            (codes or {}).get(name),
        )
        for name in NAMES
    }
    pair = Pair(nodes, mail, links, folder / "haproxy.sock")
    (folder / "haproxy.cfg").write_text(_haproxy(pair))
    with ExitStack() as ending:
        for node in nodes.values():
            ending.callback(node.stop)
            node.start()
        command = [haproxy, "-f", folder / "haproxy.cfg", "-db"]
        ending.enter_context(running(command, links, folder / "haproxy.log"))
        pair.until_up()
        yield pair


def _furnished(folder: Path, url: str, name: str, relay: int, links: int) -> Stack:
    """Write a node's files: what the page says, with ports, keys and database of the test."""
    stack = Stack(folder / name, relay, url)
    stack.folder.mkdir()
    for each in ("token.keys", "dkim.pem"):
        shutil.copy2(initialised() / each, stack.folder)
    password = stack.folder / "admin.password"
    password.write_text("correct horse battery staple\n")
    password.chmod(0o600)
    own = {
        "10.0.0.1:2525": f"127.0.0.1:{stack.smtp}",
        "10.0.0.1:8080": f"127.0.0.1:{stack.http}",
        "10.0.0.1:8081": f"127.0.0.1:{stack.admin}",
        "10.0.0.9": "127.0.0.1",
        "https://click.example.com": f"http://127.0.0.1:{links}",
        "/etc/waypost/admin.password": str(password),
        "postgresql://waypost@db.example.com/waypost?sslmode=verify-full": url,
        "/var/lib/waypost": str(stack.folder),
        'node = "a"': f'node = "{name}"',
        'passfile = "/etc/waypost/pgpass"': "",
    }
    text = recipe(SECTION, "/etc/waypost/waypost.toml", own, page=PAGE)
    rest = REST.format(name=name, relay=relay, folder=stack.folder)
    proxy, _, others = rest.partition("[relay]")
    stack.config.write_text(text.replace("[proxy]\n", f"[proxy]{proxy}") + f"[relay]{others}")
    return stack


def _haproxy(pair: Pair) -> str:
    """Return the page's configuration, in which checks come often, to start soon."""
    a, b = (pair.nodes[name].stack for name in NAMES)
    own = {
        "bind 192.0.2.25:587": f"bind 127.0.0.1:{pair.mail} accept-proxy",
        "bind 192.0.2.25:443 ssl crt /etc/haproxy/click.example.com.pem": f"bind 127.0.0.1:{pair.links}",
        "10.0.0.1:2525": f"127.0.0.1:{a.smtp}",
        "10.0.0.2:2525": f"127.0.0.1:{b.smtp}",
        "10.0.0.1:8080 port 8081": f"127.0.0.1:{a.http} port {a.admin}",
        "10.0.0.2:8080 port 8081": f"127.0.0.1:{b.http} port {b.admin}",
        "inter 5s": "inter 200ms fall 10 rise 1",
        "inter 2s": "inter 200ms fall 10 rise 1",
        # On a slow machine it is no failure to answer late.
        "timeout connect 5s": "timeout connect 20s\n    timeout check 20s",
        "timeout client 30s": "timeout client 90s",
        "timeout server 30s": "timeout server 90s",
    }
    stats = f"global\n    stats socket {pair.socket} level admin mode {0o600:o}\n\n"
    return stats + recipe(SECTION, "/etc/haproxy/haproxy.cfg", own, page=PAGE)


def _greeted(port: int, address: str, timeout_s: float) -> tuple[smtplib.SMTP, bytes]:
    """Connect as a client at `address`; return the connection, and the greeting."""
    client = smtplib.SMTP(timeout=timeout_s, local_hostname="client.test")
    client.sock = socket.create_connection(("127.0.0.1", port), timeout_s)
    client.sock.sendall(f"PROXY TCP4 {address} 192.0.2.25 4711 587\r\n".encode())
    status, greeting = client.getreply()
    if status != 220:
        client.close()
        raise smtplib.SMTPConnectError(status, greeting)
    client.ehlo()
    return client, greeting


def _state(path: Path) -> str:
    return _said(path, "show stat") if path.exists() else ""


def _said(path: Path, command: str) -> str:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(os.fspath(path))
        connection.sendall(command.encode() + b"\n")
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode()
