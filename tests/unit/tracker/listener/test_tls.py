"""TLS without sockets: a client of the standard library at the other end."""

import contextlib
import ssl

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from tracker.listener.tls import Tls, TlsError


def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Make the contexts of a server and of a client that trusts it."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("a.test").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    return context, trusting


SERVER, TRUSTING = contexts()


class Client:
    """The other end."""

    def __init__(self, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.maximum_version = version
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.object = context.wrap_bio(self.incoming, self.outgoing, server_hostname="a.test")

    def shake(self, tls: Tls) -> None:
        """Shake hands with a server."""
        for _ in range(4):
            with contextlib.suppress(ssl.SSLWantReadError):
                self.object.do_handshake()
            assert tls.receive(self.outgoing.read()) == b""
            self.incoming.write(tls.to_send())

    def says(self, plain: bytes) -> bytes:
        """Return the octets of a message."""
        self.object.write(plain)
        return self.outgoing.read()


@pytest.fixture
def tls() -> Tls:
    """Be a server with a certificate."""
    return Tls(SERVER)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_both_sides_understand_each_other(tls: Tls, version: ssl.TLSVersion) -> None:
    """In either version, and more than a record at once."""
    client = Client(version)
    client.shake(tls)
    assert tls.receive(client.says(b"x" * 100_000)) == b"x" * 100_000
    client.incoming.write(tls.seal(b"hello"))
    assert client.object.read(100) == b"hello"


def test_the_end_is_heard_and_said_once(tls: Tls) -> None:
    """By close_notify, in both directions."""
    client = Client()
    client.shake(tls)
    octets = client.says(b"last")
    with pytest.raises(ssl.SSLWantReadError):
        client.object.unwrap()
    assert tls.receive(octets + client.outgoing.read()) == b"last"
    assert tls.ended
    client.incoming.write(tls.end())
    client.object.unwrap()
    assert tls.end() == b""


def test_nothing_is_said_to_who_never_shook_hands(tls: Tls) -> None:
    """Neither text nor an end."""
    assert tls.end() == b""
    with pytest.raises(TlsError):
        tls.seal(b"text")


def test_plain_http_is_answered_by_an_alert(tls: Tls) -> None:
    """Which says that this is TLS, and no more."""
    with pytest.raises(TlsError):
        tls.receive(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert len(tls.to_send()) < 20


def test_a_spoilt_record_is_noticed(tls: Tls) -> None:
    """As somebody on the way could send it."""
    client = Client()
    client.shake(tls)
    octets = bytearray(client.says(b"text"))
    octets[-1] ^= 1
    with pytest.raises(TlsError):
        tls.receive(bytes(octets))


@given(st.lists(st.binary(max_size=50) | st.just(b"\x16\x03\x01\x02\x00\x01\x00"), max_size=5))
def test_garbage_is_refused_or_waited_for(pieces: list[bytes]) -> None:
    """Nothing but TlsError is ever raised."""
    tls = Tls(SERVER)
    try:
        for piece in pieces:
            assert tls.receive(piece) == b""
    except TlsError:
        tls.to_send()
