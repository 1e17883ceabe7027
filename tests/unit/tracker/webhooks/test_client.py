"""One attempt against a receiver that does as it likes: bounded, and told in words of ours."""

import ssl
import time
from pathlib import Path

import httpcore
import pytest
import trustme

from tests.support.receiver import (
    HANG_UP,
    Behaviour,
    Exchange,
    Receiver,
    endless,
    receiving,
    says,
    stall,
    status,
    webhook,
)
from tracker.webhooks.client import MOST_ANSWER_OCTETS, Answer, Client

SILENT = "no answer within 1 s"
SECRET_WORDS = b"ann@example.net clicked"


async def answer_of(
    receiver: Receiver, folder: Path, timeout_s: float = 10.0, **how: object
) -> Answer:
    """Post an event once."""
    async with Client(webhook(receiver, folder), timeout_s, **how) as client:  # type: ignore[arg-type]
        return await client.post(b'{"a":1}', {"webhook-id": "x"}, time.time())


async def test_an_event_is_posted_as_json(tmp_path: Path) -> None:
    """With the headers of its signature, to the whole URL."""
    with receiving() as receiver:
        answer = await answer_of(receiver, tmp_path)
    assert (answer.status, answer.is_taken, str(answer)) == (204, True, "answered 204")
    (came,) = receiver.received
    assert (came.body, came.path) == (b'{"a":1}', "/clicks?key=1")
    assert came.headers["content-type"] == "application/json"
    assert came.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert came.headers["webhook-id"] == "x"


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (status(500), "answered 500"),
        (status(301, Location="http://127.0.0.1:1/"), "answered 301"),
        (stall, SILENT),
        (HANG_UP, "it hung up before it had answered"),
        (says(b"HTTP/1.1 2"), "it hung up before it had answered"),
        (says(SECRET_WORDS + b"\r\n\r\n"), "what it answered is not HTTP"),
        (says(b"HTTP/1.1 999999 \r\n\r\n"), "what it answered is not HTTP"),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), "what it answered is not HTTP"),
        (says(b"\0" * 100_000), "what it answered is not HTTP"),
        (endless(b"HTTP/1.1 200 OK\r\n", b"A: " + b"b" * 1000 + b"\r\n"), "is not HTTP"),
        (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), SILENT),
        (endless(b"HTTP/1.1 200 OK\r\n", b""), SILENT),
    ],
)
async def test_what_is_no_good_answer_is_a_failure(
    tmp_path: Path, behaviour: Behaviour, words: str
) -> None:
    """In time, and in words that quote nothing of it."""
    patience_s = 1.0 if words == SILENT else 10.0
    with receiving(Receiver(then=behaviour)) as receiver:
        answer = await answer_of(receiver, tmp_path, patience_s)
    assert not answer.is_taken
    assert words in str(answer)
    assert "ann@" not in str(answer)


@pytest.mark.parametrize(
    "behaviour",
    [
        endless(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n", b"x" * 1000),
        endless(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"3e8\r\n" + b"x" * 1000 + b"\r\n",
        ),
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"),
        says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense"),
    ],
    ids=["long body", "endless chunks", "short body", "bad chunks"],
)
async def test_the_status_counts_whatever_the_body_is(tmp_path: Path, behaviour: Behaviour) -> None:
    """What was taken is taken; of the body no more is read than is shown."""
    with receiving(Receiver(then=behaviour)) as receiver:
        answer = await answer_of(receiver, tmp_path, timeout_s=10.0)
    assert answer.is_taken
    assert len(answer.body) <= MOST_ANSWER_OCTETS


async def test_a_status_that_comes_late_counts(tmp_path: Path) -> None:
    """Its body has a time of its own."""

    def late(exchange: Exchange) -> None:
        exchange.ends.wait(1.5)
        endless(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", b"")(exchange)

    with receiving(Receiver(then=late)) as receiver:
        assert (await answer_of(receiver, tmp_path, 3.0)).is_taken


async def test_whatever_goes_wrong_is_a_failed_attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other attempts go on."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(SECRET_WORDS)

    monkeypatch.setattr(httpcore.AsyncConnectionPool, "stream", broken)
    answer = await answer_of(Receiver(port=1), tmp_path)
    assert (answer.is_taken, str(answer)) == (False, "it hung up before it had answered")


async def test_retry_after_is_heard(tmp_path: Path) -> None:
    """Of any answer."""
    with receiving(Receiver(then=status(429, Retry_After="30"))) as receiver:
        assert (await answer_of(receiver, tmp_path)).retry_after_s == 30


async def test_a_receiver_that_is_not_there_is_told(tmp_path: Path) -> None:
    """As the system says it."""
    receiver = Receiver(port=1)
    assert str(await answer_of(receiver, tmp_path)) == "connection refused"


async def test_connections_are_kept(tmp_path: Path) -> None:
    """A second event goes out over the first's."""
    with receiving() as receiver:
        async with Client(webhook(receiver, tmp_path), 5.0) as client:
            for _ in range(3):
                assert (await client.post(b"{}", {}, time.time())).is_taken
    assert (len(receiver.received), receiver.connections) == (3, 1)


def contexts(authority: trustme.CA, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return the context of a server with a certificate for a name, and a client that trusts it."""
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert(name).configure_cert(server)
    authority.configure_trust(client)
    return server, client


async def test_a_certificate_that_is_trusted_is_taken(tmp_path: Path) -> None:
    """Over TLS."""
    server, client = contexts(trustme.CA(), "127.0.0.1")
    with receiving(tls=server) as receiver:
        assert (await answer_of(receiver, tmp_path, 5.0, tls=client)).is_taken


@pytest.mark.parametrize(
    ("name", "trusted", "words"),
    [
        ("127.0.0.1", False, "its certificate is not valid: unable to get local issuer"),
        ("hooks.example.com", True, "its certificate is not valid: IP address mismatch"),
    ],
)
async def test_a_certificate_that_is_not_valid_is_refused(
    tmp_path: Path, name: str, words: str, *, trusted: bool
) -> None:
    """Nothing is sent."""
    server, client = contexts(trustme.CA(), name)
    tls = {"tls": client} if trusted else {}
    with receiving(tls=server) as receiver:
        answer = await answer_of(receiver, tmp_path, 5.0, **tls)
    assert words in str(answer)
    assert receiver.received == []


async def test_a_receiver_that_speaks_no_tls_is_told(tmp_path: Path) -> None:
    """As is one that breaks the handshake off."""
    with receiving() as receiver:
        receiver.scheme = "https"
        answer = await answer_of(receiver, tmp_path, 3.0)
    assert not answer.is_taken
    assert "TLS failed" in str(answer) or "hung up" in str(answer)
