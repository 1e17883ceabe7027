"""A tracked link, opened through its public name, at real web servers."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from config.keys import token_keys
from config.keys.dns_answers import resolver_of
from config.loading.load import load
from config.values import Address
from tests.support.clinic import trusted, website
from tests.support.name_server import NameServer
from tests.support.readers.links import Links
from waypost_doctor.findings import Kind
from waypost_doctor.installation import public_name
from waypost_doctor.installation.public_name import Answer, Unreachable, addresses_of, fetch
from waypost_doctor.patient import Patient

HOST = "click.example.com"


def test_a_link_of_a_running_tracker_redirects_and_nothing_is_counted(running: Links) -> None:
    """It is a preview."""
    patient = Patient(load(running.stack.config), resolver_of("127.0.0.1:1"))
    (result,) = public_name.test(patient)
    assert result.kind is None
    assert result.what.endswith("a link redirects as it should")
    assert running.stack.report()["totals"]["clicks"]["all"] == 0


def test_a_tracker_with_other_keys_is_another(running: Links) -> None:
    """It answers 404 to what it cannot open."""
    other = running.stack.folder / "other.toml"
    text = running.stack.config.read_text()
    other.write_text(text.replace("token.keys", "other.keys"))
    token_keys.write_token_keys(running.stack.folder / "other.keys", [token_keys.new_token_key()])
    (result,) = public_name.test(Patient(load(other), resolver_of("127.0.0.1:1")))
    assert result.kind is Kind.LINKS_ELSEWHERE


def test_a_certificate_that_ends_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection is as it should be; the day is told."""
    authority = trustme.CA()
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted(authority, tmp_path)))
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
    with website(authority.issue_cert(HOST, not_after=ends)) as port:
        answer = fetch(f"https://{HOST}:{port}/c/x", Address("127.0.0.1", port))
        told = list(
            public_name._tried(f"https://{HOST}", f"https://{HOST}/c/x", Address("127.0.0.1", port))
        )
    assert answer == Answer(404, "", "nginx", ends)
    assert [each.kind for each in told] == [Kind.CERTIFICATE_ENDS, Kind.LINKS_ELSEWHERE]


def test_a_server_without_tls_is_none_for_https() -> None:
    """As one that was never given a certificate."""
    with website() as port, pytest.raises(Unreachable) as raised:
        fetch(f"https://{HOST}/c/x", Address("127.0.0.1", port))
    assert raised.value.kind is Kind.LINKS_UNREACHABLE


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://click.example.com", Address("198.41.0.4", 443)),
        ("http://click.example.com:8080/x", Address("198.41.0.4", 8080)),
        ("https://192.0.2.1", Address("192.0.2.1", 443)),
        ("http://localhost:81", Address("127.0.0.1", 81)),
    ],
)
def test_a_reader_connects_where_the_dns_says(url: str, address: Address) -> None:
    """At the port of the URL."""
    server = NameServer()
    server.zone[HOST, "A"] = ["198.41.0.4"]
    try:
        assert addresses_of(url, server.resolver()) == [address]
    finally:
        server.close()
