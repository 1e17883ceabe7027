"""Waypost behind nginx's stream module, which speaks the PROXY protocol, as docs/recipes.md has it."""

import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clients.programs import free_port, need, running
from tests.support.mail import ORDER, ORDER_LINK
from tests.support.recipes import recipe
from tests.support.stack import Mailbox, Stack

SECTION = "Behind nginx"
MODULE = Path("/usr/lib/nginx/modules/ngx_stream_module.so")
TRUSTED, STRANGER = "127.0.0.2", "127.0.0.3"
NGINX = """\
load_module {module};
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{}}
{stream}
"""


@pytest.fixture
def port(tmp_path: Path, mailbox: Mailbox) -> Iterator[int]:
    """Run the recipe: nginx with the page's block, Waypost from its waypost.toml."""
    nginx = need("nginx")
    if not MODULE.exists():
        pytest.skip("nginx has no stream module (Debian: libnginx-mod-stream)")
    own = {"192.0.2.0/24": f"{TRUSTED}/32"}
    lines = recipe(SECTION, "/etc/waypost/waypost.toml", own).splitlines()
    table = [line for line in lines if not line.startswith(("listen =", "[proxy]"))]
    # This machine's own mail would count as trusted: all clients of a test are on it.
    stack = Stack(tmp_path / "waypost", mailbox.port)
    stack.furnish(proxy="\n".join([*table, "trust_loopback = false"]))
    port = free_port()
    own = {"192.0.2.25:587": f"127.0.0.1:{port}", "127.0.0.1:2525": f"127.0.0.1:{stack.smtp}"}
    stream = recipe(SECTION, "/etc/nginx/nginx.conf", own)
    file = tmp_path / "nginx.conf"
    file.write_text(NGINX.format(module=MODULE, folder=tmp_path, stream=stream))
    arguments = [nginx, "-e", tmp_path / "nginx.log", "-p", tmp_path, "-c", file]
    with stack.serving(), running(arguments, port, tmp_path / "log"):
        yield port


def client_from(address: str, port: int) -> smtplib.SMTP:
    """Connect to nginx from an address of the loopback."""
    return smtplib.SMTP("127.0.0.1", port, timeout=60, source_address=(address, 0))


def test_mail_of_trusted_clients_is_tracked_and_signed(port: int, mailbox: Mailbox) -> None:
    """The address that counts is the client's, as nginx tells it."""
    with client_from(TRUSTED, port) as client:
        client.sendmail("shop@example.com", ["reader@example.net"], ORDER)
    (content,) = mailbox.wait_for(1)
    assert content.startswith(b"DKIM-Signature:")
    assert ORDER_LINK not in content


def test_everybody_else_has_to_log_in(port: int) -> None:
    """Though it is nginx, on this machine, that connects."""
    with client_from(STRANGER, port) as client:
        client.ehlo("client.test")
        assert client.mail("shop@example.com")[0] == 530
