"""The authority of a host's own, and what OpenSSL makes of its certificates."""

import ssl
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from config.keys.local_authority import (
    CERTIFICATE_LASTS,
    LocalAuthority,
    names_of_this_host,
)
from config.keys.secret_files import KeyFileError

NAMES = ("mail.example.com", "localhost", "127.0.0.1", "::1")


@pytest.fixture
def authority(tmp_path: Path) -> LocalAuthority:
    """Return one for NAMES."""
    made = LocalAuthority(tmp_path / "tls")
    made.make(NAMES)
    return made


def verified(authority: LocalAuthority, certificate: Path, key: Path, name: str) -> bool:
    """Return whether a client that trusts the authority accepts the certificate for `name`."""
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    server.load_cert_chain(certificate, key)
    client.load_verify_locations(authority.authority)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    a, b = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = server.wrap_bio(a, b, server_side=True)
    theirs = client.wrap_bio(b, a, server_hostname=name)
    for _ in range(4):
        for each in (theirs, ours):
            try:
                each.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError:
                return False
    return True


@pytest.mark.parametrize("name", NAMES)
def test_a_client_that_trusts_the_authority_accepts_the_certificate(
    name: str, authority: LocalAuthority
) -> None:
    """By whichever name it knows the host, as strictly as it may be checked."""
    assert verified(authority, authority.certificate, authority.key, name)


def test_no_other_name_is_accepted(authority: LocalAuthority) -> None:
    """Not even another of the same domain."""
    assert not verified(authority, authority.certificate, authority.key, "www.example.com")


def test_the_authority_can_sign_for_no_other_host(
    authority: LocalAuthority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Who steals its key can pretend to be no other server."""
    monkeypatch.setattr("config.keys.local_authority._names_of", lambda _: ("bank.example",))
    authority.renew()
    assert not verified(authority, authority.certificate, authority.key, "bank.example")


def test_keys_are_their_owners_alone(authority: LocalAuthority) -> None:
    """Certificates are everybody's."""
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in authority.files}
    assert modes == {"ca.pem": 0o644, "cert.pem": 0o644, "ca.key": 0o600, "key.pem": 0o600}


def test_a_renewed_certificate_is_for_the_same_names(authority: LocalAuthority) -> None:
    """With another number, and an end that is as far away again."""
    before = x509.load_pem_x509_certificate(authority.certificate.read_bytes())
    ends = authority.renew()
    after = x509.load_pem_x509_certificate(authority.certificate.read_bytes())
    assert before.serial_number != after.serial_number
    assert ends == after.not_valid_after_utc
    assert (ends - datetime.now(UTC)).days == CERTIFICATE_LASTS.days - 1
    assert all(verified(authority, authority.certificate, authority.key, name) for name in NAMES)


def test_nothing_is_overwritten(authority: LocalAuthority) -> None:
    """Programs trust the authority that is there."""
    with pytest.raises(FileExistsError):
        authority.make(NAMES)


@pytest.mark.parametrize("content", ["", "-----BEGIN PRIVATE KEY-----\n"])
def test_a_key_that_is_none_is_named(content: str, authority: LocalAuthority) -> None:
    """By its file."""
    authority.authority_key.write_text(content)
    with pytest.raises(KeyFileError, match=r"ca\.key is not a private key"):
        authority.renew()


def test_this_host_is_called_localhost_too() -> None:
    """Whatever else it is called."""
    names = names_of_this_host()
    assert {"localhost", "127.0.0.1", "::1"} <= set(names)
    assert len(set(names)) == len(names)
