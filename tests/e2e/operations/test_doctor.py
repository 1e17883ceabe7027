"""`waypost doctor` before set-ups that are ill, each in one way: it names what is wrong, and the cure."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.support.clinic import (
    SELECTOR,
    Clinic,
    expired,
    quoted,
    strict_relay,
    trusted,
    website,
)
from tests.support.stack import Mailbox

HOST = "click.example.com"


@pytest.fixture
def served(clinic: Clinic) -> Iterator[Clinic]:
    """Run `waypost serve`."""
    with clinic.stack.serving():
        yield clinic


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """Return an authority that this machine trusts."""
    made = trustme.CA()
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted(made, tmp_path)))
    return made


def test_nothing_is_wrong_with_what_is_well(served: Clinic) -> None:
    """Exit status 0; and each thing that was tried is told."""
    told = served.examined()
    assert told["ok"], told
    assert told["status"] == 0
    assert {each["topic"] for each in told["results"] if each["level"] == "ok"} >= {
        "configuration",
        "ports",
        "relay",
        "dns",
        "links",
        "store",
    }


def test_a_message_is_sent_and_followed_until_its_click_is_counted(
    served: Clinic, mailbox: Mailbox
) -> None:
    """Through the proxy to the relay; its signature verifies by the key in the DNS."""
    told = served.examined("--send", "reader@example.net")
    said = [each["what"] for each in told["results"] if each["topic"] == "message"]
    assert told["ok"], told
    assert said[1:] == [
        said[1],
        "its signature for example.com verifies",
        "its link leads to https://example.com/",
        "the click is counted",
    ]
    assert len(mailbox.wait_for(1)) == 1
    assert served.stack.report()["campaigns"][0]["campaign"] == "waypost doctor"


def test_a_message_that_arrived_is_followed_too(
    served: Clinic, mailbox: Mailbox, tmp_path: Path
) -> None:
    """As a reader saved it; where the relay altered it, the signature is named."""
    served.examined("--send", "reader@example.net")
    (content,) = mailbox.wait_for(1)
    saved = tmp_path / "arrived.eml"
    saved.write_bytes(content)
    assert served.problems("--received", saved) == []
    saved.write_bytes(content.replace(b"A test of Waypost", b"A TEST of Waypost"))
    assert served.problems("--received", saved) == ["signature_invalid"]


def test_a_sender_that_is_not_configured(served: Clinic) -> None:
    """Its mail is left alone: the reason is named."""
    told = served.examined("--send", "reader@example.net", "--from", "boss@example.org")
    (problem,) = [each for each in told["results"] if each["level"] == "problem"]
    assert problem["finding"] == "not_tracked"
    assert problem["what"].startswith("unknown_sender: ")


def test_a_mistake_in_the_configuration(clinic: Clinic) -> None:
    """Nothing else is tried, as nothing starts."""
    clinic.change("[proxy]", "[proxy]\nlisten_to = 25")
    told = clinic.examined()
    assert {each["topic"] for each in told["results"]} == {"configuration"}
    assert told["results"][0]["finding"] == "configuration_wrong"
    assert "listen_to" in told["results"][0]["what"]


def test_another_program_has_the_port(clinic: Clinic) -> None:
    """It is named, as far as this user sees it."""
    with socket.create_server(("127.0.0.1", clinic.stack.smtp)):
        told = clinic.examined()
    (problem,) = [each for each in told["results"] if each["topic"] == "ports" and each["finding"]]
    assert problem["finding"] == "port_taken"
    assert "(process " in problem["what"]


def test_a_tracker_that_does_not_run(clinic: Clinic) -> None:
    """Links in delivered mail are dead."""
    assert clinic.problems() == ["links_unreachable"]


def test_a_relay_that_does_not_run(clinic: Clinic) -> None:
    """Nothing listens there."""
    clinic.change(f"port = {clinic.stack.relay}", "port = 1")
    assert clinic.problems(topic="relay") == ["relay_unreachable"]


def test_a_relay_without_tls(clinic: Clinic) -> None:
    """Where TLS is required."""
    clinic.change('tls = "none"', 'tls = "required"')
    assert clinic.problems(topic="relay") == ["relay_no_tls"]


def test_a_relay_whose_certificate_is_for_another(clinic: Clinic, authority: trustme.CA) -> None:
    """As that of a provider under a name of one's own."""
    with strict_relay(authority.issue_cert("mail.example.net")) as port:
        clinic.change(f"port = {clinic.stack.relay}", f"port = {port}")
        clinic.change('tls = "none"', 'tls = "required"')
        assert clinic.problems(topic="relay") == ["relay_certificate"]


def test_a_login_that_the_relay_refuses(clinic: Clinic) -> None:
    """And the password is nowhere in what is said."""
    password = clinic.stack.folder / "relay.password"
    password.touch(mode=0o600)
    password.write_text("not-this-one\n")
    with strict_relay() as port:
        new = f'port = {port}\nuser = "apikey"\npassword_file = "{password}"'
        clinic.change(f"port = {clinic.stack.relay}", new)
        told = clinic.examined()
    relay = {each["finding"] for each in told["results"] if each["topic"] == "relay"}
    assert relay == {None, "relay_login_refused"}
    assert "not-this-one" not in str(told)


def test_a_dkim_key_that_is_not_published(clinic: Clinic) -> None:
    """Receivers see each signature as invalid."""
    del clinic.names.zone[SELECTOR, "TXT"]
    assert clinic.problems(topic="dns") == ["dkim_missing"]


def test_a_dkim_key_that_is_another(clinic: Clinic) -> None:
    """Of an earlier installation, say."""
    clinic.names.zone[SELECTOR, "TXT"] = [quoted(f"v=DKIM1; k=rsa; p={'A' * 300}")]
    assert clinic.problems(topic="dns") == ["dkim_different"]


def test_two_spf_records(clinic: Clinic) -> None:
    """Each provider said: publish this."""
    clinic.names.zone["example.com", "TXT"] += ['"v=spf1 include:other.example -all"']
    assert clinic.problems(topic="dns") == ["spf_several"]


def test_a_strict_dmarc_policy_and_mail_from_subdomains(clinic: Clinic) -> None:
    """Our signature is for the domain above, which does not count."""
    clinic.change('domain = "example.com"', 'domain = "example.com"\nsubdomains = true')
    clinic.names.zone["_dmarc.example.com", "TXT"] = ['"v=DMARC1; p=reject; adkim=s"']
    assert clinic.problems(topic="dns") == ["dmarc_strict"]


def test_a_tracking_host_that_is_not_in_the_dns(clinic: Clinic) -> None:
    """No link in any message works."""
    clinic.lead_links_to(f"http://{HOST}:{clinic.stack.http}")
    assert clinic.problems(topic="dns") == ["host_missing"]


def test_a_web_server_that_does_not_pass_links_on(clinic: Clinic) -> None:
    """It answers 404, and says who it is."""
    with website() as port:
        clinic.lead_links_to(f"http://127.0.0.1:{port}")
        assert clinic.problems() == ["links_elsewhere"]


def test_a_web_server_whose_tracker_does_not_answer(clinic: Clinic) -> None:
    """502."""
    with website(status=502) as port:
        clinic.lead_links_to(f"http://127.0.0.1:{port}")
        assert clinic.problems() == ["links_fail"]


@pytest.mark.parametrize(
    ("problem", "name"),
    [("certificate_expired", HOST), ("certificate_name", "www.example.com")],
)
def test_a_certificate_that_browsers_warn_of(
    clinic: Clinic, authority: trustme.CA, problem: str, name: str
) -> None:
    """Of a web server in front of the tracker."""
    is_late = problem == "certificate_expired"
    certificate = expired(authority, name) if is_late else authority.issue_cert(name)
    clinic.names.zone[HOST, "A"] = ["127.0.0.1"]
    with website(certificate) as port:
        clinic.lead_links_to(f"https://{HOST}:{port}")
        assert clinic.problems() == [problem]


def test_a_certificate_that_nobody_trusts(clinic: Clinic) -> None:
    """Signed by an authority of one's own."""
    clinic.names.zone[HOST, "A"] = ["127.0.0.1"]
    with website(trustme.CA().issue_cert(HOST)) as port:
        clinic.lead_links_to(f"https://{HOST}:{port}")
        assert clinic.problems() == ["certificate_invalid"]


def test_a_store_that_is_damaged(clinic: Clinic) -> None:
    """Links redirect all the same."""
    other = clinic.stack.folder / "damaged.db"
    other.write_bytes(b"SQLite format 3\0" + b"\0" * 8000)
    clinic.change("waypost.db", "damaged.db")
    assert clinic.problems(topic="store") == ["store_unusable"]


def test_a_folder_for_the_store_that_is_missing(clinic: Clinic) -> None:
    """As before the first start of a unit that makes it."""
    clinic.change("/waypost.db", "/not-there/waypost.db")
    assert clinic.problems(topic="store") == ["store_folder_missing"]
