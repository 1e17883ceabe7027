"""Asking a real name server about the records that a configuration needs."""

import socket
from collections.abc import Iterator

import pytest

from config.keys.dkim_keys import dkim_record, new_dkim_key
from config.keys.dns_answers import State, check
from config.keys.dns_records import Record, split
from tests.support.name_server import NameServer

NAME = "waypost1._domainkey.example.com"
RECORD = dkim_record(new_dkim_key())
KEY = RECORD.partition("p=")[2]
OTHER = dkim_record(new_dkim_key()).partition("p=")[2]
WANTED = Record(NAME, "TXT", RECORD, "DKIM")
HOST = Record("click.example.com", "CNAME, A or AAAA", None, "the tracker")


@pytest.fixture
def server() -> Iterator[NameServer]:
    """Run a name server."""
    running = NameServer()
    yield running
    running.close()


@pytest.mark.parametrize(
    ("published", "state"),
    [
        (["v=DKIM1; k=rsa; p=", KEY], State.OK),
        (["p=", KEY[:30], " ", KEY[30:]], State.OK),
        (["v=DKIM1;k=rsa;s=email;h=sha1:sha256;t=s;p=", KEY, ";"], State.OK),
        (["v=DKIM1; k=rsa; p=", OTHER], State.DIFFERENT),
        (["v=DKIM1; k=ed25519; p=", KEY], State.DIFFERENT),
        (["v=DKIM2; k=rsa; p=", KEY], State.DIFFERENT),
        (["v=DKIM1; h=sha1; p=", KEY], State.DIFFERENT),
        (["v=DKIM1; s=other; p=", KEY], State.DIFFERENT),
        (["v=DKIM1; k=rsa; p=", KEY[:40]], State.DIFFERENT),
        (["v=spf1 -all"], State.DIFFERENT),
        (["v=DKIM1; k=rsa; p="], State.REVOKED),
    ],
)
def test_a_published_key_is_compared(
    server: NameServer, published: list[str], state: State
) -> None:
    """As a verifier reads it (RFC 6376 §3.6.1), not letter by letter."""
    pieces = (piece for text in published for piece in split(text))
    server.zone[NAME, "TXT"] = [" ".join(f'"{piece}"' for piece in pieces)]
    assert check(WANTED, server.resolver()).state is state


def test_a_name_that_does_not_exist_is_missing(server: NameServer) -> None:
    """NXDOMAIN."""
    assert check(WANTED, server.resolver()).state is State.MISSING


def test_a_name_without_that_type_is_missing(server: NameServer) -> None:
    """The name exists, a TXT record does not."""
    server.zone[NAME, "A"] = ["192.0.2.1"]
    assert check(WANTED, server.resolver()).state is State.MISSING


def test_a_silent_server_is_no_answer(server: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither ok nor missing."""
    monkeypatch.setattr("config.keys.dns_answers.PATIENCE_S", 0.2)
    asked = server.resolver()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        asked.port = silent.getsockname()[1]
        assert check(WANTED, asked).state is State.UNKNOWN
        assert check(HOST, asked).state is State.UNKNOWN


@pytest.mark.parametrize(("kind", "value"), [("A", "192.0.2.1"), ("AAAA", "2001:db8::1")])
def test_a_tracking_host_needs_an_address(server: NameServer, kind: str, value: str) -> None:
    """Of either family."""
    assert check(HOST, server.resolver()).state is State.MISSING
    server.zone["click.example.com", kind] = [value]
    answer = check(HOST, server.resolver())
    assert (answer.state, answer.found) == (State.OK, (value,))


def test_two_records_of_one_name_are_too_many(server: NameServer) -> None:
    """A receiver may take either."""
    server.zone[NAME, "TXT"] = ['"v=DKIM1; p=AAAABBBB"', '"v=DKIM1; p=CCCC"']
    assert check(WANTED, server.resolver()).state is State.SEVERAL
