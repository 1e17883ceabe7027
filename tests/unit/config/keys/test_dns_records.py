"""The DNS records that a configuration needs, and asking a real name server about them."""

import socket
from collections.abc import Iterator
from pathlib import Path

import dns.zone
import pytest

from config.keys import dkim_keys
from config.keys.dns_records import Record, State, check, records, split
from config.schema import Config, DkimConfig, SenderConfig, TrackingConfig
from tests.support.name_server import NameServer

NAME = "waypost1._domainkey.example.com"
WANTED = Record(NAME, "TXT", "v=DKIM1; k=rsa; p=AAAABBBB", "DKIM")
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
        (['"v=DKIM1; k=rsa; p=AAAABBBB"'], State.OK),
        (['"v=DKIM1; k=rsa; p=AAAA" "BBBB"'], State.OK),
        (['"p=AAAA BBBB"'], State.OK),
        (['"v=DKIM1;k=rsa;s=email;h=sha1:sha256;t=s;p=AAAABBBB;"'], State.OK),
        (['"v=DKIM1; k=rsa; p=AAAACCCC"'], State.DIFFERENT),
        (['"v=DKIM1; k=ed25519; p=AAAABBBB"'], State.DIFFERENT),
        (['"v=DKIM1; h=sha1; p=AAAABBBB"'], State.DIFFERENT),
        (['"v=DKIM1; s=other; p=AAAABBBB"'], State.DIFFERENT),
        (['"v=spf1 -all"'], State.DIFFERENT),
        (['"v=DKIM1; k=rsa; p="'], State.REVOKED),
        (['"v=DKIM1; p=AAAABBBB"', '"v=DKIM1; p=CCCC"'], State.SEVERAL),
    ],
)
def test_a_published_key_is_compared(
    server: NameServer, published: list[str], state: State
) -> None:
    """As a verifier reads it (RFC 6376 §3.6.1), not letter by letter."""
    server.zone[NAME, "TXT"] = published
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
    monkeypatch.setattr("config.keys.dns_records.PATIENCE_S", 0.2)
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


def test_records_are_those_of_keys_and_hosts(tmp_path: Path) -> None:
    """Each selector once, each public host once; this machine and addresses need none."""
    pem = dkim_keys.write_dkim_key(tmp_path / "dkim.pem")
    key = DkimConfig(selector="waypost1", key_file=tmp_path / "dkim.pem")
    config = Config(
        tracking=TrackingConfig(base_url="https://click.example.com"),
        sender=(
            SenderConfig(domain="example.com", base_url="https://click.example.com", dkim=(key,)),
            SenderConfig(domain="example.net", base_url="http://127.0.0.1:8080"),
            SenderConfig(domain="example.org", base_url="http://192.0.2.1"),
        ),
    )
    first, second = records(config)
    assert (first.name, first.value) == (NAME, dkim_keys.dkim_record(pem))
    assert (second.name, second.value) == ("click.example.com", None)


def test_the_lines_of_a_zone_file_hold_the_record(tmp_path: Path) -> None:
    """Read by dnspython's zone parser, no string over 255 octets."""
    pem = dkim_keys.write_dkim_key(tmp_path / "dkim.pem")
    wanted = Record(NAME, "TXT", dkim_keys.dkim_record(pem), "DKIM")
    text = "@ IN SOA ns x 1 1 1 1 1\n@ IN NS ns\n" + "\n".join(wanted.zone_lines()) + "\n"
    zone = dns.zone.from_text(text, origin="example.com.", check_origin=False)
    (entry,) = zone.find_rdataset(f"{NAME}.", "TXT")
    assert b"".join(entry.strings).decode() == wanted.value
    assert max(map(len, entry.strings)) <= 255


def test_long_values_are_split_without_loss() -> None:
    """A string of a TXT record holds 255 octets."""
    text = "x" * 255 + "y" * 255 + "z"
    assert list(split(text)) == ["x" * 255, "y" * 255, "z"]
