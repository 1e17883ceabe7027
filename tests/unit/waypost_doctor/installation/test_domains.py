"""What receivers and readers find in the DNS, asked of a real name server."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.keys.dkim_keys import dkim_record, write_dkim_key
from config.keys.dns_answers import resolver_of
from config.schema import Config, DkimConfig, ProxyConfig, RelayConfig, SenderConfig, TrackingConfig
from tests.support.clinic import SELECTOR, quoted
from tests.support.name_server import NameServer
from waypost_doctor.findings import Kind
from waypost_doctor.installation import domains
from waypost_doctor.patient import Patient

SPF, DMARC = '"v=spf1 ip4:192.0.2.1 -all"', '"v=DMARC1; p=reject"'


@pytest.fixture
def server() -> Iterator[NameServer]:
    """Run a name server that knows of a domain all that it should."""
    running = NameServer()
    running.zone["example.com", "TXT"] = ['"site-verification=1"', SPF]
    running.zone["_dmarc.example.com", "TXT"] = [DMARC]
    yield running
    running.close()


def said(server: NameServer, *senders: SenderConfig, **more: object) -> list[str]:
    """Return the findings' names, or what is well."""
    config = Config(sender=senders, **more)  # type: ignore[arg-type]
    return [each.kind or each.what for each in domains.test(Patient(config, server.resolver()))]


def sender(**more: object) -> SenderConfig:
    """Return a sender without a key."""
    return SenderConfig(domain="example.com", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("published", "finding"),
    [
        ([], Kind.SPF_MISSING),
        (['"site-verification=1"'], Kind.SPF_MISSING),
        (['"v=spf10 -all"'], Kind.SPF_MISSING),
        ([SPF, '"v=spf1 include:mail.example ~all"'], Kind.SPF_SEVERAL),
        (['"v=spf1 +all"'], Kind.SPF_EVERYBODY),
        (['"v=spf1 all"'], Kind.SPF_EVERYBODY),
        (['"v=spf1 a mx"'], Kind.SPF_EVERYBODY),
        (['"v=spf1 redirect=_spf.example.net"'], None),
        (['"V=SPF1 include:mail.example " "~ALL"'], None),
    ],
)
def test_spf(server: NameServer, published: list[str], finding: Kind | None) -> None:
    """One record, which does not let everybody send (RFC 7208 §4.5, §4.7)."""
    server.zone["example.com", "TXT"] = published
    found = [each for each in said(server, sender()) if str(each).startswith("spf_")]
    assert found == ([finding] if finding else [])


@pytest.mark.parametrize(
    ("zone", "finding"),
    [
        ({}, Kind.DMARC_MISSING),
        ({"_dmarc.example.com": ['"v=DMARC1; p=none"']}, None),
        ({"_dmarc.example.com": [DMARC]}, Kind.DMARC_UNSIGNED),
        ({"_dmarc.example.com": [DMARC, '"v=DMARC1; p=none"']}, Kind.DMARC_SEVERAL),
        ({"_dmarc.example.com": ['"v=spf1 -all"']}, Kind.DMARC_MISSING),
    ],
)
def test_dmarc_without_a_signature_of_ours(
    server: NameServer, zone: dict[str, list[str]], finding: Kind | None
) -> None:
    """A policy that turns mail away rests on the relay's signature alone then."""
    del server.zone["_dmarc.example.com", "TXT"]
    server.zone |= {(name, "TXT"): values for name, values in zone.items()}
    found = [each for each in said(server, sender()) if str(each).startswith("dmarc_")]
    assert found == ([finding] if finding else [])


def test_a_finding_says_what_is_wrong(server: NameServer) -> None:
    """A name alone would leave it to the table of the manual."""
    server.zone["example.com", "TXT"] = ['"v=spf1 +all"']
    del server.zone["_dmarc.example.com", "TXT"]
    patient = Patient(Config(sender=(sender(),)), server.resolver())
    told = [each.what for each in domains.test(patient)]
    assert "example.com lets everybody send: v=spf1 +all" in told
    assert "_dmarc.example.com has no DMARC record" in told


@pytest.mark.parametrize(
    ("policy", "finding"),
    [
        ("v=DMARC1; p=none; sp=reject", Kind.DMARC_UNSIGNED),
        ("v=DMARC1; p=reject; sp=none", None),
        ("v=DMARC1; p=reject", Kind.DMARC_UNSIGNED),
    ],
)
def test_the_policy_of_the_domain_above_counts(
    server: NameServer, policy: str, finding: Kind | None
) -> None:
    """For subdomains it may say something else (sp=)."""
    server.zone["_dmarc.example.com", "TXT"] = [f'"{policy}"']
    server.zone["news.example.com", "TXT"] = [SPF]
    told = said(server, SenderConfig(domain="news.example.com"))
    assert [each for each in told if str(each).startswith("dmarc_")] == [finding] * bool(finding)


def test_a_strict_policy_and_mail_from_subdomains(server: NameServer, tmp_path: Path) -> None:
    """Our d= is the domain above; it counts only for mail of that domain itself."""
    pem = write_dkim_key(tmp_path / "dkim.pem")
    server.zone[SELECTOR, "TXT"] = [quoted(dkim_record(pem))]
    key = DkimConfig(selector="waypost1", key_file=tmp_path / "dkim.pem")
    told = said(server, sender(dkim=(key,)))
    assert "example.com: v=DMARC1; p=reject, and our signature is aligned" in told
    assert f"{SELECTOR}: the key that we sign with" in told
    server.zone["_dmarc.example.com", "TXT"] = ['"v=DMARC1; p=reject; adkim=s"']
    assert Kind.DMARC_STRICT in said(server, sender(dkim=(key,), subdomains=True))


@pytest.mark.parametrize(
    ("address", "finding"),
    [("198.41.0.4", None), ("10.0.0.1", Kind.HOST_PRIVATE), ("", Kind.HOST_MISSING)],
)
def test_the_tracking_host_has_an_address_that_readers_reach(
    server: NameServer, address: str, finding: Kind | None
) -> None:
    """In public networks."""
    if address:
        server.zone["click.example.com", "A"] = [address]
    told = said(server, tracking=TrackingConfig(base_url="https://click.example.com"))
    assert told[0] == (finding or f"click.example.com: {address}")


def test_our_name_has_an_address_where_the_relay_is_elsewhere(server: NameServer) -> None:
    """A relay on this machine does not care."""
    proxy = ProxyConfig(hostname="mail.example.com")
    elsewhere = (RelayConfig(host="relay.example.net"),)
    assert Kind.HOSTNAME_UNKNOWN in said(server, proxy=proxy, relay=elsewhere)
    assert Kind.HOSTNAME_UNKNOWN not in said(server, proxy=proxy)
    server.zone["mail.example.com", "A"] = ["198.41.0.4"]
    assert Kind.HOSTNAME_UNKNOWN not in said(server, proxy=proxy, relay=elsewhere)


def test_a_resolver_that_is_silent_is_not_a_record_that_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody should publish anything because of it."""
    monkeypatch.setattr(domains, "PATIENCE_S", 0.1)
    monkeypatch.setattr("config.keys.dns_answers.PATIENCE_S", 0.1)
    config = Config(
        sender=(sender(),), tracking=TrackingConfig(base_url="https://click.example.com")
    )
    patient = Patient(config, resolver_of("127.0.0.1:1"))
    assert {each.kind for each in domains.test(patient)} == {Kind.DNS_SILENT}
