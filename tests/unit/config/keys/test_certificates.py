"""TLS contexts of listeners, shaken hands with through real TLS."""

import contextlib
import ssl
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from config.keys.certificates import renew, server_context


@pytest.fixture
def authority() -> trustme.CA:
    """Return an authority that clients trust."""
    return trustme.CA()


def write(authority: trustme.CA, folder: Path, name: str = "mail.example.com") -> tuple[Path, Path]:
    """Write a certificate and its key for `name`, and return both paths."""
    issued = authority.issue_cert(name)
    certificate, key = folder / "server.pem", folder / "server.key"
    issued.cert_chain_pems[0].write_to_path(certificate)
    issued.private_key_pem.write_to_path(key)
    return certificate, key


def shake_hands(
    server: ssl.SSLContext,
    authority: trustme.CA,
    name: str = "mail.example.com",
    newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED,
) -> str:
    """Return the version of TLS that a client who knows `authority` and wants `name` agrees on."""
    client = ssl.create_default_context()
    authority.configure_trust(client)
    client.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    client.maximum_version = newest
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(to_client, to_server, server_hostname=name)
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    for end in (ours, theirs, ours, theirs, ours):
        with contextlib.suppress(ssl.SSLWantReadError):
            end.do_handshake()
    return str(ours.version())


def test_clients_are_shown_the_certificate(authority: trustme.CA, tmp_path: Path) -> None:
    """With the newest version that both speak."""
    assert shake_hands(server_context(*write(authority, tmp_path)), authority) == "TLSv1.3"


def test_one_file_may_hold_certificate_and_key(authority: trustme.CA, tmp_path: Path) -> None:
    """As some clients of certificate authorities write it."""
    certificate, key = write(authority, tmp_path)
    certificate.write_bytes(certificate.read_bytes() + key.read_bytes())
    assert shake_hands(server_context(certificate, None), authority) == "TLSv1.3"


def test_tls_1_2_is_the_oldest_version(authority: trustme.CA, tmp_path: Path) -> None:
    """RFC 8996: 1.0 and 1.1 are not spoken."""
    context = server_context(*write(authority, tmp_path))
    assert shake_hands(context, authority, newest=ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
    with pytest.warns(DeprecationWarning, match="TLSv1_1"), pytest.raises(ssl.SSLError):
        shake_hands(context, authority, newest=ssl.TLSVersion.TLSv1_1)


def test_nobody_is_asked_for_a_passphrase(authority: trustme.CA, tmp_path: Path) -> None:
    """OpenSSL would ask on the terminal, and a service would wait there for ever."""
    certificate, key = write(authority, tmp_path)
    private = serialization.load_pem_private_key(key.read_bytes(), None)
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    with pytest.raises((ssl.SSLError, ValueError)):
        server_context(certificate, key)


def test_a_key_of_another_certificate_is_refused(authority: trustme.CA, tmp_path: Path) -> None:
    """At start, not at the first handshake."""
    certificate, _ = write(authority, tmp_path)
    (tmp_path / "other").mkdir()
    _, key = write(authority, tmp_path / "other")
    with pytest.raises(ssl.SSLError):
        server_context(certificate, key)


def test_credentials_of_systemd_are_read(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that may not read /etc/waypost gets its files by LoadCredential=."""
    write(authority, tmp_path)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    named = Path("/etc/waypost/tls/server.pem"), Path("/etc/waypost/tls/server.key")
    assert shake_hands(server_context(*named), authority) == "TLSv1.3"


def test_a_renewed_certificate_is_shown_to_new_connections(
    authority: trustme.CA, tmp_path: Path
) -> None:
    """The context stays the same, so that listeners need not be opened again."""
    certificate, key = write(authority, tmp_path)
    context = server_context(certificate, key)
    write(authority, tmp_path, "new.example.com")
    renew(context, certificate, key)
    assert shake_hands(context, authority, "new.example.com") == "TLSv1.3"
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(context, authority, "mail.example.com")


@pytest.mark.parametrize("damage", ["other key", "no key", "no certificate"])
def test_a_renewal_that_fails_leaves_the_old_certificate(
    authority: trustme.CA, tmp_path: Path, damage: str
) -> None:
    """A context with half of a pair would serve nobody."""
    certificate, key = write(authority, tmp_path)
    context = server_context(certificate, key)
    if damage == "other key":
        authority.issue_cert("x.example.com").private_key_pem.write_to_path(key)
    else:
        (key if damage == "no key" else certificate).unlink()
    with pytest.raises(OSError, match=r".*"):
        renew(context, certificate, key)
    assert shake_hands(context, authority) == "TLSv1.3"
