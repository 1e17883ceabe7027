"""Waypost behind HAProxy, which speaks the PROXY protocol, as docs/recipes.md has it."""

import smtplib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from tests.support.clients.programs import free_port, need, running
from tests.support.mail import ORDER, ORDER_LINK
from tests.support.recipes import recipe
from tests.support.stack import Mailbox, Stack
from tests.support.waiting import until

SECTION = "Behind HAProxy"


@dataclass
class Front:
    """An HAProxy before Waypost: `plain` is for its clients.

    `behind` is a second address of the same service, for connections that another load balancer
    tells of: so a client of the tests comes from wherever it says.
    """

    stack: Stack
    plain: int
    behind: int
    trust: ssl.SSLContext

    def client_from(self, address: str) -> smtplib.SMTP:
        """Connect as a client at `address` would; greet."""
        family = "TCP6" if ":" in address else "TCP4"
        connection = smtplib.SMTP(timeout=60)
        connection.sock = socket.create_connection(("127.0.0.1", self.behind), 30)
        connection.sock.sendall(f"PROXY {family} {address} {address} 4711 587\r\n".encode())
        assert connection.getreply()[0] == 220
        connection._host = "127.0.0.1"
        connection.ehlo("client.test")
        return connection


@pytest.fixture
def front(tmp_path: Path, mailbox: Mailbox) -> Iterator[Front]:
    """Run the recipe: HAProxy from the page's haproxy.cfg, Waypost from its waypost.toml."""
    haproxy = need("haproxy")
    plain, behind = free_port(), free_port()
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "fullchain.pem")
    issued.private_key_pem.write_to_path(tmp_path / "privkey.pem")
    (tmp_path / "privkey.pem").chmod(0o600)
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    stack = Stack(tmp_path / "waypost", mailbox.port).furnish(proxy=_proxy_table(tmp_path))
    own = {
        "bind 192.0.2.25:587": f"bind 127.0.0.1:{plain}\n    bind 127.0.0.1:{behind} accept-proxy",
        "127.0.0.1:2525": f"127.0.0.1:{stack.smtp}",
        # Checked often, to start soon; and on a slow machine it is no failure to answer late.
        "inter 30s": "inter 200ms fall 100",
        "timeout connect 10s": "timeout connect 10s\n    timeout check 20s",
    }
    file, state = tmp_path / "haproxy.cfg", tmp_path / "haproxy.sock"
    file.write_text(
        f"global\n    stats socket {state}\n\n" + recipe(SECTION, "/etc/haproxy/haproxy.cfg", own)
    )
    with stack.serving(), running([haproxy, "-f", file, "-db"], plain, tmp_path / "haproxy.log"):
        until(lambda: _is_up(state))
        yield Front(stack, plain, behind, trust)


def _proxy_table(tls: Path) -> str:
    own = {"/etc/waypost/tls/": f"{tls}/"}
    text = recipe(SECTION, "/etc/waypost/waypost.toml", own)
    return "\n".join(
        line for line in text.splitlines() if not line.startswith(("listen =", "[proxy]"))
    )


def _is_up(state: Path) -> bool:
    """Tell whether HAProxy's own check, EHLO behind a PROXY header, has found Waypost well."""
    rows = _ask(state, "show stat") if state.exists() else ""
    return ",waypost1," in rows and ",L7OK," in rows


def _ask(state: Path, command: str) -> str:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(state))
        connection.sendall(command.encode() + b"\n")
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


def was_tracked(mailbox: Mailbox) -> bool:
    """Tell whether the newest message was tracked and signed; half of it is a failure."""
    content = mailbox.wait_for(1)[-1]
    assert (b"DKIM-Signature:" in content) == (ORDER_LINK not in content)
    return ORDER_LINK not in content


@pytest.mark.parametrize("address", ["192.0.2.7", "127.0.0.1"])
def test_mail_of_trusted_clients_is_tracked_and_signed(
    address: str, front: Front, mailbox: Mailbox
) -> None:
    """The address that counts is the client's, as HAProxy tells it."""
    with front.client_from(address) as connection:
        connection.sendmail("shop@example.com", ["reader@example.net"], ORDER)
    assert was_tracked(mailbox)


def test_a_client_of_haproxy_itself_is_known_by_its_address(front: Front, mailbox: Mailbox) -> None:
    """With the recipe's own `bind`, and nobody before HAProxy."""
    with smtplib.SMTP("127.0.0.1", front.plain, timeout=60) as connection:
        connection.sendmail("shop@example.com", ["reader@example.net"], ORDER)
    assert was_tracked(mailbox)


@pytest.mark.parametrize("address", ["203.0.113.9", "2001:db8::9"])
def test_a_stranger_gets_nothing_out(address: str, front: Front, mailbox: Mailbox) -> None:
    """Forged mail is neither signed nor rewritten, since without a login none is taken at all."""
    with front.client_from(address) as connection:
        with pytest.raises(smtplib.SMTPSenderRefused, match="530"):
            connection.sendmail("shop@example.com", ["reader@example.net"], ORDER)
        connection.starttls(context=front.trust)
        with pytest.raises(smtplib.SMTPSenderRefused, match="530"):
            connection.sendmail("shop@example.com", ["reader@example.net"], ORDER)
    assert not mailbox.received


def test_nobody_is_served_who_leaves_the_header_out(front: Front) -> None:
    """From HAProxy's network a session begins with the PROXY header, or does not begin."""
    with socket.create_connection(("127.0.0.1", front.stack.smtp), 30) as connection:
        connection.sendall(b"EHLO client.test\r\n")
        assert connection.recv(100) == b""
