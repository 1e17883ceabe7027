"""Readers come by HTTPS straight to the tracker, whose certificate is renewed while it serves."""

import contextlib
import http.client
import signal
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.support.clients.programs import need, waypost
from tests.support.readers.links import Links
from tests.support.readers.readers import BROWSER

TLS = '[tracker]\ntls_cert = "{0}/tls.pem"\ntls_key = "{0}/tls.key"'


def certify(folder: Path) -> trustme.CA:
    """Put a new authority's certificate for 127.0.0.1 where the configuration says."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.cert_chain_pems[0].write_to_path(folder / "tls.pem")
    certificate.private_key_pem.write_to_path(folder / "tls.key")
    (folder / "tls.key").chmod(0o600)
    authority.cert_pem.write_to_path(folder / "ca.pem")
    return authority


@pytest.fixture
def links(tmp_path: Path) -> Links:
    """Furnish a tracker with a certificate; it does not run yet."""
    links = Links.furnish(tmp_path / "waypost")
    folder, config = links.stack.folder, links.stack.config
    certify(folder)
    config.write_text(config.read_text().replace("[tracker]", TLS.format(folder), 1))
    return links


@contextlib.contextmanager
def connected(links: Links, authority: trustme.CA) -> Iterator[http.client.HTTPSConnection]:
    """Speak HTTPS with the tracker, trusting one authority alone."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    connection = http.client.HTTPSConnection(
        "127.0.0.1", links.stack.http, timeout=10, context=context
    )
    with contextlib.closing(connection):
        connection.connect()
        yield connection


def status(connection: http.client.HTTPSConnection, path: str) -> int:
    """Ask for a path on a connection that stands; give the answer's status."""
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def test_a_link_redirects_over_https(links: Links) -> None:
    """Curl checks the certificate, and reads the destination octet for octet."""
    curl = need("curl")
    destination = "https://example.com/?a=1&b=2#c"
    url = f"https://127.0.0.1:{links.stack.http}{links.path(destination)}"
    with links.stack.serving("tracker"):
        done = subprocess.run(
            [curl, "-sS", "-g", "--cacert", links.stack.folder / "ca.pem", "-D", "-", url],
            capture_output=True, check=True, timeout=20,
        )  # fmt: skip
    assert f"\r\nlocation: {destination}\r\n".encode() in done.stdout
    assert links.counted() == [destination]


def test_fetch_metadata_is_missed_over_https(links: Links) -> None:
    """A browser sends it there."""
    authority = certify(links.stack.folder)
    with links.stack.serving("tracker"), connected(links, authority) as connection:
        for headers in (BROWSER, BROWSER | {"Sec-Fetch-Mode": "cors"}):
            connection.request("GET", links.path(), headers=headers)
            connection.getresponse().read()
        assert [click.signals for click in links.spooled()] == [(), ("no-fetch-metadata",)]


def test_plain_http_is_not_answered(links: Links) -> None:
    """With a certificate nothing of ours crosses the network in the clear."""
    with links.stack.serving("tracker"), pytest.raises((http.client.HTTPException, OSError)):
        links.ask(links.path())


def test_a_renewed_certificate_is_served_without_dropping_anyone(links: Links) -> None:
    """After SIGHUP new connections see the new certificate; those that stand go on."""
    old = certify(links.stack.folder)
    with links.stack.serving("tracker") as process, connected(links, old) as standing:
        assert status(standing, links.path()) == 302
        new = certify(links.stack.folder)
        process.send_signal(signal.SIGHUP)
        links.stack.wait_for_log("tracker_reloaded")
        with connected(links, new) as fresh:
            assert status(fresh, links.path()) == 302
        assert status(standing, links.path()) == 302


def test_a_broken_certificate_leaves_the_old_one(links: Links) -> None:
    """A key that does not fit is told of, and readers notice nothing."""
    old = certify(links.stack.folder)
    with links.stack.serving("tracker") as process:
        key = links.stack.folder / "tls.key"
        key.write_bytes(trustme.CA().issue_cert("127.0.0.1").private_key_pem.bytes())
        process.send_signal(signal.SIGHUP)
        links.stack.wait_for_log("tracker_not_reloaded")
        with connected(links, old) as connection:
            assert status(connection, links.path()) == 302


def test_a_certificate_that_is_missing_is_told_at_the_start(links: Links) -> None:
    """The tracker does not start without the certificate that it was told to show."""
    (links.stack.folder / "tls.pem").unlink()
    done = waypost("tracker", "-c", links.stack.config)
    assert done.returncode == 1
    assert b"tracker.tls_cert" in done.stderr
